//! A store that turns out to know less than was done.

use guichet::domain::identity::IdentityKey;
use guichet::domain::position::FolderRole;
use guichet::domain::{Actor, DeliveryState};
use guichet::ports::store::{LossNotice, Recorded};

use super::{Bench, event_names};
use crate::support::letter::{Letter, folder, mark, minutes};

pub async fn a_roll_back_forgets_positions_and_holds_what_waits(mut bench: Bench) {
    let inbox = folder(FolderRole::Inbox);
    bench.step(|store, lease| async move { store.set_position(&lease, &inbox, &mark("far")).await }).await.unwrap();
    let sent = bench.open_case(&Letter::new(1)).await;
    bench.send_all(minutes(2)).await;
    let waiting = Letter::new(2).from("other@other.example");
    let case = bench.open_case(&waiting).await;
    assert_eq!(bench.store().loss().await.unwrap(), None);
    bench.step(|store, _| async move { store.roll_back(minutes(3), "it is older").await }).await.unwrap();

    let loss = LossNotice { at: minutes(3), sentence: "it is older".into() };
    assert_eq!(bench.store().loss().await.unwrap(), Some(loss), "a start later it is still told");
    bench.step(|store, _| async move { store.dismiss_loss().await }).await.unwrap();
    assert_eq!(bench.store().loss().await.unwrap(), None);
    assert_eq!(bench.store().rebuilt_at().await.unwrap(), Some(minutes(3)));
    assert_eq!(bench.store().position(&folder(FolderRole::Inbox)).await.unwrap(), None);
    assert!(matches!(bench.mail(&waiting.acknowledgement_id()).await.state, DeliveryState::Held { .. }));
    assert!(matches!(bench.mail(&Letter::new(1).acknowledgement_id()).await.state, DeliveryState::Sent { .. }));
    let file = bench.file(&case).await;
    assert_eq!(event_names(&file).last().unwrap(), "delivery");
    assert_eq!(file.record.last().unwrap().actor, Actor::Guichet);
    assert!(bench.send_all(minutes(60)).await.is_empty(), "nothing leaves without a person's word");
    assert_eq!(bench.receive(&Letter::new(1)).await, Recorded::AlreadyKnown { case: Some(sent) });
}

pub async fn another_secret_is_noticed(mut bench: Bench) {
    let [first, second] = [1, 2].map(|byte| IdentityKey::new([byte; 32]).fingerprint());
    for (secret, unused, is_kept) in [
        (first, false, true),
        (second, false, false),
        (first, false, true),
        (second, true, true),
        (first, false, false),
    ] {
        let told = bench.step(|store, _| async move { store.named_with(secret, unused).await }).await;
        assert_eq!(told.unwrap(), is_kept);
    }
}

pub async fn a_message_is_known_once_it_is_stored(mut bench: Bench) {
    let letter = Letter::new(1);
    assert!(!bench.store().knows(letter.key()).await.unwrap());
    bench.open_case(&letter).await;
    assert!(bench.store().knows(letter.key()).await.unwrap());
}
