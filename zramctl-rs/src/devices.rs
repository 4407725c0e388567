//! Devices with what they are used for.

use std::fmt;

use serde::Serialize;
use zram_host::{
    DeviceNumber, Machine, Survey,
    device::{BdStat, SurveyError, survey_of},
    machine::{Mount, Swap, SwapUse, holders, mounts, swaps},
};

use crate::{escape::escaped, shell::word};

/// A device, and who uses it.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// What its attributes say.
    #[serde(flatten)]
    pub survey: Survey,
    /// What it is used for.
    pub uses: Vec<Use>,
}

/// What a device is used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "as")]
pub enum Use {
    /// It is swapped to.
    Swap(SwapUse),
    /// Another device stands on it.
    Under {
        /// Its name, as in `/sys/block`.
        holder: String,
    },
    /// A file system on it is mounted.
    Mount {
        /// The file system's name.
        file_system: String,
        /// Where.
        target: String,
    },
}

impl Use {
    /// What util-linux prints as the mount point.
    #[must_use]
    pub fn mountpoint(&self) -> Option<String> {
        match self {
            Self::Swap(_) => Some("[SWAP]".to_owned()),
            Self::Mount { target, .. } => Some(target.clone()),
            Self::Under { .. } => None,
        }
    }
}

impl Use {
    /// What would end this use.
    #[must_use]
    pub fn way_out(&self, device: DeviceNumber) -> String {
        match self {
            Self::Swap(_) => format!("`swapoff {}` first", device.node()),
            Self::Mount { target, .. } => format!("`umount {}` first", word(target)),
            Self::Under { holder } => {
                format!("`lsblk {}` shows what {holder} is: end that first", device.node())
            }
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Swap(SwapUse { priority, .. }) => write!(f, "swap {priority}"),
            Self::Mount { file_system, target } => write!(f, "{file_system} {target}"),
            Self::Under { holder } => write!(f, "under {holder}"),
        }
    }
}

impl Device {
    /// Bytes in memory, uncompressed, for each byte of memory that they take. `None` where nothing is in memory.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let mm = self.survey.mm_stat?;
        let here = self.in_memory();
        (here != 0 && mm.mem_used_total != 0).then(|| here as f64 / mm.mem_used_total as f64)
    }

    /// Bytes in memory, uncompressed: what is stored, without what is on the backing device.
    #[must_use]
    pub fn in_memory(&self) -> u64 {
        let stored = self.survey.mm_stat.map_or(0, |mm| mm.orig_data_size);
        let backed = self.survey.writeback.as_ref().and_then(|writeback| writeback.bd_stat);
        stored.saturating_sub(backed.map_or(0, |bd| bd.count.saturating_mul(BdStat::UNIT)))
    }
}

/// Which devices there are, and who uses them.
#[derive(Debug)]
pub struct Devices {
    swaps: Vec<Swap>,
    mounts: Vec<Mount>,
}

impl Devices {
    /// Looks at who uses what.
    ///
    /// # Errors
    /// When the machine does not say.
    pub fn new(machine: &mut dyn Machine) -> anyhow::Result<Self> {
        Ok(Self { swaps: swaps(machine)?, mounts: mounts(machine)? })
    }

    /// One device.
    ///
    /// # Errors
    /// When there is none of that number, or it cannot be read.
    pub fn one(&self, machine: &mut dyn Machine, device: DeviceNumber) -> Result<Device, SurveyError> {
        self.one_with(machine, device, &|_| true)
    }

    /// One device, of which no more attributes are read than these: see [`survey_of`].
    ///
    /// # Errors
    /// As those of [`Self::one`].
    pub fn one_with(
        &self,
        machine: &mut dyn Machine,
        device: DeviceNumber,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Device, SurveyError> {
        let swap = self.swaps.iter().filter(|swap| swap.device() == Some(device));
        let number = number(machine, device);
        let mount = self.mounts.iter().filter(|mount| mount.is_on(device, &number));
        let under = holders(machine, device).unwrap_or_default().into_iter();
        let uses = swap.map(|swap| Use::Swap(swap.usage)).chain(mount.map(|mount| Use::Mount {
            file_system: mount.file_system.clone(),
            target: mount.target.clone(),
        }));
        let uses = uses.chain(under.map(|holder| Use::Under { holder }));
        Ok(Device { survey: survey_of(machine, device, wanted)?, uses: uses.collect() })
    }

    /// All, by number, with these attributes: see [`survey_of`].
    ///
    /// # Errors
    /// When they cannot be listed or read.
    pub fn all(
        &self,
        machine: &mut dyn Machine,
        wanted: &dyn Fn(&str) -> bool,
    ) -> anyhow::Result<Vec<Device>> {
        let numbers = machine
            .devices()
            .map_err(|errno| anyhow::anyhow!("cannot list the devices in /sys/block: {}", errno.desc()))?;
        let mut devices = Vec::with_capacity(numbers.len());
        for number in numbers {
            match self.one_with(machine, DeviceNumber(number), wanted) {
                Ok(device) => devices.push(device),
                // It went away meanwhile.
                Err(SurveyError::NoDevice { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(devices)
    }
}

/// Major and minor number of a device, as mounts name it. Empty where that is not known.
pub(crate) fn number(machine: &mut dyn Machine, device: DeviceNumber) -> String {
    let number = machine.read_attr(device.0, "dev").unwrap_or_default();
    String::from_utf8_lossy(&number).trim().to_owned()
}

/// The device, which nobody may use.
///
/// # Errors
/// When there is none, or somebody uses it: who, and what would end that.
pub fn unused(machine: &mut dyn Machine, device: DeviceNumber) -> anyhow::Result<Device> {
    let devices = Devices::new(machine)?;
    let found = devices.one(machine, device)?;
    match found.uses.first() {
        None => Ok(found),
        Some(in_use) => {
            let told = format!("{device} is in use ({in_use}): {}", in_use.way_out(device));
            anyhow::bail!(escaped(&told, false))
        }
    }
}
