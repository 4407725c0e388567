//! Devices come and go: `/sys/class/zram-control`, reset, and the claim while either is under way.
//!
//! A reset and a removal take several steps, and let others in between: they *claim* the device, so that
//! nobody opens it any more, and do the rest without the lock that opening takes. Usually nobody comes
//! in between, and [`Kernel::write_attr`] and [`Kernel::hot_remove`] go through all of it at once. To look at
//! what happens when somebody does, the steps can be taken one by one.

use zram_events::{DeviceId, Event};

use crate::{
    attr::{number, text::c_string},
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    kernel::Kernel,
    site::Site,
    zram::device::Device,
};

/// What is under way on a device that nobody can open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nothing.
    #[default]
    None,
    /// `reset_store`.
    Reset,
    /// `zram_remove`.
    Removal,
    /// `zram_remove`, which came while `reset_store` was under way and waits for it in `del_gendisk`.
    ResetAndRemoval,
}

impl Claim {
    fn resetting(self) -> bool {
        matches!(self, Self::Reset | Self::ResetAndRemoval)
    }

    /// Whether the device is about to go.
    pub(crate) fn removing(self) -> bool {
        matches!(self, Self::Removal | Self::ResetAndRemoval)
    }
}

impl Kernel {
    /// One read of an attribute of the class: `hot_add` makes a device and says its number.
    ///
    /// # Errors
    /// As [`Kernel::hot_add`]; `EACCES` for `hot_remove`, which cannot be read; `ENOENT` for any other name.
    pub fn read_control(
        &mut self,
        name: &str,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<Vec<u8>, Errno> {
        match name {
            "hot_add" => self.hot_add(env).map(|dev| format!("{dev}\n").into_bytes()),
            "hot_remove" => Err(Errno::EACCES),
            _ => Err(Errno::ENOENT),
        }
    }

    /// One write to an attribute of the class: how many bytes it took.
    ///
    /// # Errors
    /// As [`Kernel::hot_remove`]; `EACCES` for `hot_add`, which cannot be written; `ENOENT` for any other name.
    pub fn write_control(
        &mut self,
        name: &str,
        text: &[u8],
        env: &mut (impl Environment + ?Sized),
    ) -> Result<usize, Errno> {
        match name {
            "hot_add" => Err(Errno::EACCES),
            "hot_remove" => self.hot_remove(text, env),
            _ => Err(Errno::ENOENT),
        }
    }

    /// A read of `/sys/class/zram-control/hot_add`: the lowest number that is free.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn hot_add(&mut self, env: &mut (impl Environment + ?Sized)) -> Result<DeviceId, Errno> {
        if !env.allocate(Allocation::Device) {
            let result = Errno::ENOMEM.negative();
            Call::new(env, &mut self.lives, &self.profile)
                .emit(Site::DeviceAdd, Event::DeviceAddFailed { result });
            return Err(Errno::ENOMEM);
        }
        let free = (0..).map(DeviceId).find(|id| !self.devices.contains_key(id)).ok_or(Errno::ENOSPC)?;
        self.devices.insert(free, Device::new(free, self.storage, &self.profile));
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        call.emit(Site::DeviceAdd, Event::DeviceAdd { dev: free });
        Ok(free)
    }

    /// A write to `/sys/class/zram-control/hot_remove`: how many bytes it took.
    ///
    /// # Errors
    /// `EINVAL` or `ERANGE` for what is no device number, `ENODEV`, `EBUSY` while the device is open.
    pub fn hot_remove(&mut self, text: &[u8], env: &mut (impl Environment + ?Sized)) -> Result<usize, Errno> {
        let taken = text.len().min(self.profile.page_size.as_usize());
        if taken == 0 {
            return Ok(0);
        }
        let dev = self.begin_removal(text, env)?;
        self.finish_removal(dev, env)?;
        Ok(taken)
    }

