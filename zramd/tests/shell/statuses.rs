//! A status with something in every field.

use zramd::control::{
    Status,
    status::{Age, Backing, BdStat, Budget, DeviceStatus, Doing, MmStat, Outcome, Regret, Slots, Waiting},
};

pub(crate) fn status() -> Status {
    Status {
        release: "0.1.0".to_owned(),
        running_seconds: 93_784,
        doing: Doing::Paused { seconds: Some(1800) },
        next_seconds: Some(240),
        budget: Budget {
            per_day_bytes: 1 << 30,
            spent_bytes: 300 << 20,
            granted_bytes: 16 << 20,
            left_bytes: 724 << 20,
            frees_in_seconds: Some(4000),
        },
        memory_used_permille: Some(713),
        io_waited_permille: Some(12),
        on_battery: Some(false),
        faults: vec![
            "the configuration is wrong, and the one before is in force: see `zramd check-config`".to_owned(),
        ],
        configuration: vec!["/etc/zramd/zramd.toml".to_owned()],
        devices: vec![swap(), bare()],
    }
}

/// With everything.
fn swap() -> DeviceStatus {
    DeviceStatus {
        device: "zram0".to_owned(),
        disksize_bytes: 8 << 30,
        mm_stat: MmStat {
            orig_data_size: 2 << 30,
            compr_data_size: 600 << 20,
            mem_used_total: 640 << 20,
            mem_limit: 1 << 30,
            mem_used_max: 700 << 20,
            same_pages: 5000,
            pages_compacted: 120,
            huge_pages: Some(9000),
        },
        backing: Some(Backing {
            path: "/dev/loop0".to_owned(),
            size_bytes: Some(4 << 30),
            bd_stat: BdStat { count: 76_800, reads: 1200, writes: 80_000 },
            writeback_limit: Some(4096),
        }),
        slots: Some(Slots {
            seconds_ago: 60,
            stored: 524_288,
            same: 5000,
            huge: 9000,
            incompressible: 700,
            idle: 30_000,
            written_back: 76_800,
            ages: vec![Age { from_seconds: 0, slots: 400_000 }, Age { from_seconds: 3600, slots: 42_488 }],
        }),
        idle_age_seconds: 10_800,
        regret: Regret {
            factor_permille: 1250,
            written_pages: 76_800,
            returned_pages: 1200,
            share_permille: Some(15),
        },
        outcomes: vec![
            Outcome {
                task: "writeback".to_owned(),
                outcome: "done".to_owned(),
                times: 140,
                seconds_ago: 600,
            },
            Outcome {
                task: "writeback".to_owned(),
                outcome: "io-error".to_owned(),
                times: 2,
                seconds_ago: 90,
            },
        ],
        waiting: vec![Waiting {
            task: "writeback".to_owned(),
            why: "the backing device failed".to_owned(),
            seconds: 510,
        }],
    }
}

/// With nothing that there need not be.
fn bare() -> DeviceStatus {
    DeviceStatus {
        device: "zram1".to_owned(),
        disksize_bytes: 1 << 30,
        mm_stat: MmStat::default(),
        backing: None,
        slots: None,
        idle_age_seconds: 10_800,
        regret: Regret { factor_permille: 1000, ..Regret::default() },
        outcomes: Vec::new(),
        waiting: Vec::new(),
    }
}
