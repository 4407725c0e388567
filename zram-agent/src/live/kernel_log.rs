//! What the kernel says meanwhile.
//!
//! `/dev/kmsg` gives one record per read: `priority,sequence,time,flags;text`, then lines that
//! begin with a space. The agent only ships; what counts as a splat is for the runner to say.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
};

use nix::libc;

use crate::world::Trouble;

/// Longest record (`PRINTKRB_RECORD_MAX` and the prefix).
const RECORD: usize = 8192;

/// The kernel's log from the moment of opening.
pub(super) struct KernelLog {
    file: File,
}

impl KernelLog {
    /// From now on.
    pub(super) fn open() -> Result<Self, Trouble> {
        let trouble = |error| Trouble::setup("opening /dev/kmsg", error);
        let mut file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open("/dev/kmsg")
            .map_err(trouble)?;
        file.seek(SeekFrom::End(0)).map_err(trouble)?;
        Ok(Self { file })
    }

    /// Lines since the last call. A failure to read is a line too: silence would say that all is
    /// well.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let (mut lines, mut record) = (Vec::new(), [0; RECORD]);
        loop {
            match self.file.read(&mut record) {
                Ok(0) => return lines,
                Ok(read) => lines.push(line(&String::from_utf8_lossy(&record[..read]))),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return lines,
                    ErrorKind::Interrupted => {}
                    // EPIPE: records were overwritten before we came; the next read goes on after them.
                    ErrorKind::BrokenPipe => {
                        lines.push("<4> records of the kernel log were overwritten".into());
                    }
                    _ => {
                        lines.push(format!("<3> /dev/kmsg cannot be read any more: {error}"));
                        return lines;
                    }
                },
            }
        }
    }
}

/// A record as `<level> text`. The level is the priority without the facility.
fn line(record: &str) -> String {
    let Some((prefix, text)) = record.split_once(';') else { return record.trim_end().to_owned() };
    let priority = prefix.split(',').next().and_then(|number| number.parse::<u32>().ok());
    let text = text.lines().next().unwrap_or_default();
    match priority {
        Some(priority) => format!("<{}> {text}", priority & 7),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn level_and_text_without_the_rest() {
        assert_eq!(
            line("6,339,5140900,-;zram: Added device: zram0\n SUBSYSTEM=block\n"),
            "<6> zram: Added device: zram0"
        );
        assert_eq!(
            line("12,1,2,-,caller=T1;from a program; with a semicolon\n"),
            "<4> from a program; with a semicolon"
        );
        assert_eq!(line("no record\n"), "no record");
    }
}
