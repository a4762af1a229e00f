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

/// Everything else is read-only to it.
#[test]
fn the_unit_lets_the_daemon_write_where_the_example_does() {
    let unit = include_str!("../../deploy/guichet.service");
    let folders = unit.lines().find_map(|line| line.strip_prefix("StateDirectory=")).unwrap();
    let example = include_str!("../../guichet.example.toml");
    for key in ["data_dir", "state_witness", "backup_dir"] {
        let line = example.lines().find_map(|line| line.trim_start_matches("# ").strip_prefix(&format!("{key} = ")));
        let path = std::path::Path::new(line.unwrap().trim_matches('"'));
        let allowed = folders.split_whitespace().any(|folder| path.starts_with(format!("/var/lib/{folder}")));
        assert!(allowed, "{key} = {path:?}: {folders}");
    }
}
