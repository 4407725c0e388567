//! A terminal of one's own.

use std::{
    path::Path,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

/// Everything is waited for, and nothing for longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A tmux server with one window, in which a shell runs.
pub(crate) struct Terminal {
    folder: tempfile::TempDir,
}

impl Terminal {
    /// `None`: there is no tmux here, which is said.
    pub(crate) fn new(width: u16, height: u16) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            #[expect(clippy::print_stderr, reason = "for whoever reads the tests' output")]
            {
                eprintln!("skipped: tmux is not installed, and the program cannot be driven in a terminal");
            }
            return None;
        }
        let this = Self { folder: tempfile::tempdir().unwrap() };
        let (width, height) = (width.to_string(), height.to_string());
        let shell = "env -i PATH=/usr/bin:/bin LANG=C.UTF-8 TERM=screen-256color PS1='ready> ' sh";
        this.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, shell]);
        this.tmux(&["set", "-g", "status", "off"]);
        this.shows("ready>");
        Some(this)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let socket = self.folder.path().join("socket");
        Command::new("tmux").arg("-S").arg(socket).args(arguments).env_remove("TMUX").output().unwrap()
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A folder that is gone when the terminal is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Types a line into the shell.
    pub(crate) fn line(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    /// Presses keys, by tmux's names. Escape must change the screen, which is waited for: with a key right behind it, it would be that key with Alt.
    pub(crate) fn press(&self, keys: &[&str]) {
        for key in keys {
            let before = self.screen();
            self.tmux(&["send-keys", key]);
            let until = Instant::now() + PATIENCE;
            while *key == "Escape" && self.screen() == before {
                assert!(Instant::now() < until, "Escape changes nothing:\n{before}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// The screen, without blanks at the ends of lines.
    pub(crate) fn screen(&self) -> String {
        let screen = self.tmux(&["capture-pane", "-p"]);
        screen.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// Waits until the screen shows this, and stands still; answers with the screen.
    pub(crate) fn shows(&self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut before = String::new();
        loop {
            let screen = self.screen();
            if screen.contains(text) && screen == before {
                return screen;
            }
            assert!(Instant::now() < until, "{text:?} is not shown:\n{screen}");
            before = screen;
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether the terminal is as a shell wants it: it echoes, edits lines, shows its cursor and its usual screen.
    pub(crate) fn is_sane(&self) {
        self.line("stty -a | tr ';' '\\n' | grep -ow -e '-*icanon' -e '-*echo' -e '-*isig' | sort | tr '\\n' ' '; echo check''ed");
        let screen = self.shows(" checked");
        // Behind the prompt where the screen was cleared after this was typed.
        let answers = ["echo icanon isig checked", "ready> echo icanon isig checked"];
        assert!(screen.lines().any(|line| answers.contains(&line)), "{screen}");
        let flags = self.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"]);
        assert_eq!(flags.trim(), "0 1 0", "usual screen, cursor shown, no mouse");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.output(&["kill-server"]));
    }
}
