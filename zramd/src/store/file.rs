//! A file in a folder of its own.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
};

use super::Store;

/// A file that is replaced as a whole.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

const NAME: &str = "state.json";
const NEW: &str = "state.json.new";

impl FileStore {
    /// In this folder, which is made if it is not there.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl Store for FileStore {
    fn load(&mut self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.folder.join(NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.folder.exists() {
            fs::create_dir_all(&self.folder)?;
            fs::set_permissions(&self.folder, Permissions::from_mode(0o700))?;
        }
        let new = self.folder.join(NEW);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.folder.join(NAME))?;
        File::open(&self.folder)?.sync_all()
    }

    fn place(&self) -> String {
        self.folder.join(NAME).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = FileStore::new(folder.path().join("a/b"));
        assert!(store.load().unwrap().is_none());
        store.save(b"one").unwrap();
        store.save(b"two").unwrap();
        assert_eq!(FileStore::new(folder.path().join("a/b")).load().unwrap(), Some(b"two".to_vec()));
        let names: Vec<_> =
            fs::read_dir(folder.path().join("a/b")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, [NAME], "nothing else is left");
    }

    #[test]
    fn a_folder_that_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), b"").unwrap();
        assert!(FileStore::new(folder.path().join("file")).save(b"x").is_err());
    }
}
