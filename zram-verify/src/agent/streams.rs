//! A command's output, read by threads of their own: waiting for it can then end, and nothing blocks the command.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader},
    sync::{Arc, Mutex, mpsc},
};

/// Lines of standard error kept for a report.
const LAST_WORDS: usize = 20;

/// The lines of a stream, as they come; the channel closes where the stream ends.
pub(super) fn read_lines(
    output: Option<impl std::io::Read + Send + 'static>,
) -> mpsc::Receiver<std::io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = output {
        std::thread::spawn(move || {
            for line in BufReader::with_capacity(1 << 16, output).lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// The end of what a command says on its standard error.
#[derive(Clone, Debug, Default)]
pub(super) struct LastWords(Arc<Mutex<VecDeque<String>>>);

impl LastWords {
    /// Those of this stream; `verbose`: each line is passed on, too.
    pub(super) fn of(output: Option<impl std::io::Read + Send + 'static>, verbose: bool) -> Self {
        let words = Self::default();
        let kept = words.clone();
        if let Some(output) = output {
            std::thread::spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                    if verbose {
                        crate::report::say(&line);
                    }
                    kept.keep(line);
                }
            });
        }
        words
    }

    fn keep(&self, line: String) {
        if let Ok(mut kept) = self.0.lock() {
            if kept.len() == LAST_WORDS {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    }

    /// The last lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().map(|words| words.iter().cloned().collect()).unwrap_or_default()
    }
}
