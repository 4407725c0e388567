//! The socket's file.
//!
//! A daemon that was killed leaves its file behind, and the next must get past it; one that runs must not lose it to a second. A file alone does not tell the two
//! apart. So there is a lock beside it, which the kernel takes back from whoever dies; and what is in the way is removed only with the lock in hand, if it is a
//! socket, and if nobody answers there.

use std::{
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::{
            fs::{
                DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
                PermissionsExt as _,
            },
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};

/// Everybody may connect; who may do what is asked when something is.
const EVERYBODY: u32 = 0o666;

/// The folder is everybody's to look into, and its owner's to change.
const FOLDER: u32 = 0o755;

/// A socket that is listened at. Its file goes when this goes.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file: somebody may have put another into its place.
    file: (u64, u64),
    _lock: Flock<fs::File>,
}

/// There can be no socket.
#[derive(Debug, thiserror::Error)]
pub enum Taken {
    /// Another program has it.
    #[error("{} is another zramd's, which runs: there can be one only", path.display())]
    Runs {
        /// The path.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("{} is there, and is no socket: remove it, or give another path", path.display())]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
    /// The system does not let us.
    #[error("cannot {doing} {}: {}", path.display(), sentence(source))]
    System {
        /// What was tried.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// An error of the system without its number.
fn sentence(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |raw| Errno::from_raw(raw).desc().to_owned())
}

impl Socket {
    /// Listens at this path. Its folder is made if it is not there.
    ///
    /// # Errors
    /// When another program does, or the system does not let us.
    pub fn listen(path: &Path) -> Result<Self, Taken> {
        let system = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| Taken::System { doing, path, source }
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(FOLDER).create(folder).map_err(system("make the folder", folder))?;
        }
        let lock = lock(path)?;
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(system("look at", path)(error)),
            Ok(about) if !about.file_type().is_socket() => {
                return Err(Taken::NoSocket { path: path.to_owned() });
            }
            // Somebody may listen there who knows of no lock.
            Ok(_) if UnixStream::connect(path).is_ok() => return Err(Taken::Runs { path: path.to_owned() }),
            Ok(_) => fs::remove_file(path).map_err(system("remove the socket that was left at", path))?,
        }
        let listener = UnixListener::bind(path).map_err(system("listen at", path))?;
        let readied = listener.set_nonblocking(true).and_then(|()| {
            fs::set_permissions(path, fs::Permissions::from_mode(EVERYBODY))?;
            path.symlink_metadata()
        });
        let about = readied.map_err(system("listen at", path))?;
        Ok(Self { listener, path: path.to_owned(), file: (about.dev(), about.ino()), _lock: lock })
    }

    /// The next who connects, if somebody does.
    pub(super) fn accept(&self) -> io::Result<Option<UnixStream>> {
        match self.listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                Ok(Some(stream))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }
}

/// The lock beside a path. The file stays: whoever removed it could hold a lock that the next does not see.
fn lock(path: &Path) -> Result<Flock<fs::File>, Taken> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let cannot = |source| Taken::System { doing: "lock", path: name.clone(), source };
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&name);
    match Flock::lock(file.map_err(cannot)?, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err((_, Errno::EWOULDBLOCK)) => Err(Taken::Runs { path: path.to_owned() }),
        Err((_, errno)) => Err(cannot(errno.into())),
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours = self.path.symlink_metadata().is_ok_and(|about| (about.dev(), about.ino()) == self.file);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_was_left_is_replaced_and_one_that_is_used_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/control");
        // Made and left, as by somebody who was killed.
        fs::create_dir(dir.path().join("run")).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        let first = Socket::listen(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o666);
        assert!(matches!(Socket::listen(&path), Err(Taken::Runs { .. })));
        drop(first);
        assert!(!path.exists());
        // Of somebody who knows of no lock.
        let other = UnixListener::bind(&path).unwrap();
        assert!(matches!(Socket::listen(&path), Err(Taken::Runs { .. })));
        drop(other);
        drop(Socket::listen(&path).unwrap());
    }

    #[test]
    fn what_is_no_socket_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(Socket::listen(&path), Err(Taken::NoSocket { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn anothers_file_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        let socket = Socket::listen(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        drop(socket);
        assert!(path.exists());
    }

    #[test]
    fn a_folder_is_made_for_all_to_look_into() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/zramd/control");
        let _socket = Socket::listen(&path).unwrap();
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o022, 0);
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Socket::listen(&file.join("control")).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot lock ") && error.ends_with("/file/control.lock: Not a directory"),
            "{error}"
        );
    }
}
