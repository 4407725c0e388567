//! Changing something: one `write(2)` for each change, or, with `--dry-run`, a line that says what it would be.
//!
//! The kernel takes each `write(2)` as a command of its own. So none is ever repeated or sent in parts, and what the
//! kernel took is compared with what was meant.

use std::{
    io::{self, Write},
    time::Duration,
};

use nix::errno::Errno;
use zram_host::{
    DeviceNumber, Machine,
    machine::{Opener, openers},
    survey,
};

use crate::{devices::unused, interrupt};

/// A change was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot write {value:?} to {attribute} of {device}: {}", errno.desc())]
pub struct Refused {
    /// The device.
    pub device: DeviceNumber,
    /// The attribute.
    pub attribute: &'static str,
    /// What was written.
    pub value: String,
    /// Why not.
    pub errno: Errno,
}

/// With which errno a change was refused, if it was.
#[must_use]
pub fn errno(error: &anyhow::Error) -> Option<Errno> {
    error.downcast_ref::<Refused>().map(|refused| refused.errno)
}

/// How long to wait for somebody who has a device open only for a moment, as programs that look for file systems do. No longer: whoever makes a
/// file system or a swap area has it open, too, and closes it before it is in use.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait for others who set devices up: as long as it may take to make room for a large file.
const OTHERS_TURN: Duration = Duration::from_secs(60);

/// Between two tries.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// A write as a line of a shell.
#[must_use]
pub fn echo(value: &str, device: &str, attribute: &str) -> String {
    let value = value.trim_end_matches('\n').replace('\'', r"'\''");
    format!("echo '{value}' > /sys/block/{device}/{attribute}")
}

/// Who has a device open, as far as one may see.
pub fn open_in(device: DeviceNumber, machine: &mut dyn Machine) -> String {
    let node = device.node();
    let openers = openers(machine, &node);
    if openers.is_empty() {
        return format!(
            "{device} is open: `fuser -v {node}` says in which program, `lsblk {node}` what of the kernel's has it"
        );
    }
    let named = openers.iter().map(|Opener { pid, name }| format!("{name} (process {pid})"));
    format!("{device} is open in {}: end that first", named.collect::<Vec<_>>().join(", "))
}

/// Changes a machine, or says how it would.
pub struct Writer<'a> {
    machine: &'a mut dyn Machine,
    out: &'a mut dyn Write,
    dry: bool,
    interrupted: Box<dyn FnMut() -> bool + 'a>,
}

impl<'a> Writer<'a> {
    /// Changes this machine, or, if `dry`, only writes down how.
    pub fn new(machine: &'a mut dyn Machine, out: &'a mut dyn Write, dry: bool) -> Self {
        Self { machine, out, dry, interrupted: Box::new(interrupt::asked) }
    }

    /// The same, with somebody else to ask whether to go on.
    #[must_use]
    pub fn interrupted_when(self, interrupted: impl FnMut() -> bool + 'a) -> Self {
        Self { interrupted: Box::new(interrupted), ..self }
    }

    /// Whether somebody wants an end to what takes several steps.
    ///
    /// # Errors
    /// When that is so.
    pub fn go_on(&mut self) -> anyhow::Result<()> {
        if (self.interrupted)() { Err(anyhow::anyhow!("interrupted")) } else { Ok(()) }
    }

    /// Takes the turn to set devices up, when it comes.
    ///
    /// # Errors
    /// When it does not come, or somebody wants an end.
    pub fn wait_for_turn(&mut self) -> anyhow::Result<()> {
        let mut left = OTHERS_TURN.as_millis() / PAUSE.as_millis();
        loop {
            match self.machine.take_turn() {
                Ok(()) => return Ok(()),
                Err(Errno::EWOULDBLOCK) if left > 0 => left -= 1,
                Err(Errno::EWOULDBLOCK) => anyhow::bail!(
                    "another zramctl-rs is setting devices up, and has not ended within {} s: `fuser -v /sys/class/zram-control/hot_remove` says which",
                    OTHERS_TURN.as_secs()
                ),
                Err(errno) => anyhow::bail!(
                    "cannot wait until others have set up their devices (/sys/class/zram-control/hot_remove): {}",
                    errno.desc()
                ),
            }
            self.go_on()?;
            self.machine.pause(PAUSE);
        }
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.dry
    }

