//! The log: on standard error, a line each.
//!
//! The journal takes a number in angle brackets at the beginning of a line for its level (`sd-daemon(3)`), and knows the time and the program itself. Whether
//! standard error is the journal it says in `JOURNAL_STREAM`: a service may have turned it elsewhere. Elsewhere a line begins with the program's name, in colour on a terminal.

use std::{
    fmt,
    io::{self, Write as _},
};

use anstream::AutoStream;
use log::{Level, LevelFilter, Log, Metadata, Record};
use nix::sys::stat::fstat;

use zram_terminal::{
    escape::escaped,
    style::{DIM, PLAIN, PROBLEM, WARNING, styled},
};

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// To the journal.
    Journal,
    /// To somebody who reads.
    Plain,
}

struct Logger(Form);

/// From now on what is logged is said, if it is of this level.
pub fn start(level: LevelFilter) {
    let form =
        if is_journal(std::env::var("JOURNAL_STREAM").ok().as_deref()) { Form::Journal } else { Form::Plain };
    // There is one already: as good.
    if log::set_boxed_logger(Box::new(Logger(form))).is_ok() {
        log::set_max_level(level);
    }
}

/// Whether standard error is what the journal says that it listens to: `DEVICE:INODE`.
fn is_journal(stream: Option<&str>) -> bool {
    let of_stream = stream.and_then(|stream| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse::<u64>().ok()?, inode.parse::<u64>().ok()?))
    });
    let of_error = fstat(io::stderr()).ok().map(|about| (about.st_dev, about.st_ino));
    of_stream.is_some() && of_stream == of_error
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = self.0.line(record.level(), record.args());
        // Whoever does not listen misses it.
        let mut out = io::stderr().lock();
        let _ = match self.0 {
            Form::Journal => out.write_all(line.as_bytes()),
            Form::Plain => AutoStream::auto(out).write_all(line.as_bytes()),
        };
    }

    fn flush(&self) {}
}

impl Form {
    /// A line, or several: each with its level.
    fn line(self, level: Level, what: &dyn fmt::Display) -> String {
        let (number, style) = match level {
            Level::Error => (3, PROBLEM),
            Level::Warn => (4, WARNING),
            Level::Info => (6, PLAIN),
            Level::Debug | Level::Trace => (7, DIM),
        };
        let text = what.to_string();
        let lines = text.lines().map(|line| {
            let line = escaped(line, false);
            match self {
                Self::Journal => format!("<{number}>{line}\n"),
                Self::Plain => format!("{} {line}\n", styled(style, "zramd:")),
            }
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_level() {
        let said = |form: Form, level| form.line(level, &"one\n\x1b[2Jtwo");
        assert_eq!(said(Form::Journal, Level::Error), "<3>one\n<3>\\x1b[2Jtwo\n");
        assert_eq!(said(Form::Journal, Level::Warn), "<4>one\n<4>\\x1b[2Jtwo\n");
        assert_eq!(said(Form::Journal, Level::Info), "<6>one\n<6>\\x1b[2Jtwo\n");
        assert_eq!(said(Form::Journal, Level::Trace), "<7>one\n<7>\\x1b[2Jtwo\n");
        let plain = anstream::adapter::strip_str(&said(Form::Plain, Level::Warn)).to_string();
        assert_eq!(plain, "zramd: one\nzramd: \\x1b[2Jtwo\n");
    }

    #[test]
    fn the_journal_is_told_by_device_and_inode() {
        let about = fstat(io::stderr()).unwrap();
        assert!(is_journal(Some(&format!("{}:{}", about.st_dev, about.st_ino))));
        let others = [
            format!("{}:{}", about.st_dev, about.st_ino + 1),
            format!("{}", about.st_dev),
            String::new(),
            "a:b".to_owned(),
        ];
        for other in others {
            assert!(!is_journal(Some(&other)), "{other}");
        }
        assert!(!is_journal(None));
    }
}
