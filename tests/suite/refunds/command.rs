//! Programs that are told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use guichet::adapters::refunds::CommandRefunds;
use guichet::ports::{Refunds, RefundsError};

use super::notice;

fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("refund");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn tell(script: &str, arguments: &[&str]) -> (Result<(), RefundsError>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = arguments.iter().map(ToString::to_string).collect();
    let answer = CommandRefunds::new(program(folder.path(), script), arguments).tell(&notice()).await;
    (answer, folder)
}

#[tokio::test]
async fn the_program_gets_notice_key_and_arguments_as_they_are() {
    let script = "cd \"$(dirname \"$0\")\" && cat > notice && printf '%s' \"$GUICHET_IDEMPOTENCY_KEY\" > key && printf '%s' \"$1\" > argument";
    let (answer, folder) = tell(script, &["$(touch oops); a b"]).await;
    answer.unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let document: serde_json::Value = serde_json::from_str(&read("notice")).unwrap();
    assert_eq!(document["amount"]["minor"], 12990);
    assert_eq!(read("key"), notice().idempotency_key);
    assert_eq!(read("argument"), "$(touch oops); a b", "no shell reads it");
}

#[tokio::test]
async fn the_exit_status_decides() {
    assert_eq!(tell("exit 0", &[]).await.0, Ok(()));
    let again = tell("echo 'the bank is closed' >&2; exit 75", &[]).await.0;
    assert!(matches!(&again, Err(RefundsError::Temporary(why)) if why.contains("the bank is closed")), "{again:?}");
    let refused = tell("echo 'no such order' >&2; exit 3", &[]).await.0;
    assert!(matches!(&refused, Err(RefundsError::Permanent(why)) if why.contains("3: no such order")), "{refused:?}");
    let missing = CommandRefunds::new("/no/such/program".into(), Vec::new()).tell(&notice()).await;
    assert!(matches!(&missing, Err(RefundsError::Permanent(why)) if why.contains("/no/such/program")), "{missing:?}");
    let killed = tell("kill -9 $$", &[]).await.0;
    assert!(matches!(killed, Err(RefundsError::Temporary(_))), "{killed:?}");
}

#[tokio::test]
async fn a_program_that_floods_its_errors_is_no_trouble() {
    let flood = "i=0; while [ $i -lt 3000 ]; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; i=$((i+1)); done; exit 75";
    let Err(RefundsError::Temporary(why)) = tell(flood, &[]).await.0 else { panic!("it asked to be run again") };
    assert!(why.len() < 1000, "{} bytes", why.len());
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cd \"$(dirname \"$0\")\"; mkfifo still; sh -c 'exec 3<>still; echo $$ > child; read x <&3' & wait";
    let refunds = CommandRefunds::new(program(folder.path(), script), Vec::new()).within(Duration::from_secs(2));
    let answer = refunds.tell(&notice()).await;
    assert!(matches!(&answer, Err(RefundsError::Temporary(why)) if why.contains("killed")), "{answer:?}");
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    let state = |pid: &str| std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // Killed is final; the entry is there until init has looked.
    while !state(&child).is_empty() && !state(&child).contains(" Z ") {
        tokio::task::yield_now().await;
    }
}
