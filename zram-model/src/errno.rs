//! The kernel's error numbers: what a refusal is called.

use core::fmt;

use thiserror::Error;

/// The names of errors 1 to 133, in order; the two holes are aliases' numbers that Linux never returns.
const NAMES: [&str; 133] = [
    "EPERM",
    "ENOENT",
    "ESRCH",
    "EINTR",
    "EIO",
    "ENXIO",
    "E2BIG",
    "ENOEXEC",
    "EBADF",
    "ECHILD",
    "EAGAIN",
    "ENOMEM",
    "EACCES",
    "EFAULT",
    "ENOTBLK",
    "EBUSY",
    "EEXIST",
    "EXDEV",
    "ENODEV",
    "ENOTDIR",
    "EISDIR",
    "EINVAL",
    "ENFILE",
    "EMFILE",
    "ENOTTY",
    "ETXTBSY",
    "EFBIG",
    "ENOSPC",
    "ESPIPE",
    "EROFS",
    "EMLINK",
    "EPIPE",
    "EDOM",
    "ERANGE",
    "EDEADLK",
    "ENAMETOOLONG",
    "ENOLCK",
    "ENOSYS",
    "ENOTEMPTY",
    "ELOOP",
    "E41",
    "ENOMSG",
    "EIDRM",
    "ECHRNG",
    "EL2NSYNC",
    "EL3HLT",
    "EL3RST",
    "ELNRNG",
    "EUNATCH",
    "ENOCSI",
    "EL2HLT",
    "EBADE",
    "EBADR",
    "EXFULL",
    "ENOANO",
    "EBADRQC",
    "EBADSLT",
    "E58",
    "EBFONT",
    "ENOSTR",
    "ENODATA",
    "ETIME",
    "ENOSR",
    "ENONET",
    "ENOPKG",
    "EREMOTE",
    "ENOLINK",
    "EADV",
    "ESRMNT",
    "ECOMM",
    "EPROTO",
    "EMULTIHOP",
    "EDOTDOT",
    "EBADMSG",
    "EOVERFLOW",
    "ENOTUNIQ",
    "EBADFD",
    "EREMCHG",
    "ELIBACC",
    "ELIBBAD",
    "ELIBSCN",
    "ELIBMAX",
    "ELIBEXEC",
    "EILSEQ",
    "ERESTART",
    "ESTRPIPE",
    "EUSERS",
    "ENOTSOCK",
    "EDESTADDRREQ",
    "EMSGSIZE",
    "EPROTOTYPE",
    "ENOPROTOOPT",
    "EPROTONOSUPPORT",
    "ESOCKTNOSUPPORT",
    "EOPNOTSUPP",
    "EPFNOSUPPORT",
    "EAFNOSUPPORT",
    "EADDRINUSE",
    "EADDRNOTAVAIL",
    "ENETDOWN",
    "ENETUNREACH",
    "ENETRESET",
    "ECONNABORTED",
    "ECONNRESET",
    "ENOBUFS",
    "EISCONN",
    "ENOTCONN",
    "ESHUTDOWN",
    "ETOOMANYREFS",
    "ETIMEDOUT",
    "ECONNREFUSED",
    "EHOSTDOWN",
    "EHOSTUNREACH",
    "EALREADY",
    "EINPROGRESS",
    "ESTALE",
    "EUCLEAN",
    "ENOTNAM",
    "ENAVAIL",
    "EISNAM",
    "EREMOTEIO",
    "EDQUOT",
    "ENOMEDIUM",
    "EMEDIUMTYPE",
    "ECANCELED",
    "ENOKEY",
    "EKEYEXPIRED",
    "EKEYREVOKED",
    "EKEYREJECTED",
    "EOWNERDEAD",
    "ENOTRECOVERABLE",
    "ERFKILL",
    "EHWPOISON",
];

/// An error number of the kernel, as user space sees it in `errno` (positive).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[error("{}", self.name())]
pub struct Errno(u8);

macro_rules! errnos {
    ($($name:ident = $number:literal),* $(,)?) => {
        $(
            #[doc = concat!("`", stringify!($name), "` (", stringify!($number), ")")]
            pub const $name: Self = Self($number);
        )*
    };
}

impl Errno {
    errnos! {
        ENOENT = 2, EIO = 5, ENXIO = 6, E2BIG = 7, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14,
        ENOTBLK = 15, EBUSY = 16, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENOSPC = 28,
        EROFS = 30, ERANGE = 34, ENAMETOOLONG = 36, ELOOP = 40, EBADE = 52, ENODATA = 61, ETIME = 62,
        ENOLINK = 67, EOVERFLOW = 75, EREMCHG = 78, EILSEQ = 84, EOPNOTSUPP = 95, ETOOMANYREFS = 109,
        ETIMEDOUT = 110, EREMOTEIO = 121,
    }

    /// The error's symbol, such as `EINVAL`.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::from(self.0).checked_sub(1).and_then(|i| NAMES.get(i)).copied().unwrap_or("E?")
    }

    /// The positive number, such as 22.
    #[must_use]
    pub fn number(self) -> i32 {
        i32::from(self.0)
    }

    /// The number as kernel functions return it: negative.
    #[must_use]
    pub fn negative(self) -> i32 {
        -self.number()
    }

    /// The error with this positive number, if Linux has one.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (1..=NAMES.len()).contains(&usize::from(number)).then_some(Self(number))
    }

    /// The error with this symbol.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let at = NAMES.iter().position(|n| *n == name)?;
        u8::try_from(at + 1).ok().map(Self)
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_agree_with_linux() {
        for (errno, name, number) in [
            (Errno::EINVAL, "EINVAL", 22),
            (Errno::ERANGE, "ERANGE", 34),
            (Errno::ENODATA, "ENODATA", 61),
            (Errno::EILSEQ, "EILSEQ", 84),
            (Errno::EOPNOTSUPP, "EOPNOTSUPP", 95),
            (Errno::ETIMEDOUT, "ETIMEDOUT", 110),
            (Errno::EREMOTEIO, "EREMOTEIO", 121),
            (Errno::EREMCHG, "EREMCHG", 78),
            (Errno::ETOOMANYREFS, "ETOOMANYREFS", 109),
        ] {
            assert_eq!((errno.name(), errno.number()), (name, number));
            assert_eq!(Errno::from_name(name), Some(errno));
            assert_eq!(Errno::from_number(number), Some(errno));
        }
        assert_eq!(Errno::from_number(133).map(Errno::name), Some("EHWPOISON"));
        assert_eq!(Errno::from_number(0), None);
        assert_eq!(Errno::from_number(134), None);
    }
}