    /// The machine, to look at.
    pub fn machine(&mut self) -> &mut dyn Machine {
        self.machine
    }

    /// Where to say something to whoever asked.
    pub fn out(&mut self) -> &mut dyn Write {
        self.out
    }

    /// Says something to whoever asked.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Writes an attribute.
    ///
    /// # Errors
    /// [`Refused`], or that it could not be said.
    pub fn set(&mut self, device: DeviceNumber, attribute: &'static str, value: &str) -> anyhow::Result<()> {
        if self.dry {
            return Ok(writeln!(self.out, "{}", echo(value, &device.to_string(), attribute))?);
        }
        Ok(self.write(device, attribute, value)?)
    }

    /// As [`Writer::set`] of something that is refused while anybody has the device open: somebody who has it open for a moment is
    /// waited for.
    ///
    /// # Errors
    /// As there.
    pub fn set_closed(
        &mut self,
        device: DeviceNumber,
        attribute: &'static str,
        value: &str,
    ) -> anyhow::Result<()> {
        if self.dry {
            return self.set(device, attribute, value);
        }
        self.waiting(|writer| writer.write(device, attribute, value))
    }

    /// Resets a device, waiting in the same way.
    ///
    /// Until 74363ec674cb (Linux 6.13) the kernel does nothing about one that has no size: its backing device and its algorithms stay. Such a one is
    /// given a size, of which there is something to reset.
    ///
    /// # Errors
    /// As there.
    pub fn reset(&mut self, device: DeviceNumber) -> anyhow::Result<()> {
        self.set_closed(device, "reset", "1")?;
        if !self.dry && self.is_begun(device) {
            self.set(device, "disksize", "4096")?;
            self.set_closed(device, "reset", "1")?;
        }
        Ok(())
    }

    /// Whether somebody has begun to set it up.
    fn is_begun(&mut self, device: DeviceNumber) -> bool {
        survey(self.machine, device).is_ok_and(|survey| {
            let backing = survey.writeback.and_then(|writeback| writeback.backing_dev);
            !survey.initialised && (backing.is_some() || !survey.recompression.is_empty())
        })
    }

    /// Removes a device, waiting in the same way. One that somebody has begun to set up is reset first: see [`Writer::reset`].
    ///
    /// # Errors
    /// As there.
    pub fn remove(&mut self, device: DeviceNumber) -> anyhow::Result<()> {
        let number = device.0.to_string();
        if self.dry {
            return Ok(writeln!(self.out, "echo '{number}' > /sys/class/zram-control/hot_remove")?);
        }
        if self.is_begun(device) {
            self.reset(device)?;
        }
        self.waiting(|writer| {
            let taken = writer.machine.hot_remove(number.as_bytes());
            taken.map(|_| ()).map_err(|errno| Refused {
                device,
                attribute: "hot_remove",
                value: number.clone(),
                errno,
            })
        })
    }

    fn waiting(&mut self, mut change: impl FnMut(&mut Self) -> Result<(), Refused>) -> anyhow::Result<()> {
        let mut left = PATIENCE.as_millis() / PAUSE.as_millis();
        loop {
            match change(self) {
                Err(refused) if refused.errno == Errno::EBUSY && left > 0 => {
                    left -= 1;
                    self.machine.pause(PAUSE);
                    unused(self.machine, refused.device)?;
                }
                Err(refused) if refused.errno == Errno::EBUSY => {
                    let told = open_in(refused.device, self.machine);
                    return Err(anyhow::Error::from(refused).context(told));
                }
                ended => return Ok(ended?),
            }
        }
    }

    fn write(&mut self, device: DeviceNumber, attribute: &'static str, value: &str) -> Result<(), Refused> {
        let refused = |errno| Refused { device, attribute, value: value.to_owned(), errno };
        let taken = self.machine.write_attr(device.0, attribute, value.as_bytes()).map_err(refused)?;
        // A part of a command is another command: whoever reads the message must know.
        if taken == value.len() { Ok(()) } else { Err(refused(Errno::EMSGSIZE)) }
    }
}
