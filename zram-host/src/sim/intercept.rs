//! Somebody who stands between a program and a simulated kernel: sees each write to an attribute, and may refuse it, or never return.

use std::{cell::RefCell, fmt, rc::Rc};

use nix::errno::Errno;

/// When somebody is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the kernel has seen the write: an errno is the answer to it.
    Before,
    /// After it: an errno changes nothing.
    After,
}

/// A write to an attribute.
#[derive(Clone, Copy, Debug)]
pub struct AttrWrite<'a> {
    /// The device.
    pub dev: u32,
    /// The attribute.
    pub name: &'a str,
    /// What is written.
    pub text: &'a [u8],
}

type Call = dyn FnMut(When, AttrWrite<'_>) -> Option<Errno>;

/// The one who stands there.
#[derive(Clone)]
pub(super) struct Interceptor(Rc<RefCell<Call>>);

impl Interceptor {
    pub(super) fn new(call: impl FnMut(When, AttrWrite<'_>) -> Option<Errno> + 'static) -> Self {
        Self(Rc::new(RefCell::new(call)))
    }

    pub(super) fn call(&self, when: When, write: AttrWrite<'_>) -> Option<Errno> {
        // Whoever writes from within is not seen.
        let mut call = self.0.try_borrow_mut().ok()?;
        (*call)(when, write)
    }
}

impl fmt::Debug for Interceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interceptor")
    }
}
