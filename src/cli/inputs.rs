//! What `classify` and `replay` read: files, folders, mbox files, standard input, in a stable order.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use mail_parser::mailbox::mbox::MessageIterator;

/// One message to judge, or why it could not be read.
pub struct Input {
    /// The file as given, or below the folder given.
    pub file: String,
    /// Position in an mbox, else 0.
    pub index: usize,
    /// The raw message.
    pub bytes: Result<Vec<u8>, String>,
}

/// All inputs, one at a time: an mbox is never held whole.
pub struct Inputs {
    files: std::vec::IntoIter<PathBuf>,
    mbox: Option<Mbox>,
}

struct Mbox {
    file: String,
    next: usize,
    messages: MessageIterator<Box<dyn BufRead>>,
}

impl Mbox {
    fn new(file: String, content: impl BufRead + 'static) -> Self {
        Self { file, next: 0, messages: MessageIterator::new(Box::new(content)) }
    }
}

impl Inputs {
    /// Finds the files below `paths`.
    pub fn new(paths: &[PathBuf]) -> Self {
        let mut files = Vec::new();
        for path in paths {
            collect(path, &mut files, true);
        }
        Self { files: files.into_iter(), mbox: None }
    }

    fn next_of_mbox(&mut self) -> Option<Input> {
        let mbox = self.mbox.as_mut()?;
        let (file, index) = (mbox.file.clone(), mbox.next);
        mbox.next += 1;
        let bytes = match mbox.messages.next() {
            Some(Ok(message)) => Ok(message.unwrap_contents()),
            // A device that fails goes on failing: one error ends the mbox.
            Some(Err(error)) => {
                self.mbox = None;
                Err(format!("reading the mbox failed: {error}"))
            }
            None => {
                self.mbox = None;
                if index > 0 {
                    return None;
                }
                Err("it holds no message: no line of this mbox begins with `From `".to_owned())
            }
        };
        Some(Input { file, index, bytes })
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.next_of_mbox() {
                return Some(input);
            }
            let path = self.files.next()?;
            let file = path.to_string_lossy().into_owned();
            if file != "-" && is_mbox(&path) {
                match std::fs::File::open(&path) {
                    Ok(open) => {
                        self.mbox = Some(Mbox::new(file, BufReader::new(open)));
                        continue;
                    }
                    Err(error) => return Some(Input { file, index: 0, bytes: Err(error.to_string()) }),
                }
            }
            let bytes = if file == "-" { read_stdin() } else { std::fs::read(&path) };
            return Some(Input { file, index: 0, bytes: bytes.map_err(|error| error.to_string()) });
        }
    }
}

fn read_stdin() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An mbox by name, or a file that begins with the separator line of RFC 4155.
fn is_mbox(path: &Path) -> bool {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("mbox")) {
        return true;
    }
    // What is looked at in a pipe is gone.
    if !path.is_file() {
        return false;
    }
    let mut start = [0_u8; 5];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"From "
}

/// Files named are taken as they are; in folders only `*.eml`, `*.mbox` and what lies in `cur` or `new`.
/// Links to folders are followed only where they are named: one below may lead back up.
fn collect(path: &Path, files: &mut Vec<PathBuf>, named: bool) {
    if !path.is_dir() {
        if named || wanted(path) {
            files.push(path.to_owned());
        }
        return;
    }
    if !named && path.is_symlink() {
        return;
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        files.push(path.to_owned());
        return;
    };
    let mut inner: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    inner.sort();
    for path in inner {
        collect(&path, files, false);
    }
}

fn wanted(path: &Path) -> bool {
    let by_ending = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("eml") || ending.eq_ignore_ascii_case("mbox"));
    let folder = path.parent().and_then(Path::file_name);
    let in_maildir = folder.is_some_and(|folder| folder == "cur" || folder == "new");
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    // A broken link is reported as unreadable; a pipe or socket that lies about would block us.
    let special = path.metadata().is_ok_and(|meta| !meta.is_file());
    (by_ending || in_maildir) && !hidden && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_path_order_and_other_files_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("b/cur")).unwrap();
        for file in ["c.eml", "a.eml", "notes.txt", "b/cur/1700.M1.host:2,S", ".hidden.eml"] {
            std::fs::write(root.join(file), "Subject: x\n\ny").unwrap();
        }
        let found: Vec<String> = Inputs::new(&[root.to_owned()]).map(|input| input.file).collect();
        let expected: Vec<String> = ["a.eml", "b/cur/1700.M1.host:2,S", "c.eml"]
            .iter()
            .map(|name| root.join(name).to_string_lossy().into_owned())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_mbox_gives_each_message_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two.mbox");
        let text = "From a@b Sat Jan  3 01:05:34 2026\nSubject: one\n\nfirst\n\nFrom c@d Sat Jan  3 01:05:34 2026\nSubject: two\n\n>From here\n";
        std::fs::write(&path, text).unwrap();
        let inputs: Vec<Input> = Inputs::new(&[path]).collect();
        assert_eq!(inputs.iter().map(|input| input.index).collect::<Vec<_>>(), vec![0, 1]);
        assert!(inputs.iter().all(|input| input.bytes.is_ok()));
    }

    #[test]
    fn an_mbox_that_cannot_be_read_on_ends_with_one_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("bad sector"))
            }
        }
        let start: &[u8] = b"From a@b Sat Jan  3 01:05:34 2026\nSubject: one\n\nfirst\n\nFrom c@d x\nSubj";
        let mbox = Mbox::new("x.mbox".into(), BufReader::new(start.chain(Broken)));
        let inputs = Inputs { files: Vec::new().into_iter(), mbox: Some(mbox) };
        let found: Vec<_> =
            inputs.map(|input| (input.index, input.bytes.map_err(|why| why.contains("bad sector")))).collect();
        assert!(matches!(found.as_slice(), [(0, Ok(_)), (1, Err(true))]), "{found:?}");
    }

    #[test]
    fn a_link_to_a_folder_is_followed_only_where_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("a.eml"), "Subject: x\n\ny").unwrap();
        std::os::unix::fs::symlink("a.eml", root.join("b.eml")).unwrap();
        std::os::unix::fs::symlink("..", root.join("loop")).unwrap();
        let named = folder.path().join("named");
        std::os::unix::fs::symlink("root", &named).unwrap();
        let found: Vec<String> = Inputs::new(std::slice::from_ref(&named)).map(|input| input.file).collect();
        let expected: Vec<String> =
            ["a.eml", "b.eml"].iter().map(|name| named.join(name).to_string_lossy().into_owned()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_missing_file_is_an_input_with_its_error() {
        let inputs: Vec<Input> = Inputs::new(&[PathBuf::from("no/such.eml")]).collect();
        assert!(matches!(inputs.as_slice(), [Input { bytes: Err(_), .. }]));
    }
}
