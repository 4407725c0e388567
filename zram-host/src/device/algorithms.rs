//! Compression algorithms as a device offers them.

use serde::Serialize;

/// `comp_algorithm`: names in a row, the chosen one in brackets (`comp_algorithm_show`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Algorithms {
    /// The chosen one. `None`: none is, which a kernel shows for a name that it forgot.
    pub chosen: Option<String>,
    /// All that can be chosen.
    pub offered: Vec<String>,
}

impl Algorithms {
    /// From a line of names.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let mut chosen = None;
        let offered = line.split_whitespace().map(|word| {
            let name = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
            if let Some(name) = name {
                chosen = Some(name.to_owned());
            }
            name.unwrap_or(word).to_owned()
        });
        let offered = offered.collect();
        Self { chosen, offered }
    }
}

/// A line of `recomp_algorithm`: the algorithm for recompression at one priority (`recomp_algorithm_show`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recompression {
    /// Its priority, 1 to 3. The higher, the later it is tried.
    pub priority: u32,
    /// What is chosen, and what could be.
    pub algorithms: Algorithms,
}

impl Recompression {
    /// From the attribute's text: one line for each priority that has an algorithm. Linux 7.x puts NULs between the lines
    /// (`zcomp_available_show` answers with a position that its caller adds to the position).
    #[must_use]
    pub fn parse(text: &str) -> Vec<Self> {
        let line = |line: &str| {
            let (priority, names) = line.trim_start_matches('\0').strip_prefix('#')?.split_once(':')?;
            Some(Self { priority: priority.parse().ok()?, algorithms: Algorithms::parse(names) })
        };
        text.lines().filter_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_in_brackets_is_chosen() {
        let algorithms = Algorithms::parse("lzo-rle [zstd] lz4 \n");
        assert_eq!(algorithms.chosen.as_deref(), Some("zstd"));
        assert_eq!(algorithms.offered, ["lzo-rle", "zstd", "lz4"]);
        assert_eq!(Algorithms::parse("lzo lz4\n").chosen, None);
    }

    #[test]
    fn each_priority_has_a_line() {
        let lines = Recompression::parse("#1: lzo [zstd] \n\0\0\0\0#3: [deflate] lzo \n\0\0nonsense\n");
        let shown: Vec<_> =
            lines.iter().map(|line| (line.priority, line.algorithms.chosen.as_deref())).collect();
        assert_eq!(shown, [(1, Some("zstd")), (3, Some("deflate"))]);
        assert_eq!(Recompression::parse(""), []);
    }
}
