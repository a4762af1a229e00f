//! Rules, templates and models: built into the binary, overridden file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use include_dir::{Dir, include_dir};

use crate::domain::Asset;

static RULES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static MODELS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/models");

/// A top folder of assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `rules/`
    Rules,
    /// `templates/`
    Templates,
    /// `models/` (without the corpora)
    Models,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Templates => "templates",
            Self::Models => "models",
        }
    }

    fn built_in(self) -> &'static Dir<'static> {
        match self {
            Self::Rules => &RULES,
            Self::Templates => &TEMPLATES,
            Self::Models => &MODELS,
        }
    }
}

/// Finds assets: later layers replace files of the same name in earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    layers: Vec<PathBuf>,
}

impl Assets {
    /// Built-in assets only.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Built-in, then `/etc/guichet`, then `data_dir/overrides`.
    pub fn with_overrides(data_dir: &Path) -> Self {
        Self { layers: vec![PathBuf::from("/etc/guichet"), data_dir.join("overrides")] }
    }

    /// The corpus that the built-in models were trained on, in the order of the files' names.
    pub fn corpus() -> Vec<Asset> {
        let mut found = BTreeMap::new();
        if let Some(folder) = MODELS.get_dir("corpus") {
            collect_built_in(Kind::Models, folder, &mut found);
        }
        found.into_values().filter(|file| file.name.ends_with(".jsonl")).collect()
    }

    /// Every file of a kind, by name.
    ///
    /// # Errors
    /// When an override folder or file exists and cannot be read.
    pub fn load(&self, kind: Kind) -> anyhow::Result<Vec<Asset>> {
        let mut found = BTreeMap::new();
        collect_built_in(kind, kind.built_in(), &mut found);
        for layer in &self.layers {
            collect_folder(&layer.join(kind.folder()), "", &mut found)?;
        }
        Ok(found.into_values().collect())
    }
}

fn collect_built_in(kind: Kind, dir: &Dir<'_>, found: &mut BTreeMap<String, Asset>) {
    for file in dir.files() {
        let name = file.path().to_string_lossy().replace('\\', "/");
        let origin = format!("built-in {}/{name}", kind.folder());
        found.insert(name.clone(), Asset { name, origin, bytes: file.contents().to_vec() });
    }
    for inner in dir.dirs().filter(|inner| inner.path() != Path::new("corpus")) {
        collect_built_in(kind, inner, found);
    }
}

fn collect_folder(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Asset>) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read the folder {}", folder.display())),
    };
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if file_name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{file_name}");
        if path.is_dir() {
            collect_folder(&path, &format!("{name}/"), found)?;
        } else {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let origin = path.display().to_string();
            found.insert(name.clone(), Asset { name, origin, bytes });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_replaces_one_file_and_leaves_the_others() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("overrides/rules");
        std::fs::create_dir_all(&folder).unwrap();
        let built_in = Assets::built_in().load(Kind::Rules).unwrap();
        let first = built_in.first().unwrap();
        std::fs::write(folder.join(&first.name), "changed").unwrap();
        let assets = Assets { layers: vec![data.path().join("overrides")] };
        let loaded = assets.load(Kind::Rules).unwrap();
        assert_eq!(loaded.len(), built_in.len());
        assert_eq!(loaded.first().unwrap().bytes, b"changed");
    }
}
