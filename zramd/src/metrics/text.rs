//! The exposition format, version 0.0.4: families of samples, each with its help and type.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::Write as _;

/// What a metric does over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows, but for a beginning anew.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// A text that grows by families.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// A family: its name, its help, and samples with their labels. Without samples it is left out.
    pub(super) fn family<'a, L>(
        &mut self,
        kind: Kind,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, Value)>,
    ) where
        L: IntoIterator<Item = (&'a str, &'a str)>,
    {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let text = &mut self.0;
        // Into memory, which takes everything.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.into_iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            text.push_str(name);
            if !labels.is_empty() {
                let _ = write!(text, "{{{}}}", labels.join(","));
            }
            let _ = match value {
                Value::Whole(value) => writeln!(text, " {value}"),
                Value::Permille(value) => writeln!(text, " {}.{:03}", value / 1000, value % 1000),
            };
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A whole number.
    Whole(u64),
    /// Thousandths: shown as a ratio.
    Permille(u32),
}

/// The value of a label.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_is_escaped() {
        let mut text = Text::default();
        let labels = [("path", "/a \"b\"\\\n"), ("device", "zram0")];
        text.family(
            Kind::Gauge,
            "a_ratio",
            "With a \\ and\na line",
            [(labels.into_iter(), Value::Permille(1050))],
        );
        text.family(Kind::Counter, "b_total", "None", [([("", ""); 0].into_iter(), Value::Whole(u64::MAX))]);
        text.family(Kind::Counter, "c_total", "Nothing", None::<(Vec<(&str, &str)>, Value)>);
        assert_eq!(
            text.into_string(),
            "# HELP a_ratio With a \\\\ and\\na line\n# TYPE a_ratio gauge\na_ratio{path=\"/a \\\"b\\\"\\\\\\n\",device=\"zram0\"} 1.050\n\
             # HELP b_total None\n# TYPE b_total counter\nb_total 18446744073709551615\n"
        );
    }
}
