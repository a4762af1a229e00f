//! Words looked for in files, compressed or not.

use std::io::Read as _;
use std::path::Path;

/// How a zstd frame begins.
const FRAME: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Where words stand below a folder: in the bytes of a file, or in anything compressed inside of it.
pub fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            places.extend(found(&path, words));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let layers: Vec<String> =
                layers(bytes).iter().map(|layer| String::from_utf8_lossy(layer).to_lowercase()).collect();
            let stands = |word: &&&str| layers.iter().any(|layer| layer.contains(&word.to_lowercase()));
            places.extend(words.iter().filter(stands).map(|word| format!("{word} in {}", path.display())));
        }
    }
    places
}

fn layers(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let begins = |at: &usize| bytes[*at..*at + FRAME.len()] == FRAME;
    let frames = (0..bytes.len().saturating_sub(FRAME.len())).filter(begins);
    let mut layers: Vec<_> = frames
        .filter_map(|at| {
            let mut unpacked = Vec::new();
            // What lies behind the frame is no part of it; what came before the error counts.
            let _ = zstd::stream::read::Decoder::new(&bytes[at..]).ok()?.read_to_end(&mut unpacked);
            Some(unpacked)
        })
        .collect();
    layers.push(bytes);
    layers
}
