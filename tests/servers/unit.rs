//! The shipped systemd unit: without a fault that systemd sees, and hardened.

use std::process::Command;

#[test]
fn the_unit_verifies_in_silence_and_stays_hardened() {
    let shipped = include_str!("../../deploy/guichet.service");
    let unit = shipped.replace("/usr/local/bin/guichet", env!("CARGO_BIN_EXE_guichet"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guichet.service");
    std::fs::write(&path, unit).unwrap();
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze").args(arguments).arg(&path).output();
        output.unwrap_or_else(|error| {
            panic!("cannot run systemd-analyze ({error}): apt-get install systemd, or run scripts/test")
        })
    };
    // It exits 0 on unknown keys: only silence is good.
    let verified = analyze(&["verify"]);
    assert_eq!(String::from_utf8_lossy(&verified.stderr), "");
    assert_eq!(String::from_utf8_lossy(&verified.stdout), "");
    let security = analyze(&["security", "--offline=true", "--no-pager"]);
    let text = String::from_utf8_lossy(&security.stdout).into_owned();
    let level = text.lines().rev().find_map(|line| line.split("exposure level for guichet.service: ").nth(1));
    let level: f32 = level.and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    assert!(level <= 2.0, "exposure {level}");
}
