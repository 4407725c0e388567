//! Which metrics there are.
//!
//! Names end in their unit, which is Prometheus' base unit: bytes, seconds, ratios. What the kernel counts in blocks of 4096 bytes is bytes here.

use super::text::{Kind, Text, Value};
use crate::{
    control::{
        Status,
        status::{DeviceStatus, Doing},
    },
    units::Units,
};

use Kind::{Counter, Gauge};

/// The text of all metrics.
#[must_use]
pub fn render(status: &Status) -> String {
    let mut text = Text::default();
    whole(&mut text, status);
    memory(&mut text, &status.devices);
    backing(&mut text, &status.devices);
    slots(&mut text, &status.devices);
    policy(&mut text, &status.devices);
    text.into_string()
}

type Labels<'a> = Vec<(&'a str, &'a str)>;

/// About the daemon and the machine.
fn whole(text: &mut Text, status: &Status) {
    let mut one = |kind, name: &str, help: &str, value: Option<Value>| {
        text.family(kind, name, help, value.map(|value| (Labels::new(), value)));
    };
    let paused = u64::from(matches!(status.doing, Doing::Paused { .. }));
    let driving = u64::from(matches!(status.doing, Doing::Driving));
    let budget = &status.budget;
    let whole = |value: u64| Some(Value::Whole(value));
    one(
        Gauge,
        "zramd_driving",
        "1 if zramd drives the devices; 0 if it is paused, or there is nothing to do",
        whole(driving),
    );
    one(Gauge, "zramd_paused", "1 if zramd was told to do nothing", whole(paused));
    one(Gauge, "zramd_uptime_seconds", "Since zramd was started", whole(status.running_seconds));
    one(
        Gauge,
        "zramd_faults",
        "Things that are wrong now, see zramd status",
        whole(status.faults.len() as u64),
    );
    one(
        Gauge,
        "zramd_budget_bytes",
        "What may be written to backing devices in 24 hours",
        whole(budget.per_day_bytes),
    );
    one(
        Gauge,
        "zramd_budget_spent_bytes",
        "What was written in the last 24 hours, with what is granted",
        whole(budget.spent_bytes),
    );
    one(
        Gauge,
        "zramd_budget_granted_bytes",
        "Granted to the kernel, and not known to be written yet",
        whole(budget.granted_bytes),
    );
    one(Gauge, "zramd_budget_left_bytes", "What may still be written", whole(budget.left_bytes));
    one(
        Gauge,
        "zramd_memory_used_ratio",
        "Of the memory, what is in use",
        status.memory_used_permille.map(Value::Permille),
    );
    one(
        Gauge,
        "zramd_io_waited_ratio",
        "Of the last ten seconds, for how much some task waited for I/O",
        status.io_waited_permille.map(Value::Permille),
    );
    one(
        Gauge,
        "zramd_on_battery",
        "1 if the machine runs on battery",
        status.on_battery.map(|on| Value::Whole(u64::from(on))),
    );
    text.family(
        Gauge,
        "zramd_info",
        "The release of zramd",
        [([("release", status.release.as_str())], Value::Whole(1))],
    );
}

/// A metric of each device that has it.
fn each<'a>(
    text: &mut Text,
    devices: &'a [DeviceStatus],
    (kind, name, help): (Kind, &str, &str),
    value: impl Fn(&'a DeviceStatus) -> Option<u64>,
) {
    let samples = devices
        .iter()
        .filter_map(|device| Some(([("device", device.device.as_str())], Value::Whole(value(device)?))));
    text.family(kind, name, help, samples);
}

fn memory(text: &mut Text, devices: &[DeviceStatus]) {
    let mut each = |about, value: fn(&DeviceStatus) -> Option<u64>| each(text, devices, about, value);
    each((Gauge, "zramd_disksize_bytes", "What a device offers"), |device| Some(device.disksize_bytes));
    each((Gauge, "zramd_original_bytes", "Pages that are stored (orig_data_size)"), |device| {
        Some(device.mm_stat.orig_data_size)
    });
    each((Gauge, "zramd_compressed_bytes", "What they are compressed to (compr_data_size)"), |device| {
        Some(device.mm_stat.compr_data_size)
    });
    each((Gauge, "zramd_memory_bytes", "Memory that they take (mem_used_total)"), |device| {
        Some(device.mm_stat.mem_used_total)
    });
    each((Gauge, "zramd_memory_peak_bytes", "Memory that they took once (mem_used_max)"), |device| {
        Some(device.mm_stat.mem_used_max)
    });
    each(
        (
            Gauge,
            "zramd_memory_limit_bytes",
            "Memory that they may take (mem_limit); left out without a limit",
        ),
        |device| Some(device.mm_stat.mem_limit).filter(|limit| *limit > 0),
    );
    each((Gauge, "zramd_same_pages", "Pages of one word"), |device| Some(device.mm_stat.same_pages));
    each((Gauge, "zramd_huge_pages", "Pages that do not compress"), |device| device.mm_stat.huge_pages);
    each((Counter, "zramd_compacted_pages_total", "Pages that compaction gave back"), |device| {
        Some(device.mm_stat.pages_compacted)
    });
}

