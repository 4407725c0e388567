//! Paths of files: looked at, made plain, opened.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom},
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt as _},
    path::Path,
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2},
    libc,
};

use super::tree::errno;

/// The same path without symbolic links, from this root.
pub(super) fn plain(root: &Path, path: &Path) -> Result<String, Errno> {
    let plain = |path: &Path| fs::canonicalize(path).map_err(|error| errno(&error));
    let (root, path) = (plain(root)?, plain(path)?);
    let path = path.strip_prefix(root).map_err(|_| Errno::ENOENT)?;
    Ok(format!("/{}", path.to_str().ok_or(Errno::EILSEQ)?))
}

/// Opens what is at a path in which there is no symbolic link.
pub(super) fn opened(path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
    openat2(AT_FDCWD, path, how)
}

/// Bytes of a file or a block device: where its end is.
pub(super) fn end_of(path: &Path) -> Result<u64, Errno> {
    File::open(path).and_then(|mut file| file.seek(SeekFrom::End(0))).map_err(|error| errno(&error))
}

/// A new file that its owner alone may use, where it would be with this path, but without a name.
pub(super) fn nameless(path: &Path) -> Result<File, Errno> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(Errno::EEXIST);
    }
    let folder = path.parent().ok_or(Errno::EISDIR)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().custom_flags(libc::O_TMPFILE).open(folder) {
        Ok(file) => Ok(file),
        // Not every file system can. Then it has a name for a moment.
        Err(error) if matches!(errno(&error), Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL) => {
            let file = options.create_new(true).open(path).map_err(|error| errno(&error))?;
            fs::remove_file(path).map_err(|error| errno(&error))?;
            Ok(file)
        }
        Err(error) => Err(errno(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;
    use crate::{LiveHost, storage::Storage as _};

    #[test]
    fn a_new_file_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backing");
        let file = nameless(&path).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!((metadata.mode() & 0o7777, metadata.nlink()), (0o600, 0));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(&path, "somebody's").unwrap();
        assert_eq!(nameless(&path).err(), Some(Errno::EEXIST));
        assert_eq!(nameless(Path::new("/nowhere/backing")).err(), Some(Errno::ENOENT));
    }

    #[test]
    fn links_are_followed_once_and_not_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::write(at("file"), [7; 8192]).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(folder.path(), at("folder")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        let mut host = LiveHost::new();
        let file = fs::canonicalize(at("file")).unwrap().to_string_lossy().into_owned();
        for path in ["link", "./file", "folder/link", "folder//../file"] {
            let plain = host.plain(&format!("{}/{path}", folder.path().display()));
            // `..` of a link is beside where it leads to.
            let wanted = if path.contains("..") { Err(Errno::ENOENT) } else { Ok(file.clone()) };
            assert_eq!(plain, wanted, "{path}");
        }
        assert_eq!(host.plain(&at("dangling")), Err(Errno::ENOENT));
        let mut bytes = [0; 4];
        assert_eq!(host.peek(&file, 0, &mut bytes), Ok(4));
        for path in ["link", "folder/file"] {
            assert_eq!(host.peek(&at(path), 0, &mut bytes), Err(Errno::ELOOP), "{path}");
            assert_eq!(host.attach(&at(path)), Err(Errno::ELOOP), "{path}");
        }
        // Under another root, what leads out of it leads nowhere.
        let mut rooted = LiveHost::rooted(folder.path());
        assert_eq!(rooted.plain("//file"), Ok("/file".to_owned()));
        symlink("/dev/null", at("out")).unwrap();
        assert_eq!(rooted.plain("/out"), Err(Errno::ENOENT));
    }
}
