//! The same where the mail comes over IMAP: killed around the fetch, the position, the keyword and the copy in \Sent. The
//! daemon is started again in the middle of the story each time, with the next crash ahead of it, and in peace at last.

mod aftermath;
mod deadly;
pub(crate) mod play;

use super::drawn;
use aftermath::{aftermath, assert_nothing_skipped, check};
use play::{Death, Shop, customer, story};

/// What a letter over IMAP meets and one in a Maildir does not. `watch-opened`: neither folder's position is stored, then
/// one of them may be.
const MAILBOX: [&str; 9] = [
    "watch-opened:1",
    "watch-opened:2",
    "watch-fetched:1",
    "intake-before-raw:1",
    "intake-before-record:1",
    "intake-after-record:1",
    "keyword-set:1",
    "filed-searched:1",
    "filed-copy:1",
];

/// An acknowledgement and a reply on their way, and changes of the store that have just been applied: the record, the
/// attempt, the keyword's and the copy's ends among them.
const DELIVERY: [&str; 11] = [
    "deliver-claimed:1",
    "deliver-claimed:2",
    "deliver-committing:1",
    "deliver-committing:2",
    "deliver-accepted:1",
    "deliver-accepted:2",
    "deliver-finished:1",
    "deliver-finished:2",
    "store.batch.after:3",
    "store.batch.after:6",
    "store.batch.after:9",
];

/// Whatever the source has under these names lies on the way.
const OURS: [&str; 5] = ["watch-", "intake-", "keyword-", "filed-", "deliver-"];

/// Dies at one point after the other. How many second copies were sent, and whether each was reached.
async fn dies_at(points: &[impl AsRef<str>]) -> (usize, Vec<String>) {
    let shop = Shop::new().await;
    let mut missed = Vec::new();
    for (n, point) in points.iter().map(AsRef::as_ref).enumerate() {
        // The first letters are taken up at several of these points, and may be worked on while the other folder's opening dies.
        shop.forget_deaths();
        if !tokio::task::block_in_place(|| story(&shop, n, Death::At(point))) {
            missed.push(point.to_owned());
        }
        assert_nothing_skipped(&shop, n + 1, point).await;
    }
    tokio::task::block_in_place(|| aftermath(&shop, points.len()));
    (check(&shop, points.len()).await, missed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_around_fetch_position_keyword_and_copy_nothing_is_lost_and_nothing_done_twice() {
    let (second, missed) = dies_at(&MAILBOX).await;
    assert_eq!((second, missed), (0, Vec::new()), "nothing was in doubt, every point was reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_mail_leaves_only_what_was_in_doubt_is_sent_again_and_one_copy_filed() {
    let (second, missed) = dies_at(&DELIVERY).await;
    assert!((2..=DELIVERY.len()).contains(&second), "{second}: accepted and not written down, twice at least");
    assert_eq!(missed, Vec::<String>::new(), "never reached");
}

#[test]
fn every_point_on_the_way_over_imap_is_among_those() {
    let mut names = super::points_in_source();
    names.retain(|name| OURS.iter().any(|ours| name.starts_with(ours)));
    let tried = |name: &String| [&MAILBOX[..], &DELIVERY[..]].concat().contains(&format!("{name}:1").as_str());
    assert!(names.len() >= 10 && names.iter().all(tried), "{names:?}");
}

/// What no letter meets.
const ELSEWHERE: [&str; 7] = ["refund-", "restore-", "rewrite-", "backup-", "erase-", "expire-", "store.text"];
/// Crashes on one shop before it is left in peace and everything is counted.
const IN_A_ROW: usize = 20;

/// As many crashes as `GUICHET_CRASHES` says, by failpoints at any passage and by `kill -9` after any command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_by_chance_over_imap_nothing_is_lost_and_nothing_done_twice() {
    let crashes: usize = std::env::var("GUICHET_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let mut state = std::env::var("GUICHET_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(2_027);
    let on_the_way = |name: &String| !ELSEWHERE.iter().any(|other| name.starts_with(other));
    let points: Vec<_> = super::points_in_source().into_iter().filter(on_the_way).collect();
    let (mut died, mut second, mut done) = (0, 0, 0);
    while done < crashes {
        let shop = Shop::new().await;
        let row = IN_A_ROW.min(crashes - done);
        for n in 0..row {
            let point = format!("{}:{}", points[drawn(&mut state) as usize % points.len()], 1 + drawn(&mut state) % 4);
            let (commands, spins) = (drawn(&mut state) as usize % 48, drawn(&mut state) % 200_000);
            let chance = Death::After { commands, spins };
            let (death, what) = match n % 2 {
                0 => (chance, format!("kill -9 after {commands} commands")),
                _ => (Death::At(&point), point.clone()),
            };
            shop.forget_deaths();
            died += usize::from(tokio::task::block_in_place(|| story(&shop, n, death)));
            assert_nothing_skipped(&shop, n + 1, &what).await;
        }
        tokio::task::block_in_place(|| aftermath(&shop, row));
        second += check(&shop, row).await;
        done += row;
    }
    println!(
        "{crashes} letters over IMAP, {died} crashes: 0 lost, {second} second copies of mails in doubt, no third; every keyword \
         set, one copy of each reply filed"
    );
}