fn backing(text: &mut Text, devices: &[DeviceStatus]) {
    let mut each = |about, value: fn(&DeviceStatus) -> Option<u64>| each(text, devices, about, value);
    each((Gauge, "zramd_backing_size_bytes", "How large the backing device is"), |device| {
        device.backing.as_ref()?.size_bytes
    });
    each((Gauge, "zramd_backing_bytes", "What is on the backing device (bd_count)"), |device| {
        Some(Units(device.backing.as_ref()?.bd_stat.count).bytes())
    });
    each((Counter, "zramd_backing_read_bytes_total", "What was read back from it (bd_reads)"), |device| {
        Some(Units(device.backing.as_ref()?.bd_stat.reads).bytes())
    });
    each((Counter, "zramd_backing_written_bytes_total", "What was written to it (bd_writes)"), |device| {
        Some(Units(device.backing.as_ref()?.bd_stat.writes).bytes())
    });
    each(
        (
            Gauge,
            "zramd_writeback_limit_bytes",
            "What the kernel may still write (writeback_limit); left out without a limit",
        ),
        |device| Some(Units(device.backing.as_ref()?.writeback_limit?).bytes()),
    );
}

fn slots(text: &mut Text, devices: &[DeviceStatus]) {
    let states = devices.iter().filter_map(|device| Some((device.device.as_str(), device.slots.as_ref()?)));
    let states = states.flat_map(|(device, slots)| {
        let states = [
            ("stored", slots.stored),
            ("same", slots.same),
            ("huge", slots.huge),
            ("incompressible", slots.incompressible),
            ("idle", slots.idle),
            ("written_back", slots.written_back),
        ];
        states.map(|(state, count)| ([("device", device), ("state", state)], Value::Whole(count)))
    });
    text.family(Gauge, "zramd_slots", "Slots by state; a slot can be in several", states);
    each(text, devices, (Gauge, "zramd_slots_counted_ago_seconds", "When they were counted"), |device| {
        Some(device.slots.as_ref()?.seconds_ago)
    });
    let ages: Vec<(&str, String, u64)> = devices
        .iter()
        .flat_map(|device| {
            device
                .slots
                .iter()
                .flat_map(|slots| &slots.ages)
                .map(|age| (device.device.as_str(), age.from_seconds.to_string(), age.slots))
        })
        .collect();
    let samples = ages.iter().map(|(device, from, slots)| {
        ([("device", *device), ("from_seconds", from.as_str())], Value::Whole(*slots))
    });
    text.family(
        Gauge,
        "zramd_slots_by_age",
        "Slots in memory by when they were used last: so long ago, and not as long as the next",
        samples,
    );
}

fn policy(text: &mut Text, devices: &[DeviceStatus]) {
    each(
        text,
        devices,
        (Gauge, "zramd_idle_age_seconds", "Pages that were not used for so long are idle now"),
        |device| Some(device.idle_age_seconds),
    );
    let ratio = |value: fn(&DeviceStatus) -> Option<u32>| {
        devices.iter().filter_map(move |device| {
            Some(([("device", device.device.as_str())], Value::Permille(value(device)?)))
        })
    };
    text.family(
        Gauge,
        "zramd_regret_factor",
        "What the idle age is multiplied by, for what came back",
        ratio(|device| Some(device.regret.factor_permille)),
    );
    text.family(
        Gauge,
        "zramd_regret_ratio",
        "Pages that came back for each that was written, within the horizon",
        ratio(|device| device.regret.share_permille),
    );
    each(
        text,
        devices,
        (Gauge, "zramd_regret_written_pages", "Pages written within the horizon"),
        |device| Some(device.regret.written_pages),
    );
    each(text, devices, (Gauge, "zramd_regret_returned_pages", "Pages of those that came back"), |device| {
        Some(device.regret.returned_pages)
    });
    let outcomes = devices.iter().flat_map(|device| {
        device.outcomes.iter().map(|outcome| {
            let labels = [
                ("device", device.device.as_str()),
                ("task", outcome.task.as_str()),
                ("outcome", outcome.outcome.as_str()),
            ];
            (labels, Value::Whole(outcome.times))
        })
    });
    text.family(Counter, "zramd_actions_total", "What zramd did, by how it ended", outcomes);
    let waiting = devices.iter().flat_map(|device| {
        device.waiting.iter().map(|waiting| {
            (
                [("device", device.device.as_str()), ("task", waiting.task.as_str())],
                Value::Whole(waiting.seconds),
            )
        })
    });
    text.family(
        Gauge,
        "zramd_waiting_seconds",
        "What is left alone after a failure, for how long still",
        waiting,
    );
}
