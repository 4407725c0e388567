//! The daemon's own memory.
//!
//! It works when there is little memory, and must not wait for the memory that it is about to free: what it has touched is locked. Only that (`MCL_ONFAULT`):
//! locking all that is mapped would make it several times as large as it is. And it should not be the first to be killed for its few
//! megabytes, since it is what keeps others from being killed.

use std::{fs, io, path::Path};

use nix::{
    libc::MCL_ONFAULT,
    sys::mman::{MlockAllFlags, mlockall},
};

/// Nearly never killed. -1000 would be never, which nobody should be.
pub const OOM_SCORE: i32 = -900;

/// Locks what is in memory, and what comes there.
///
/// # Errors
/// Without `CAP_IPC_LOCK` and with too low a limit (`LimitMEMLOCK=`).
pub fn lock() -> nix::Result<()> {
    mlockall(
        MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | MlockAllFlags::from_bits_retain(MCL_ONFAULT),
    )
}

/// Lowers its score, unless somebody has set one (`OOMScoreAdjust=`). Returns that which is in force.
///
/// # Errors
/// Without `CAP_SYS_RESOURCE`.
pub fn spare() -> io::Result<i32> {
    spare_at(Path::new("/proc/self/oom_score_adj"))
}

fn spare_at(path: &Path) -> io::Result<i32> {
    let there = fs::read_to_string(path)?.trim().parse().map_err(io::Error::other)?;
    if there != 0 {
        return Ok(there);
    }
    fs::write(path, OOM_SCORE.to_string())?;
    Ok(OOM_SCORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_somebody_has_set_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("oom_score_adj");
        for (there, then) in [("0\n", -900), ("-1000\n", -1000), ("300\n", 300)] {
            fs::write(&path, there).unwrap();
            assert_eq!(spare_at(&path).unwrap(), then);
            assert_eq!(fs::read_to_string(&path).unwrap().trim().parse::<i32>().unwrap(), then);
        }
        fs::write(&path, "x").unwrap();
        assert!(spare_at(&path).is_err());
    }
}
