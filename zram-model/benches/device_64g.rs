//! A device of 64 GiB, in the storage that keeps sizes only: filled, marked idle, written back.
//!
//! `cargo bench -p zram-model --bench device_64g`. Fails if the process ever took 1 GiB of memory.

use std::time::Instant;

use zram_events::SlotIndex;
use zram_model::{Kernel, Profile, Storage};

mod load;

use load::{Deaf, Numbers, stored};

/// Slots of 64 GiB.
const SLOTS: u32 = 1 << 24;

/// Bytes of memory that must suffice.
const BUDGET: u64 = 1 << 30;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut kernel = Kernel::with_storage(Profile::debian_7_2(), Storage::Sizes);
    let dev = kernel.hot_add(&mut Deaf)?;
    for (name, text) in [("backing_dev", "/dev/backing"), ("compressed_writeback", "1"), ("disksize", "64G")]
    {
        kernel.write_attr(dev, name, text.as_bytes(), &mut Deaf)?;
    }
    let mut numbers = Numbers(7);
    let started = Instant::now();
    let writes = (0..SLOTS).map(|slot| (SlotIndex(slot), stored(&mut numbers)));
    let failed = kernel.store_all(dev, writes, &mut Deaf)?;
    told("filled", started)?;
    assert_eq!(failed, 0, "no write fails");
    print!("  mm_stat  {}", String::from_utf8_lossy(&kernel.read_attr(dev, "mm_stat")?));
    println!("  zspages  {}", kernel.zspages(dev)?.len());

    for (name, text, done) in [("idle", "all", "marked idle"), ("writeback", "type=idle", "written back")] {
        let started = Instant::now();
        kernel.write_attr(dev, name, text.as_bytes(), &mut Deaf)?;
        told(done, started)?;
    }
    print!("  bd_stat  {}", String::from_utf8_lossy(&kernel.read_attr(dev, "bd_stat")?));

    let peak = peak()?;
    println!("peak of memory: {} MiB, {:.1} bytes per slot", peak >> 20, peak as f64 / f64::from(SLOTS));
    if peak > BUDGET {
        return Err(format!("more than the {} MiB that must suffice", BUDGET >> 20).into());
    }
    Ok(())
}

/// Bytes of memory that the process has had at most (`VmHWM`).
fn peak() -> Result<u64, Failure> {
    let status = procfs::process::Process::myself()?.status()?;
    Ok(status.vmhwm.ok_or("/proc/self/status has no VmHWM")? * 1024)
}

fn told(what: &str, since: Instant) -> Result<(), Failure> {
    let seconds = since.elapsed().as_secs_f64();
    let rate = f64::from(SLOTS) / seconds / 1e6;
    println!(
        "{what:>14} in {seconds:6.2} s, {rate:6.2} million slots per second; at most {} MiB so far",
        peak()? >> 20
    );
    Ok(())
}
