//! `cargo xtask kernels`: the table, and what of it is in the cache.

use std::process::ExitCode;

use serde::Serialize;

use super::{Capabilities, Kernel, Table, cached, damage, version};
use crate::context::Cx;
use crate::progress::{self, human};

/// A kernel of the table.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// Whether it is verified when none is named.
    default: bool,
    profile: Option<String>,
    /// Where it comes from, for people.
    origin: String,
    cached: Option<Cached>,
    /// What is wrong with the one in the cache.
    damage: Option<String>,
}

/// What is known of a kernel that is in the cache.
#[derive(Debug, Serialize)]
struct Cached {
    release: String,
    package: String,
    bytes: u64,
    capabilities: Capabilities,
}

/// Prints the table.
pub(crate) fn list(cx: &Cx, json: bool) -> anyhow::Result<ExitCode> {
    let table = Table::built_in()?;
    let rows: Vec<Row> = table.kernels.iter().map(|kernel| row(cx, kernel)).collect::<anyhow::Result<_>>()?;
    progress::result(&if json { serde_json::to_string_pretty(&rows)? } else { text(&rows) })?;
    Ok(ExitCode::SUCCESS)
}

fn row(cx: &Cx, kernel: &Kernel) -> anyhow::Result<Row> {
    let cached = match cached(cx, kernel)? {
        Some(installed) => Some(Cached {
            release: installed.release().to_owned(),
            package: installed.package_version().to_owned(),
            bytes: installed.size(),
            capabilities: Capabilities::of(&installed)?,
        }),
        None => None,
    };
    let damage = if cached.is_none() { damage(cx, kernel)? } else { None };
    Ok(Row {
        name: kernel.name.clone(),
        default: kernel.default,
        profile: kernel.profile.clone(),
        origin: kernel.origin.description(),
        cached,
        damage,
    })
}

/// A few short lines per kernel, so that they fit a terminal.
fn text(rows: &[Row]) -> String {
    let name = |row: &Row| format!("{}{}", row.name, if row.default { " *" } else { "" });
    let width = rows.iter().map(|row| name(row).len()).max().unwrap_or(0).max("kernel".len());
    let mut text = format!("{:width$}  {:10}  {:12}  {}\n", "kernel", "version", "profile", "in the cache");
    for row in rows {
        let profile = row.profile.as_deref().unwrap_or("nearest");
        let (of, size, details) = match (&row.cached, &row.damage) {
            (Some(cached), _) => {
                (version(&cached.release), human(cached.bytes), cached.capabilities.words().to_vec())
            }
            (None, Some(why)) => {
                ("?", "damaged".to_owned(), vec![why.clone(), "fetched again when next used".to_owned()])
            }
            (None, None) => ("?", "no".to_owned(), vec![row.origin.clone()]),
        };
        text.push_str(&format!("{:width$}  {of:10}  {profile:12}  {size}\n", name(row)));
        for detail in details.iter().filter(|detail| !detail.is_empty()) {
            text.push_str(&format!("    {detail}\n"));
        }
    }
    text.push_str("* verified when none is named");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_fits_a_terminal() {
        let row = |name: &str, cached, damage: Option<&str>| Row {
            name: name.into(),
            default: name == "debian-7.2",
            profile: (name != "debian-9.9").then(|| name.to_owned()),
            origin: "newest 9.9.* (cloud-amd64) of sid, forky, trixie-backports".into(),
            cached,
            damage: damage.map(str::to_owned),
        };
        let cached = |release: &str| Cached {
            release: release.into(),
            package: "7.2.13-1".into(),
            bytes: 84 << 20,
            capabilities: Capabilities {
                algorithms: vec!["lzo", "lzo-rle", "lz4", "lz4hc", "zstd", "deflate", "842"],
                multi_comp: true,
                writeback: true,
                batched_writeback: true,
                compressed_writeback: true,
                fault_injection: true,
                lockdep: false,
            },
        };
        let text = text(&[
            row("debian-7.2", Some(cached("7.2.13+deb14-cloud-amd64")), None),
            row("debian-6.12", None, Some("kernel is 3 bytes long and not 12345")),
            row("debian-9.9", None, None),
        ]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
    }
}
