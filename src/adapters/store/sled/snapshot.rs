//! What a start that died leaves of sled's snapshot: where each page lies in the log, written at each start that finds
//! new log and renamed once it is durable.
//!
//! sled reads the unfinished file as well, takes it for the newest, and calls the whole database corrupt when it is
//! half. It is written before anything else in the log changes, so what stood there before is still enough, and half a one
//! can go. A whole one must not: a start may have built on it, freeing segments that the older snapshot counts on.
//! Without any snapshot sled finds the end of its log by an unbroken row of segments, takes a freed one for a tear,
//! and overwrites what comes behind: for a damaged snapshot the log is no substitute.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::adapters::durable;

const BEGINNING: &str = "snap.";
/// End of the name of one that is being written.
const UNFINISHED: &str = ".generating";
/// What follows the content: its length before compression, and a checksum.
const LENGTH: usize = 8;
const CHECKSUM: usize = 4;

/// Brings to its end what a start that died had begun. Only before the database is opened.
pub(super) fn settle(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(finished) = name.strip_suffix(UNFINISHED).filter(|name| name.starts_with(BEGINNING)) else { continue };
        match finish(&path, &folder.join(finished)) {
            // An opening that took too long before in this process got there first. The other way round it fails, unheard.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io::Error::new(error.kind(), format!("{name}: {error}"))),
            Ok(()) => durable::sync_folder(folder)?,
        }
    }
    Ok(())
}

fn finish(path: &Path, finished: &Path) -> io::Result<()> {
    if is_whole(&std::fs::read(path)?) {
        File::open(path)?.sync_all()?;
        return std::fs::rename(path, finished);
    }
    std::fs::remove_file(path)?;
    tracing::warn!(file = %path.display(), "a start ended while this was written; it is not needed, and was removed");
    Ok(())
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some((rest, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else { return false };
    let Some((content, _)) = rest.split_last_chunk::<LENGTH>() else { return false };
    !content.is_empty() && crc32fast::hash(content) == u32::from_le_bytes(*checksum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_snapshot_goes_and_a_whole_one_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let content = b"where the pages lie";
        let length = (content.len() as u64).to_le_bytes();
        let whole = [content.as_slice(), &length, &crc32fast::hash(content).to_le_bytes()].concat();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("snap.0001"), "older").unwrap();
        std::fs::write(at("snap.0002.generating"), &whole).unwrap();
        std::fs::write(at("snap.0003.generating"), &whole[..whole.len() - 1]).unwrap();
        std::fs::write(at("snap.0004.generating"), []).unwrap();
        std::fs::write(at("other.generating"), []).unwrap();
        settle(folder.path()).unwrap();
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["other.generating", "snap.0001", "snap.0002"]);
        assert_eq!(std::fs::read(at("snap.0002")).unwrap(), whole);
    }
}
