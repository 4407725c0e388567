//! Everything that one device shows at a moment.

use nix::errno::Errno;
use serde::Serialize;

use super::{Algorithms, BdStat, DeviceNumber, IoStat, MmStat, Recompression};
use crate::port::Port;

/// A device, looked at once. Attributes are read one after another, so that numbers of different attributes may be of slightly
/// different moments; those of one attribute are of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// Which.
    pub device: DeviceNumber,
    /// Bytes that it offers. 0: it is not set up.
    pub disksize: u64,
    /// Whether it is set up (`initstate`).
    pub initialised: bool,
    /// The primary algorithm.
    pub algorithms: Option<Algorithms>,
    /// Those for recompression. Empty where none is chosen.
    pub recompression: Vec<Recompression>,
    /// `max_comp_streams`, which has had no meaning for years. It is there in Linux 6.12 and not in 6.17.
    pub max_comp_streams: Option<u64>,
    /// What is stored.
    pub mm_stat: Option<MmStat>,
    /// What went wrong.
    pub io_stat: Option<IoStat>,
    /// The backing device; `None` on kernels without writeback.
    pub writeback: Option<Writeback>,
}

/// What a kernel with writeback shows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Writeback {
    /// The path of the backing device, as the kernel knows it. `None`: there is none.
    pub backing_dev: Option<String>,
    /// Traffic.
    pub bd_stat: Option<BdStat>,
    /// Whether the limit counts.
    pub limit_enabled: Option<bool>,
    /// Units of 4 KiB that may still be written.
    pub limit: Option<u64>,
    /// Requests that a pass has on the way at most (since Linux 6.19).
    pub batch_size: Option<u64>,
    /// Whether pages are written as they are in memory (since Linux 7.0).
    pub compressed: Option<bool>,
}

/// A device could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurveyError {
    /// There is no such device.
    #[error("there is no {device}")]
    NoDevice {
        /// The device.
        device: DeviceNumber,
    },
    /// An attribute could not be read.
    #[error("cannot read {attribute} of {device}: {}", errno.desc())]
    Unreadable {
        /// The device.
        device: DeviceNumber,
        /// The attribute.
        attribute: &'static str,
        /// Why.
        errno: Errno,
    },
    /// An attribute's text is none that this program knows.
    #[error("{attribute} of {device} says {text:?}, which this program does not understand")]
    Strange {
        /// The device.
        device: DeviceNumber,
        /// The attribute.
        attribute: &'static str,
        /// What it says.
        text: String,
    },
}

/// Looks at a device.
///
/// # Errors
/// When there is no such device, or one of its attributes cannot be read or understood.
pub fn survey(port: &mut (impl Port + ?Sized), device: DeviceNumber) -> Result<Survey, SurveyError> {
    survey_of(port, device, &|_| true)
}

/// The same of some attributes, which is faster: others are as on a kernel that does not have them. What `backing_dev` is not read for has no
/// writeback; `disksize` and `initstate` are read in any case.
///
/// # Errors
/// When there is no such device, or one of these attributes cannot be read or understood.
pub fn survey_of(
    port: &mut (impl Port + ?Sized),
    device: DeviceNumber,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Survey, SurveyError> {
    let wanted = |attribute: &str| matches!(attribute, "disksize" | "initstate") || wanted(attribute);
    let mut reader = Reader { port, device, wanted: &wanted };
    let Some(disksize) = reader.number("disksize")? else { return Err(SurveyError::NoDevice { device }) };
    Ok(Survey {
        device,
        disksize,
        initialised: reader.flag("initstate")?.unwrap_or(disksize != 0),
        algorithms: reader.text("comp_algorithm")?.as_deref().map(Algorithms::parse),
        recompression: reader
            .text("recomp_algorithm")?
            .as_deref()
            .map(Recompression::parse)
            .unwrap_or_default(),
        max_comp_streams: reader.number("max_comp_streams")?,
        mm_stat: reader.parsed("mm_stat", MmStat::parse)?,
        io_stat: reader.parsed("io_stat", IoStat::parse)?,
        writeback: reader.writeback()?,
    })
}

struct Reader<'a, P: ?Sized> {
    port: &'a mut P,
    device: DeviceNumber,
    wanted: &'a dyn Fn(&str) -> bool,
}

impl<P: Port + ?Sized> Reader<'_, P> {
    fn writeback(&mut self) -> Result<Option<Writeback>, SurveyError> {
        let Some(path) = self.text("backing_dev")? else { return Ok(None) };
        let path = path.strip_suffix('\n').unwrap_or(&path);
        Ok(Some(Writeback {
            backing_dev: (path != "none").then(|| path.to_owned()),
            bd_stat: self.parsed("bd_stat", BdStat::parse)?,
            limit_enabled: self.flag("writeback_limit_enable")?,
            limit: self.number("writeback_limit")?,
            batch_size: self.number("writeback_batch_size")?,
            compressed: self.flag("compressed_writeback")?,
        }))
    }

    /// The text; `None` where there is no such attribute.
    fn text(&mut self, attribute: &'static str) -> Result<Option<String>, SurveyError> {
        if !(self.wanted)(attribute) {
            return Ok(None);
        }
        match self.port.read_attr(self.device.0, attribute) {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            // ENODEV: it is being removed, or was just now.
            Err(Errno::ENOENT | Errno::ENODEV) => Ok(None),
            Err(errno) => Err(SurveyError::Unreadable { device: self.device, attribute, errno }),
        }
    }

    fn parsed<T>(
        &mut self,
        attribute: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SurveyError> {
        let Some(text) = self.text(attribute)? else { return Ok(None) };
        match parse(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(SurveyError::Strange { device: self.device, attribute, text }),
        }
    }

    fn number(&mut self, attribute: &'static str) -> Result<Option<u64>, SurveyError> {
        self.parsed(attribute, |text| text.trim().parse().ok())
    }

    fn flag(&mut self, attribute: &'static str) -> Result<Option<bool>, SurveyError> {
        self.parsed(attribute, |text| match text.trim() {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })
    }
}
