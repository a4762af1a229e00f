//! Files that are there whole or not at all: temporary file, fsync, rename, fsync of the folder.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Beginning of the names of files under way; left-overs of a crash may be removed.
pub const UNFINISHED: &str = ".unfinished-";

/// Creates a folder (and its parents) that only we may enter (mode 0700). One that exists keeps its mode.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Writes a file of mode 0600 that is durable under its name when this returns. Replaces one of the same name.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    unnamed(folder, bytes)?.persist(folder.join(name)).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Like [`write`](fn@write), but fails with [`io::ErrorKind::AlreadyExists`] when the name is taken.
pub fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    unnamed(folder, bytes)?.persist_noclobber(folder.join(name)).map_err(|error| error.error)?;
    sync_folder(folder)
}

fn unnamed(folder: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file =
        tempfile::Builder::new().prefix(UNFINISHED).permissions(Permissions::from_mode(0o600)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
