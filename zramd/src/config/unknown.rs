//! Keys that nobody knows.
//!
//! They are refused: a setting that is misspelt and passed over is one that somebody believes to have.

/// What is said about a key that is not known in this table (empty: outside of all), where these are.
pub(super) fn key(name: &str, table: &str, known: &[&str]) -> String {
    let place = if table.is_empty() { String::new() } else { format!(" in [{table}]") };
    match nearest(name, known) {
        Some(meant) => format!("there is no key {name:?}{place}: did you mean {meant}?"),
        None => format!("there is no key {name:?}{place}: there are {}", known.join(", ")),
    }
}

/// The one that it is likely to be.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let near = known.iter().map(|known| (strsim::jaro_winkler(&name, known), *known));
    near.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_guessed_if_it_is_near() {
        let known = ["per-day", "round-min", "round-max"];
        assert_eq!(
            key("per_day", "writeback", &known),
            "there is no key \"per_day\" in [writeback]: did you mean per-day?"
        );
        assert_eq!(key("Round-Max", "", &known), "there is no key \"Round-Max\": did you mean round-max?");
        assert_eq!(key("zz", "", &known), "there is no key \"zz\": there are per-day, round-min, round-max");
    }
}
