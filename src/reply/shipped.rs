//! The shipped templates, for the tests of this floor: as they stand in the binary.

use include_dir::{Dir, include_dir};

use super::templates::Templates;
use crate::domain::Asset;

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Every file below `templates/`.
pub(super) fn assets() -> Vec<Asset> {
    let mut found = Vec::new();
    collect(&TEMPLATES, &mut found);
    found
}

/// Loaded and checked.
pub(super) fn templates() -> Templates {
    Templates::load(&assets()).unwrap()
}

fn collect(dir: &Dir<'_>, found: &mut Vec<Asset>) {
    for file in dir.files() {
        let name = file.path().to_string_lossy().into_owned();
        found.push(Asset { origin: format!("built-in templates/{name}"), name, bytes: file.contents().to_vec() });
    }
    dir.dirs().for_each(|inner| collect(inner, found));
}
