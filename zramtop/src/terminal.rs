//! What is done to a terminal, and undone again whatever happens.
//!
//! A terminal that is left in raw mode is worse than no program at all. So it is given back in three ways, of which the first that comes does it:
//! when the program ends, when it panics, in whatever thread, and when a signal ends it, which is an event like any other.

use std::{
    io::{self, Stdout, Write as _},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{DisableMouseCapture, EnableMouseCapture},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode},
    },
};

/// Whether a terminal is taken, and whether its mouse is.
static TAKEN: AtomicBool = AtomicBool::new(false);
static MOUSE: AtomicBool = AtomicBool::new(false);

/// A terminal, as long as it is drawn on.
pub struct Screen(Terminal<CrosstermBackend<Stdout>>);

impl Screen {
    /// Takes it.
    ///
    /// # Errors
    /// When standard output is none.
    pub fn take(mouse: bool) -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            give_back();
            before(panicked);
        }));
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let this = Terminal::new(CrosstermBackend::new(io::stdout())).map(Self);
        let mut this = this.inspect_err(|_| give_back())?;
        let prepared = execute!(io::stdout(), EnterAlternateScreen, SetTitle("zramtop")).and_then(|()| {
            if mouse {
                MOUSE.store(true, Ordering::SeqCst);
                execute!(io::stdout(), EnableMouseCapture)?;
            }
            this.0.clear()
        });
        prepared.inspect_err(|_| give_back())?;
        Ok(this)
    }

    /// What can be drawn on.
    pub fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.0
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives it back, if it is taken.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Whatever of it fails: the rest is done all the same, and there is nobody to tell.
    let mut out = io::stdout();
    if MOUSE.swap(false, Ordering::SeqCst) {
        let _ = execute!(out, DisableMouseCapture);
    }
    let _ = execute!(out, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}
