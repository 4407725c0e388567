//! Where the kernel counts its interrupts.
//!
//! Whether code runs in an interrupt stands in a per-CPU variable, and BPF programs of these kinds have no helper that says it.
//! Its address is the symbol's plus what is added for the CPU. The symbol is `__preempt_count`, and from 6.2 to 6.14
//! a member of `pcpu_hot`; both, and the offsets, are in `/proc/kallsyms` of kernels with `CONFIG_KALLSYMS_ALL`.

use std::fs;

use zram_events::layout::{Layout, Measure};

use crate::btf::Btf;

const SYMBOLS: &str = "/proc/kallsyms";

/// Bits of `preempt_count` that are set in interrupts: those that count hard interrupts (`HARDIRQ_MASK`) and non-maskable
/// ones (`NMI_MASK`), and the lowest of those for soft ones, which alone says that one is being served (`SOFTIRQ_OFFSET`).
const BITS: u32 = 0x000f_0000 | 0x00f0_0000 | 0x100;

/// The same where the eight bits above those for soft interrupts say how often interrupts were disabled
/// (`HARDIRQ_DISABLE_MASK`), and those for interrupts lie above them: 7.3. What interrupts were like before the first of these
/// is then kept in a variable, `local_interrupt_disable_state`, and that is how to tell.
const BITS_ABOVE_DISABLED: u32 = 0x0f00_0000 | 0x1000_0000 | 0x100;

/// Writes the addresses into the layout; whether they are known.
pub(crate) fn locate(layout: &mut Layout, kernel: &Btf<'_>) -> bool {
    let member = kernel.member("pcpu_hot", "preempt_count").ok().flatten().map(|member| member.bit / 8);
    fs::read_to_string(SYMBOLS).is_ok_and(|text| locate_in(&text, member, layout))
}

/// `member` is where the count lies in `pcpu_hot`, if it does.
fn locate_in(symbols: &str, member: Option<u32>, layout: &mut Layout) -> bool {
    let (mut own, mut hot, mut offsets, mut disabled) = (None, None, None, None);
    for line in symbols.lines() {
        // Modules have such names too, behind a tab.
        let Some((address, name)) =
            line.split_once(' ').and_then(|(address, rest)| Some((address, rest.get(2..)?)))
        else {
            continue;
        };
        let found = match name {
            "__preempt_count" => &mut own,
            "pcpu_hot" => &mut hot,
            "__per_cpu_offset" => &mut offsets,
            "local_interrupt_disable_state" => &mut disabled,
            _ => continue,
        };
        *found = u64::from_str_radix(address, 16).ok();
    }
    let hot = hot.zip(member).map(|(address, member)| address + u64::from(member));
    // Without the right to see addresses, all of them read as 0.
    let (Some(count), Some(offsets @ 1..)) = (own.or(hot).filter(|count| *count != 0), offsets) else {
        return false;
    };
    layout.set_address(Measure::PreemptCount, Measure::PreemptCountHigh, count);
    layout.set_address(Measure::PerCpuOffset, Measure::PerCpuOffsetHigh, offsets);
    layout.measures[Measure::InterruptBits as usize] =
        if disabled.is_some() { BITS_ABOVE_DISABLED } else { BITS };
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(symbols: &str, member: Option<u32>) -> Option<(u64, u64)> {
        let mut layout = Layout::ABSENT;
        let known = locate_in(symbols, member, &mut layout);
        let address = |low: Measure, high: Measure| {
            u64::from(layout.measures[high as usize]) << 32 | u64::from(layout.measures[low as usize])
        };
        known.then(|| {
            (
                address(Measure::PreemptCount, Measure::PreemptCountHigh),
                address(Measure::PerCpuOffset, Measure::PerCpuOffsetHigh),
            )
        })
    }

    #[test]
    fn a_symbol_of_its_own_or_a_member() {
        let new = "ffffffff83a1c004 D __preempt_count\nffffffff82f0aa00 D __per_cpu_offset\n";
        assert_eq!(located(new, None), Some((0xffff_ffff_83a1_c004, 0xffff_ffff_82f0_aa00)));
        let middle = "0000000000033e00 A pcpu_hot\nffffffff82f0aa00 R __per_cpu_offset\n";
        assert_eq!(located(middle, Some(8)), Some((0x33e08, 0xffff_ffff_82f0_aa00)));
        assert_eq!(located(middle, None), None);
    }

    #[test]
    fn the_bits_moved_when_disabling_came_to_be_counted() {
        let bits = |more: &str| {
            let text =
                format!("ffffffff83a1c004 D __preempt_count\n{more}ffffffff82f0aa00 D __per_cpu_offset\n");
            let mut layout = Layout::ABSENT;
            locate_in(&text, None, &mut layout).then(|| layout.measure(Measure::InterruptBits))
        };
        assert_eq!(bits(""), Some(Some(0x00ff_0100)));
        assert_eq!(bits("ffffffff83a1c010 D local_interrupt_disable_state\n"), Some(Some(0x1f00_0100)));
    }

    #[test]
    fn what_is_hidden_or_of_a_module_is_not_found() {
        let hidden = "0000000000000000 D __preempt_count\n0000000000000000 D __per_cpu_offset\n";
        assert_eq!(located(hidden, None), None);
        let module = "ffffffffc0000000 t __preempt_count\t[x]\nffffffff82f0aa00 D __per_cpu_offset\n";
        assert_eq!(located(module, None), None);
    }
}
