//! The list of recompression's tiers: tables within a list.
//!
//! A list is one value: a file that has one replaces that of the files before it, and `recompression = []` takes all of them away. Merging lists
//! tier by tier would need names that nobody gives.

use std::time::Duration;

use toml::de::DeValue;

use super::{
    Pages, Tier,
    setting::{Problem, Setting, Value, duration, kind, toml_string},
    unknown,
};

/// zram has priorities 1 to 3 for algorithms of recompression (`ZRAM_MAX_COMPS`).
pub(super) const MOST: usize = 3;

/// The keys of one.
pub(super) const KEYS: [&str; 6] = ["algorithm", "every", "max-pages", "older", "pages", "threshold"];

const HOUR: Duration = Duration::from_secs(3600);

impl Setting for Vec<Tier> {
    const TAKES: &'static str = "tables [[recompression]] with algorithm = \"zstd\"";

    fn read(value: &Value<'_>) -> Result<Self, Vec<Problem>> {
        let tables = match value.get_ref() {
            DeValue::Array(tables) => tables,
            DeValue::Table(_) => {
                return Err(vec![Problem::of(
                    value,
                    "this is one table: write [[recompression]], once for each algorithm",
                )]);
            }
            other => {
                return Err(vec![Problem::of(
                    value,
                    format!("this is {}: give {}", kind(other), Self::TAKES),
                )]);
            }
        };
        let mut problems = Vec::new();
        if tables.len() > MOST {
            let what =
                format!("{} tiers are more than the {MOST} algorithms that zram has room for", tables.len());
            problems.push(Problem::of(value, what));
        }
        let mut tiers = Self::new();
        for table in tables.iter() {
            match tier(table) {
                Ok(tier) => tiers.push(tier),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(tiers) } else { Err(problems) }
    }

    fn show(&self) -> String {
        let tiers: Vec<String> = self.iter().map(shown).collect();
        format!("[{}]", tiers.join(", "))
    }
}

fn tier(value: &Value<'_>) -> Result<Tier, Vec<Problem>> {
    let DeValue::Table(table) = value.get_ref() else {
        let what = format!("this is {}: give {}", kind(value.get_ref()), Vec::<Tier>::TAKES);
        return Err(vec![Problem::of(value, what)]);
    };
    let mut problems = Vec::new();
    let mut algorithm = None;
    let mut tier = Tier {
        algorithm: String::new(),
        pages: Pages::Idle,
        older: 2 * HOUR,
        threshold: None,
        max_pages: None,
        every: HOUR,
    };
    for (key, value) in table.iter() {
        let read = match key.get_ref().as_ref() {
            "algorithm" => name(value).map(|name| algorithm = Some(name)),
            "every" => Duration::read(value).map(|every| tier.every = every),
            "max-pages" => number(value, "a number of pages, at least 1", u64::from(u32::MAX))
                .map(|pages| tier.max_pages = Some(pages)),
            "older" => Duration::read(value).map(|older| tier.older = older),
            "pages" => pages(value).map(|pages| tier.pages = pages),
            // Linux refuses what is not below the size of a page (`recompress_store`).
            "threshold" => {
                number(value, "a number of bytes from 1 to 4095: an object has less than a page", 4095)
                    .map(|bytes| tier.threshold = Some(bytes))
            }
            other => {
                Err(vec![Problem { span: key.span(), what: unknown::key(other, "recompression", &KEYS) }])
            }
        };
        problems.extend(read.err().into_iter().flatten());
    }
    let named = problems.is_empty() && algorithm.is_none();
    if named {
        problems.push(Problem::of(value, "a tier needs an algorithm, such as algorithm = \"zstd\""));
    }
    tier.algorithm = algorithm.unwrap_or_default();
    if problems.is_empty() { Ok(tier) } else { Err(problems) }
}

/// One word, which a command to the kernel can hold.
fn name(value: &Value<'_>) -> Result<String, Vec<Problem>> {
    const TAKES: &str = "one of the names in /sys/block/zram0/recomp_algorithm, such as \"zstd\"";
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match value.get_ref() {
        DeValue::String(text) if !text.is_empty() && text.chars().all(fits) => Ok(text.to_string()),
        DeValue::String(text) => {
            Err(vec![Problem::of(value, format!("{text:?} is no algorithm's name: give {TAKES}"))])
        }
        other => Err(vec![Problem::of(value, format!("this is {}: give {TAKES}", kind(other)))]),
    }
}

fn pages(value: &Value<'_>) -> Result<Pages, Vec<Problem>> {
    const TAKES: &str = "\"idle\", \"huge\" or \"huge-idle\"";
    match value.get_ref() {
        DeValue::String(text) => match text.as_ref() {
            "idle" => Ok(Pages::Idle),
            "huge" => Ok(Pages::Huge),
            "huge-idle" => Ok(Pages::HugeIdle),
            text => Err(vec![Problem::of(value, format!("{text:?} is none of the words: give {TAKES}"))]),
        },
        other => Err(vec![Problem::of(value, format!("this is {}: give {TAKES}", kind(other)))]),
    }
}

/// A plain number, from 1.
fn number(value: &Value<'_>, takes: &str, most: u64) -> Result<u32, Vec<Problem>> {
    let what = match value.get_ref() {
        DeValue::Integer(number) => {
            let fits = u64::from_str_radix(number.as_str(), number.radix()).ok();
            let fits = fits.filter(|number| (1..=most).contains(number));
            match fits.and_then(|number| u32::try_from(number).ok()) {
                Some(number) => return Ok(number),
                None => format!("{number} is out of range: give {takes}"),
            }
        }
        DeValue::String(_) => format!("this is a text: give {takes}, without quotes"),
        other => format!("this is {}: give {takes}", kind(other)),
    };
    Err(vec![Problem::of(value, what)])
}

fn shown(tier: &Tier) -> String {
    let pages = match tier.pages {
        Pages::Idle => "idle",
        Pages::Huge => "huge",
        Pages::HugeIdle => "huge-idle",
    };
    let mut text = format!("{{ algorithm = {}, pages = \"{pages}\"", toml_string(&tier.algorithm));
    text += &format!(", older = \"{}\"", duration(tier.older));
    if let Some(threshold) = tier.threshold {
        text += &format!(", threshold = {threshold}");
    }
    if let Some(pages) = tier.max_pages {
        text += &format!(", max-pages = {pages}");
    }
    text + &format!(", every = \"{}\" }}", duration(tier.every))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Tier>, Vec<Problem>> {
        Vec::<Tier>::read(&DeValue::parse(text).unwrap())
    }

    #[test]
    fn tiers_are_read_with_what_is_usual_where_nothing_is_said() {
        let tiers = read(
            "[{ algorithm = \"zstd\" }, { algorithm = \"deflate\", pages = \"huge-idle\", older = \"1h\", threshold = 3000, max-pages = 4096, every = \"20min\" }]",
        );
        let tiers = tiers.unwrap();
        let usual = Tier {
            algorithm: "zstd".to_owned(),
            pages: Pages::Idle,
            older: 2 * HOUR,
            threshold: None,
            max_pages: None,
            every: HOUR,
        };
        assert_eq!(tiers[0], usual);
        assert_eq!(
            (tiers[1].pages, tiers[1].threshold, tiers[1].max_pages),
            (Pages::HugeIdle, Some(3000), Some(4096))
        );
        assert_eq!(read(&tiers.show()).unwrap(), tiers);
        assert_eq!(read("[]").unwrap(), []);
    }

    #[test]
    fn all_that_is_wrong_with_them_is_said_at_once() {
        let said = |text: &str| {
            let problems = read(text).unwrap_err();
            problems.iter().map(|problem| problem.what.clone()).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(
            [
                said("3"),
                said("{ algorithm = \"zstd\" }"),
                said("[1, { }]"),
                said("[{ algorithm = \"z std\" }, { algorithm = 3, pages = \"all\", threshold = 4096, max-pages = 0 }]"),
                said("[{ algorithm = \"zstd\", algoritm = \"lz4\", pages = true, threshold = \"3000\", older = 3 }]"),
                said("[{ algorithm = \"a\" }, { algorithm = \"a\" }, { algorithm = \"a\" }, { algorithm = \"a\" }]"),
            ]
            .join("\n")
        );
    }
}
