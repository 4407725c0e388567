//! What a device is to become: asked for on the command line, or written in a file.
//!
//! Both say the same things, and both become this before anything looks at a machine.

use zram_host::{
    DeviceNumber,
    swap::{Discard, SwapOptions},
};

use crate::{
    amount::Amount,
    cli::{Allowance, values},
};

/// A device as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Which; by default one that is not set up.
    pub device: Option<DeviceNumber>,
    /// What it offers.
    pub size: Amount,
    /// Primary algorithm.
    pub algorithm: Option<String>,
    /// Its parameters.
    pub algorithm_params: Option<String>,
    /// Algorithms of recompression, by priority from 1.
    pub recompression: Vec<Secondary>,
    /// Memory that the pool may take.
    pub memory: Option<Allowance>,
    /// Where pages go that leave memory.
    pub backing: Option<Backing>,
    /// What it is used for.
    pub usage: Usage,
}

/// An algorithm for recompression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secondary {
    /// Its name.
    pub name: String,
    /// Its parameters, as `algorithm_params` takes them.
    pub parameters: Option<String>,
}

impl std::str::FromStr for Secondary {
    type Err = String;

    /// `NAME`, or `NAME:PARAMETERS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, parameters) = match text.split_once(':') {
            Some((name, parameters)) => (name, Some(parameters)),
            None => (text, None),
        };
        let parameters = parameters.map(values::parameters).transpose()?;
        Ok(Self { name: values::word(name)?, parameters })
    }
}

/// zram has priorities 1 to 3 for algorithms of recompression (`ZRAM_MAX_COMPS`).
pub(crate) fn at_most_three(recompression: &[Secondary]) -> Result<(), String> {
    match recompression.len() {
        0..=3 => Ok(()),
        more => {
            Err(format!("{more} algorithms for recompression are more than the three that zram has room for"))
        }
    }
}

/// A place for pages that leave memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Backing {
    /// A block device or a file.
    pub path: String,
    /// Of a file that is to be made: its size, and what must stay free on its file system.
    pub make: Option<Made>,
    /// Whether what is written is encrypted.
    pub encrypt: bool,
    /// Whether it is taken whatever it is.
    pub force: bool,
    /// Whether pages go there as they are in memory.
    pub compressed: bool,
    /// Requests on the way at most.
    pub batch_size: Option<u32>,
    /// What may be written.
    pub limit: Option<Allowance>,
}

/// A file that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its bytes.
    pub bytes: u64,
    /// What must stay free.
    pub keep_free: Floor,
}

/// What must stay free on a file system.
#[derive(Clone, Debug, PartialEq)]
pub struct Floor(pub(crate) Amount);

impl Floor {
    /// In bytes, on a file system of so many.
    #[must_use]
    pub fn bytes(&self, total: u64) -> u64 {
        self.0.bytes(total)
    }
}

impl Default for Floor {
    /// What file systems keep for root.
    fn default() -> Self {
        Self(Amount::Share(0.05))
    }
}

impl std::str::FromStr for Floor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let amount = text.parse::<Amount>().ok();
        let plain = |amount: &Amount| matches!(amount, Amount::Bytes(_) | Amount::Share(0.0..=1.0));
        let is_of_memory = text.to_ascii_lowercase().contains("ram");
        amount.filter(plain).filter(|_| !is_of_memory).map(Self).ok_or_else(|| {
            format!("\"{text}\" is nothing that can stay free: give 2G, or 10% of the file system")
        })
    }
}

/// What a device is used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// Nothing yet.
    #[default]
    Nothing,
    /// Swap.
    Swap(SwapOptions),
    /// A file system, mounted.
    FileSystem {
        /// Its name, as in `mkfs.NAME`.
        name: String,
        /// Where.
        at: String,
        /// Options of mounting, separated by commas.
        options: Option<String>,
    },
}

impl Usage {
    /// Swap, of this priority.
    #[must_use]
    pub fn swap(priority: Option<u16>, discard: bool) -> Self {
        let discard = if discard { Discard::Both } else { Discard::None };
        Self::Swap(SwapOptions { priority, discard })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_free_is_a_size_or_a_part_of_the_file_system() {
        let bytes = |text: &str| text.parse::<Floor>().map(|floor| floor.bytes(1000));
        assert_eq!(bytes("10%"), Ok(100));
        assert_eq!(bytes("0"), Ok(0));
        assert_eq!(bytes("2K"), Ok(2048));
        for wrong in ["ram / 2", "150%", "-1", "min(1G, 2G)", ""] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
