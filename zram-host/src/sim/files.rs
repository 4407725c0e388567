//! The kernel's other files on a simulated machine: texts, as somebody wrote them down, or as the model's profile has them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use nix::errno::Errno;

use zram_events::DeviceId;
use zram_model::Profile;

use super::{SimHost, Surroundings};
use crate::{
    device::DeviceNumber,
    machine::{Clocks, Machine},
    port::{Buffer, Iovec, Port as _},
    probed::Probed,
    swap::{HEADER_BYTES, SwapOptions, is_header},
};

/// Files by path.
#[derive(Clone, Debug)]
pub(super) struct Files(BTreeMap<String, Vec<u8>>);

/// Of a machine with 8 GiB.
const MEMORY: &str = "\
MemTotal:        8388608 kB
MemFree:         4194304 kB
MemAvailable:    6291456 kB
Buffers:               0 kB
Cached:                0 kB
SwapCached:            0 kB
Active:                0 kB
Inactive:              0 kB
SwapTotal:             0 kB
SwapFree:              0 kB
Dirty:                 0 kB
Writeback:             0 kB
Mapped:                0 kB
Slab:                  0 kB
Committed_AS:          0 kB
PageTables:            0 kB
VmallocTotal:          0 kB
VmallocUsed:           0 kB
VmallocChunk:          0 kB
";

const NO_PRESSURE: &str = "\
some avg10=0.00 avg60=0.00 avg300=0.00 total=0
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
";

impl Files {
    /// A machine of 8 GiB on which nothing is swapped to and only a root is mounted, run by root, with a kernel that was built as the profile says.
    pub(super) fn new(profile: &Profile) -> Self {
        let release = format!("{}.0", profile.series);
        let file = |(path, text): (&str, &str)| (path.to_owned(), text.as_bytes().to_vec());
        let files = [
            ("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
            ("/proc/self/mountinfo", "1 0 0:1 / / rw - rootfs none rw\n"),
            ("/proc/self/status", "Name:\tzramctl-rs\nUid:\t0\t0\t0\t0\n"),
            ("/proc/meminfo", MEMORY),
            ("/proc/pressure/memory", NO_PRESSURE),
            ("/proc/pressure/io", NO_PRESSURE),
            ("/proc/cmdline", "root=/dev/vda1 ro\n"),
            ("/proc/sys/kernel/osrelease", &format!("{release}\n")),
            ("/sys/power/resume", "0:0\n"),
            ("/sys/class/zram-control/hot_remove", ""),
            ("/sys/module/zswap/parameters/enabled", "N\n"),
            ("/sys/kernel/btf/vmlinux", ""),
            ("/sys/kernel/btf/zram", ""),
            ("/sys/kernel/debug/clear_warn_once", ""),
            (
                "/sys/kernel/tracing/available_filter_functions",
                "zs_malloc\nzs_free\nzram_submit_bio [zram]\n",
            ),
            ("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n"),
            (&format!("/boot/config-{release}"), &configuration(profile)),
        ];
        Self(files.into_iter().map(file).collect())
    }
}

/// What such a kernel was built with, of what concerns zram.
fn configuration(profile: &Profile) -> String {
    let mut text = String::from("#\n# Automatically generated file; DO NOT EDIT.\n#\nCONFIG_ZRAM=m\n");
    for (name, on) in [
        ("ZRAM_WRITEBACK", profile.writeback),
        ("ZRAM_MULTI_COMP", profile.multi_comp),
        ("ZRAM_TRACK_ENTRY_ACTIME", profile.entry_access_time),
        ("ZRAM_MEMORY_TRACKING", profile.memory_tracking),
        ("ZSMALLOC_STAT", profile.zsmalloc_stat),
        ("ZSMALLOC", true),
        ("ZSWAP", true),
        ("PSI", true),
        ("DEBUG_INFO_BTF", true),
        ("KPROBES", true),
        ("FUNCTION_TRACER", true),
    ] {
        text += &if on { format!("CONFIG_{name}=y\n") } else { format!("# CONFIG_{name} is not set\n") };
    }
    text += &format!("CONFIG_ZSMALLOC_CHAIN_SIZE={}\n", profile.chain_size);
    text + &format!("CONFIG_ZRAM_DEF_COMP=\"{}\"\n", profile.default_algorithm)
}

impl<E: Surroundings> SimHost<E> {
    /// Puts a file of the kernel's there, in the place of what was there before.
    pub fn set_kernel_file(&mut self, path: &str, text: &str) {
        self.files.0.insert(path.to_owned(), text.as_bytes().to_vec());
    }

    /// Takes a file away, if it is there.
    pub fn remove_kernel_file(&mut self, path: &str) {
        self.files.0.remove(path);
    }

    /// The machine is suspended for so long.
    pub fn suspend(&mut self, time: Duration) {
        self.suspended += time;
        self.pause(time);
    }

