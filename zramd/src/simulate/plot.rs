//! How runs went, drawn: memory, wear and read-backs over time, a line for each policy.
//!
//! One SVG, for a page of documentation. Lines differ by colour and by dashes, so that either is enough.

use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, Color as _, DashedLineSeries, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _,
        IntoFont as _, PathElement, RGBColor, SVGBackend, SeriesLabelPosition, ShapeStyle, WHITE,
    },
};

use super::{Named, outcome::Sample};

const SIZE: (u32, u32) = (760, 900);

/// Okabe and Ito's colours, which those who do not see all colours can tell apart; and dashes: drawn, left out.
const LINES: [(RGBColor, (i32, i32)); 7] = [
    (RGBColor(0, 114, 178), (1, 0)),
    (RGBColor(213, 94, 0), (9, 4)),
    (RGBColor(0, 158, 115), (3, 3)),
    (RGBColor(204, 121, 167), (14, 3)),
    (RGBColor(86, 180, 233), (6, 6)),
    (RGBColor(230, 159, 0), (2, 5)),
    (RGBColor(110, 110, 110), (1, 2)),
];

/// A plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the plot cannot be drawn: {0}")]
pub struct NoPlot(String);

type Trouble = DrawingAreaErrorKind<std::io::Error>;

impl From<Trouble> for NoPlot {
    fn from(trouble: Trouble) -> Self {
        Self(trouble.to_string())
    }
}

struct Panel {
    caption: &'static str,
    unit: &'static str,
    value: fn(&Sample, f64) -> f64,
}

const MIB: f64 = (1 << 20) as f64;

const PANELS: [Panel; 3] = [
    Panel {
        caption: "Memory that pages on the backing device would take",
        unit: "MiB",
        value: |sample, scale| sample.saved as f64 * scale / MIB,
    },
    Panel {
        caption: "Written to the backing device",
        unit: "MiB",
        value: |sample, scale| sample.written as f64 * scale / MIB,
    },
    Panel {
        caption: "Pages read back",
        unit: "pages of the simulated machine",
        value: |sample, _| sample.read_backs as f64,
    },
];

/// The plot of these runs, which are of one workload.
///
/// # Errors
/// When the drawing library refuses.
pub fn svg(title: &str, outcomes: &[Named]) -> Result<String, NoPlot> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let root = root.titled(title, ("sans-serif", 18).into_font())?;
        for (number, (area, panel)) in root.split_evenly((PANELS.len(), 1)).iter().zip(&PANELS).enumerate() {
            draw(area, panel, outcomes, number == 0)?;
        }
        root.present()?;
    }
    Ok(text)
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    panel: &Panel,
    outcomes: &[Named],
    legend: bool,
) -> Result<(), NoPlot> {
    let days = outcomes.iter().map(|named| named.outcome.seconds).max().unwrap_or(1) as f64 / 86_400.0;
    let points = |named: &Named| {
        let scale = f64::from(named.outcome.scale);
        let at = |sample: &Sample| (sample.seconds as f64 / 86_400.0, (panel.value)(sample, scale));
        named.outcome.samples.iter().map(at).collect::<Vec<(f64, f64)>>()
    };
    let most = outcomes.iter().flat_map(points).map(|(_, value)| value).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.caption, ("sans-serif", 14).into_font())
        .margin(8)
        .x_label_area_size(32)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..days, 0.0..most * 1.05)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_desc("days")
        .y_desc(panel.unit)
        .x_labels(15)
        .y_labels(6)
        .x_label_formatter(&|day| format!("{day:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    for (named, (colour, (drawn, left_out))) in outcomes.iter().zip(LINES.iter().cycle()) {
        let style = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: 2 };
        let line = points(named);
        let series = if *left_out == 0 {
            chart.draw_series(std::iter::once(PathElement::new(line, style)))?
        } else {
            chart.draw_series(DashedLineSeries::new(line, *drawn, *left_out, style))?
        };
        let (drawn, left_out) = (*drawn, *left_out);
        series.label(named.name.clone()).legend(move |(x, y)| {
            let end = if left_out == 0 { x + 24 } else { x + drawn.min(24) };
            PathElement::new(vec![(x, y), (end, y)], style)
        });
    }
    if legend {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .label_font(("sans-serif", 12))
            .draw()?;
    }
    Ok(())
}