    /// The first half of [`Kernel::hot_remove`]: the device is claimed and reset, and its `block_state` is gone. Until
    /// [`Kernel::finish_removal`] its attributes are there and can be written. The kernel lets nobody into `hot_add`
    /// and `hot_remove` meanwhile.
    ///
    /// # Errors
    /// As [`Kernel::hot_remove`].
    pub fn begin_removal(
        &mut self,
        text: &[u8],
        env: &mut (impl Environment + ?Sized),
    ) -> Result<DeviceId, Errno> {
        let text = &text[..text.len().min(self.profile.page_size.as_usize())];
        let number = number::int(c_string(text), 10)?;
        let id = DeviceId(u32::try_from(number).map_err(|_| Errno::EINVAL)?);
        let device = self.devices.get_mut(&id).ok_or(Errno::ENODEV)?;
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        if device.openers > 0 {
            let result = Errno::EBUSY.negative();
            call.emit(Site::DeviceRemove, Event::DeviceRemove { result });
            return Err(Errno::EBUSY);
        }
        if device.claim.resetting() {
            device.claim = Claim::ResetAndRemoval;
        } else {
            device.claim = Claim::Removal;
            device.reset(Site::ResetRemove, &mut call);
        }
        Ok(id)
    }

    /// The second half of [`Kernel::hot_remove`]: waits for a reset that is under way, resets once more, since somebody
    /// may have written `disksize` in between, and the device is gone.
    ///
    /// # Errors
    /// `ENODEV` if there is no such device, `EINVAL` if it is not being removed.
    pub fn finish_removal(
        &mut self,
        dev: DeviceId,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<(), Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENODEV)?;
        if !device.claim.removing() {
            return Err(Errno::EINVAL);
        }
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        if device.claim.resetting() {
            device.reset(Site::Reset, &mut call);
        }
        device.reset(Site::ResetRemove, &mut call);
        call.emit(Site::DeviceRemove, Event::DeviceRemove { result: 0 });
        self.devices.remove(&dev);
        Ok(())
    }

    /// The first half of a write to `reset`: the device is claimed.
    ///
    /// # Errors
    /// As the attribute answers; `ENOENT` if there is no such device.
    pub fn begin_reset(&mut self, dev: DeviceId, text: &[u8]) -> Result<(), Errno> {
        let text = &text[..text.len().min(self.profile.page_size.as_usize())];
        self.device_mut(dev)?.claim_for_reset(c_string(text))
    }

    /// The second half of a write to `reset`.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, `EINVAL` if it is not being reset.
    pub fn finish_reset(
        &mut self,
        dev: DeviceId,
        env: &mut (impl Environment + ?Sized),
    ) -> Result<(), Errno> {
        let device = self.devices.get_mut(&dev).ok_or(Errno::ENOENT)?;
        device.claim = match device.claim {
            Claim::Reset => Claim::None,
            Claim::ResetAndRemoval => Claim::Removal,
            Claim::None | Claim::Removal => return Err(Errno::EINVAL),
        };
        device.reset(Site::Reset, &mut Call::new(env, &mut self.lives, &self.profile));
        Ok(())
    }

    /// open(2) of the block device.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, `EBUSY` while it is being reset or removed.
    pub fn open(&mut self, dev: DeviceId) -> Result<(), Errno> {
        let device = self.device_mut(dev)?;
        if device.claim != Claim::None {
            return Err(Errno::EBUSY);
        }
        device.openers = device.openers.saturating_add(1);
        Ok(())
    }

    /// close(2) of the block device.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device, `EINVAL` if nobody has it open.
    pub fn close(&mut self, dev: DeviceId) -> Result<(), Errno> {
        let device = self.device_mut(dev)?;
        device.openers = device.openers.checked_sub(1).ok_or(Errno::EINVAL)?;
        Ok(())
    }
}

impl Device {
    /// `reset_store` up to the claim.
    pub(crate) fn claim_for_reset(&mut self, text: &[u8]) -> Result<(), Errno> {
        if number::unsigned_short(text, 10)? == 0 {
            return Err(Errno::EINVAL);
        }
        if self.openers > 0 || self.claim != Claim::None {
            return Err(Errno::EBUSY);
        }
        self.claim = Claim::Reset;
        Ok(())
    }
}