    /// Sets the clock on the wall, by what it says at boot.
    pub fn set_wall_at_boot(&mut self, wall: Duration) {
        self.wall = wall;
    }

    /// A file that the model writes: `classes` of a device's pool.
    fn pool_classes(&self, path: &str) -> Option<Vec<u8>> {
        let device = path.strip_prefix("/sys/kernel/debug/zsmalloc/")?.strip_suffix("/classes")?;
        let device: DeviceNumber = device.parse().ok()?;
        self.kernel.profile().zsmalloc_stat.then(|| self.kernel.classes_text(DeviceId(device.0)).ok())?
    }
}

const SWAPS: &str = "/proc/swaps";

/// Whether a line of `/proc/swaps` is of this device.
fn is_of(line: &str, dev: u32) -> bool {
    line.split_whitespace().next() == Some(format!("/dev/zram{dev}").as_str())
}

impl<E: Surroundings> Machine for SimHost<E> {
    fn kernel_file(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        self.files.0.get(path).cloned().or_else(|| self.pool_classes(path)).ok_or(Errno::ENOENT)
    }

    fn kernel_folder(&mut self, path: &str) -> Result<Vec<String>, Errno> {
        let folder = format!("{path}/");
        let below = self.files.0.keys().filter_map(|file| file.strip_prefix(&folder));
        let names: BTreeSet<&str> = below.filter_map(|rest| rest.split('/').next()).collect();
        if names.is_empty() { Err(Errno::ENOENT) } else { Ok(names.into_iter().map(str::to_owned).collect()) }
    }

    /// A link is a file that has in it where it leads.
    fn kernel_link(&mut self, path: &str) -> Result<String, Errno> {
        let target = self.files.0.get(path).ok_or(Errno::ENOENT)?;
        Ok(String::from_utf8_lossy(target).into_owned())
    }

    fn page_size(&mut self) -> u64 {
        self.kernel.profile().page_size.bytes().into()
    }

    /// Whoever has it open has it for himself here.
    fn write_first_page(&mut self, dev: u32, page: &[u8; HEADER_BYTES]) -> Result<(), Errno> {
        if self.held.get(&dev).is_some_and(|times| *times > 0) {
            return Err(Errno::EBUSY);
        }
        let mut page = page.to_vec();
        let pieces = [Iovec { start: 0, len: HEADER_BYTES }];
        self.write(dev, 0, Buffer { arena: &mut page, pieces: &pieces }).map(drop)
    }

    /// The area is in use until [`Machine::swap_off`], as if somebody had it open; nothing is ever swapped to it.
    fn swap_on(&mut self, dev: u32, options: SwapOptions) -> Result<(), Errno> {
        let mut page = vec![0; HEADER_BYTES];
        let pieces = [Iovec { start: 0, len: HEADER_BYTES }];
        self.read(dev, 0, Buffer { arena: &mut page, pieces: &pieces })?;
        if !is_header(&page) {
            return Err(Errno::EINVAL);
        }
        let text = self.kernel_file(SWAPS)?;
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if text.lines().any(|line| is_of(line, dev)) {
            return Err(Errno::EBUSY);
        }
        self.hold(dev)?;
        let size = self.size(dev)? / 1024 - 4;
        let priority = options.priority.map_or(-2, i32::from);
        text.push_str(&format!("/dev/zram{dev}\tpartition\t{size}\t0\t{priority}\n"));
        self.set_kernel_file(SWAPS, &text);
        Ok(())
    }

    fn swap_off(&mut self, dev: u32) -> Result<(), Errno> {
        // The node is opened first.
        self.size(dev).map_err(|_| Errno::ENOENT)?;
        if let Some(left) = self.seen.stores.signals.checked_sub(1) {
            self.seen.stores.signals = left;
            return Err(Errno::EINTR);
        }
        let text = self.kernel_file(SWAPS)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (ours, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| is_of(line, dev));
        if ours.is_empty() {
            return Err(Errno::EINVAL);
        }
        let others: String = others.iter().map(|line| format!("{line}\n")).collect();
        self.set_kernel_file(SWAPS, &others);
        self.release(dev)
    }

    fn clocks(&mut self) -> Clocks {
        let boot = Duration::from_nanos(self.surroundings.boot_time());
        Clocks { boot, awake: boot.saturating_sub(self.suspended), wall: self.wall + boot }
    }

    fn pause(&mut self, time: Duration) {
        self.surroundings.pass(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn take_turn(&mut self) -> Result<(), Errno> {
        let left = self.seen.stores.others_turns.checked_sub(1);
        left.map_or(Ok(()), |left| {
            self.seen.stores.others_turns = left;
            Err(Errno::EWOULDBLOCK)
        })
    }

    fn probes(&mut self) -> Option<&mut dyn Probed> {
        Some(self)
    }
}
