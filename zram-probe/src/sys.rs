//! The few `bpf(2)` commands that aya does not offer in the form needed.
//!
//! aya loads tracing programs against the kernel's own BTF only; a function of a module needs the
//! module's BTF named in `attach_btf_obj_fd`. So programs are loaded here, on maps that aya made.

use std::{
    ffi::CString,
    io,
    mem::zeroed,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
};

use aya_obj::generated::{
    bpf_attach_type, bpf_attr, bpf_btf_info, bpf_cmd, bpf_insn, bpf_prog_info, bpf_prog_type,
};
use nix::libc;

/// Room for the verifier's account of a refused program.
const LOG_BYTES: usize = 1 << 20;

/// Longest name that the kernel keeps for a program, without the terminating zero.
const NAME_BYTES: usize = 15;

fn empty() -> bpf_attr {
    // SAFETY: a union of integers and raw pointers, for which zero is a value; the kernel requires unused bytes to be zero.
    unsafe { zeroed() }
}

fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i64> {
    // SAFETY: `attr` is as large as said; every pointer in it was set by the callers below from live
    // buffers of the length that they also set.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command as u32, attr, size_of::<bpf_attr>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn bpf_fd(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    let fd = bpf(command, attr)?;
    // SAFETY: the commands used with this function return a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Fills `info`, which must be the structure that the kernel has for this kind of descriptor.
fn info<T>(fd: BorrowedFd<'_>, info: &mut T) -> io::Result<()> {
    let mut attr = empty();
    attr.info.bpf_fd = fd.as_raw_fd() as u32;
    attr.info.info = (info as *mut T) as u64;
    attr.info.info_len = size_of::<T>() as u32;
    bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr).map(drop)
}

/// The BTF that the kernel holds for a module.
///
/// # Errors
/// `ENOENT` if there is none of that name; `EPERM` without `CAP_SYS_ADMIN`.
pub(crate) fn module_btf(module: &str) -> io::Result<OwnedFd> {
    let mut id = 0;
    loop {
        let mut attr = empty();
        attr.__bindgen_anon_6.__bindgen_anon_1.start_id = id;
        bpf(bpf_cmd::BPF_BTF_GET_NEXT_ID, &mut attr)?;
        // SAFETY: the command has written the number here.
        id = unsafe { attr.__bindgen_anon_6.next_id };
        let mut attr = empty();
        attr.__bindgen_anon_6.__bindgen_anon_1.btf_id = id;
        let fd = match bpf_fd(bpf_cmd::BPF_BTF_GET_FD_BY_ID, &mut attr) {
            Ok(fd) => fd,
            // Gone since its number was given out.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => continue,
            Err(error) => return Err(error),
        };
        if is_kernel_btf(&fd, module)? {
            return Ok(fd);
        }
    }
}

fn is_kernel_btf(fd: &OwnedFd, module: &str) -> io::Result<bool> {
    use std::os::fd::AsFd as _;
    let mut name = [0u8; 64];
    // SAFETY: integers only.
    let mut about: bpf_btf_info = unsafe { zeroed() };
    about.name = name.as_mut_ptr() as u64;
    about.name_len = name.len() as u32;
    info(fd.as_fd(), &mut about)?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Ok(about.kernel_btf == 1 && &name[..end] == module.as_bytes())
}

/// A tracing program about to be loaded.
pub(crate) struct Tracing<'a> {
    pub(crate) name: &'a str,
    pub(crate) attach: bpf_attach_type,
    /// The function's number in its BTF.
    pub(crate) function: u32,
    /// The module's BTF; none for the kernel's.
    pub(crate) module: Option<BorrowedFd<'a>>,
    pub(crate) instructions: &'a [bpf_insn],
    pub(crate) license: &'a CString,
}

/// Loads it. On refusal, the error and what the verifier wrote.
pub(crate) fn load(program: &Tracing<'_>) -> Result<OwnedFd, (io::Error, String)> {
    // Without a log first: writing one takes the verifier several times as long.
    match load_once(program, &mut []) {
        Ok(fd) => Ok(fd),
        Err(_) => {
            let mut log = vec![0u8; LOG_BYTES];
            load_once(program, &mut log).map_err(|error| {
                let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
                (error, String::from_utf8_lossy(&log[..end]).into_owned())
            })
        }
    }
}

fn load_once(program: &Tracing<'_>, log: &mut [u8]) -> io::Result<OwnedFd> {
    let mut attr = empty();
    // SAFETY: all of the union's bytes are zero, which is a value of this member too.
    let load = unsafe { &mut attr.__bindgen_anon_3 };
    for (to, from) in load.prog_name.iter_mut().zip(program.name.bytes().take(NAME_BYTES)) {
        *to = from as libc::c_char;
    }
    load.prog_type = bpf_prog_type::BPF_PROG_TYPE_TRACING as u32;
    load.expected_attach_type = program.attach as u32;
    load.insns = program.instructions.as_ptr() as u64;
    load.insn_cnt = program.instructions.len() as u32;
    load.license = program.license.as_ptr() as u64;
    load.attach_btf_id = program.function;
    if let Some(module) = program.module {
        load.__bindgen_anon_1.attach_btf_obj_fd = module.as_raw_fd() as u32;
    }
    if !log.is_empty() {
        load.log_level = 1;
        load.log_buf = log.as_mut_ptr() as u64;
        load.log_size = log.len() as u32;
    }
    bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr)
}

/// Attaches a loaded tracing program to the function it was loaded for. Closing the descriptor detaches.
pub(crate) fn attach(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attr = empty();
    attr.raw_tracepoint.prog_fd = program.as_raw_fd() as u32;
    bpf_fd(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
}

/// How often the kernel skipped a program because it was already running on that CPU.
pub(crate) fn recursion_misses(program: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: integers only.
    let mut about: bpf_prog_info = unsafe { zeroed() };
    info(program, &mut about)?;
    Ok(about.recursion_misses)
}
