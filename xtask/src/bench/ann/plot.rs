//! The curves as an SVG picture: a row of panels for each set, a panel for each number of threads.
//!
//! Written by hand, because a library for plots would take longer to compile than all the rest of this program. Recall is
//! drawn by the share of neighbours that are missed, on a logarithmic scale: from 0.99 to 0.999 is as far as from 0.9.

use super::curve::RECALLS;
use super::measure::Entry;
use super::report::in_words;
use std::fmt::Write;

const PANEL: [f64; 2] = [520.0, 340.0];
/// Left, top, right and bottom of the curves in a panel.
const MARGIN: [f64; 4] = [70.0, 36.0, 20.0, 50.0];
/// Recalls that are drawn.
const SHOWN: [f64; 2] = [0.8, 0.9997];
const LEGEND_LINE: f64 = 18.0;

/// The picture.
pub fn svg(entries: &[Entry]) -> String {
    let rows: Vec<&[Entry]> = entries.chunk_by(|a, b| a.set == b.set).collect();
    let columns = entries.iter().map(|entry| entry.curves.len()).max().unwrap_or(0);
    let names = rows.first().map_or(0, |row| row.len());
    let [width, height] = [
        PANEL[0] * columns as f64 + 190.0,
        (PANEL[1] * rows.len() as f64).max(LEGEND_LINE * (names + 2) as f64),
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (i, row) in rows.iter().enumerate() {
        for column in 0..row[0].curves.len() {
            let corner = [PANEL[0] * column as f64, PANEL[1] * i as f64];
            panel(&mut svg, row, column, corner);
        }
    }
    for (i, entry) in rows.first().into_iter().flat_map(|row| row.iter()).enumerate() {
        let (x, y) = (PANEL[0] * columns as f64, MARGIN[1] + LEGEND_LINE * i as f64);
        let style = style(entry);
        let _ = writeln!(
            svg,
            "<path d=\"M{x} {y}h26\" {style}/><text x=\"{}\" y=\"{}\">{}</text>",
            x + 32.0,
            y + 4.0,
            entry.tool.name
        );
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, entries: &[Entry], column: usize, corner: [f64; 2]) {
    let seen = |entry: &Entry| {
        let curve = &entry.curves[column].1;
        let shown = curve.points().iter().filter(|point| point.recall >= SHOWN[0]);
        shown.map(|point| point.speed.log10()).collect::<Vec<_>>()
    };
    let speeds: Vec<f64> = entries.iter().flat_map(seen).collect();
    let low = speeds.iter().copied().fold(f64::INFINITY, f64::min);
    let high = speeds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scale = Scale {
        corner,
        low,
        high: high.max(low + 0.1),
    };
    let first = &entries[0];
    let [left, top] = scale.corner;
    let [right, bottom] = [left + PANEL[0] - MARGIN[2], top + PANEL[1] - MARGIN[3]];
    let (inner_left, inner_top) = (left + MARGIN[0], top + MARGIN[1]);
    let _ = writeln!(
        svg,
        "<text x=\"{inner_left}\" y=\"{}\" font-weight=\"bold\">{}, {}</text>\n\
         <text x=\"{right}\" y=\"{}\" text-anchor=\"end\">recall@10</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">queries/s</text>",
        top + 18.0,
        first.set,
        in_words(first.curves[column].0),
        bottom + 36.0,
        right,
        top + 18.0
    );
    if speeds.is_empty() {
        return;
    }
    for recall in [SHOWN[0]].into_iter().chain(RECALLS) {
        let x = scale.x(recall);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {inner_top}V{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{recall}</text>",
            bottom + 18.0
        );
    }
    for speed in ticks(scale.low, scale.high) {
        let y = scale.y(speed);
        let _ = writeln!(
            svg,
            "<path d=\"M{inner_left} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{speed}</text>",
            inner_left - 6.0,
            y + 4.0
        );
    }
    for entry in entries {
        let shown = entry.curves[column]
            .1
            .points()
            .iter()
            .filter(|point| point.recall >= SHOWN[0]);
        let place =
            |point: &super::curve::Point| format!("{:.1} {:.1}", scale.x(point.recall), scale.y(point.speed));
        let places: Vec<String> = shown.map(place).collect();
        if !places.is_empty() {
            let _ = writeln!(svg, "<path d=\"M{}\" {}/>", places.join("L"), style(entry));
        }
    }
}

/// Where figures lie in a panel.
struct Scale {
    corner: [f64; 2],
    /// Logarithms of the lowest and highest speed.
    low: f64,
    high: f64,
}

impl Scale {
    fn x(&self, recall: f64) -> f64 {
        let far = |recall: f64| -(1.0 - recall.min(SHOWN[1])).log10();
        let part = (far(recall) - far(SHOWN[0])) / (far(SHOWN[1]) - far(SHOWN[0]));
        self.corner[0] + MARGIN[0] + part * (PANEL[0] - MARGIN[0] - MARGIN[2])
    }

    fn y(&self, speed: f64) -> f64 {
        let part = (self.high - speed.log10()) / (self.high - self.low);
        self.corner[1] + MARGIN[1] + part * (PANEL[1] - MARGIN[1] - MARGIN[3])
    }
}

/// 1, 2 and 5 times each power of ten between two logarithms.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let powers = low.floor() as i32..=high.ceil() as i32;
    let each = |power: i32| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power));
    let inside = |speed: &f64| (low..=high).contains(&speed.log10());
    powers.flat_map(each).filter(inside).collect()
}

/// A colour for each library, its kinds of numbers told apart by dashes.
fn style(entry: &Entry) -> String {
    let colour = match entry.tool.library {
        "sextant" => "#d62728",
        "hnswlib" => "#222",
        "faiss" => "#1f77b4",
        _ => "#2ca02c",
    };
    let dashes = match entry.tool.variant {
        "int8" | "8bit" | "i8" => "none",
        "float32" | "flat" | "f32" => "8 3",
        "float16" | "fp16" | "f16" => "4 3",
        "bf16" => "2 2",
        _ => "10 3 2 3",
    };
    format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dashes}\"")
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::entry;
    use super::*;

    #[test]
    fn each_set_has_a_panel_and_each_tool_a_line_in_it() {
        let entries = [
            entry("hnswlib", "random-4:100", 1000.0),
            entry("usearch f16", "random-4:100", 500.0),
            entry("hnswlib", "random-8:100", 1.0),
            entry("usearch f16", "random-8:100", 2.0),
        ];
        let svg = svg(&entries);
        assert_eq!(svg.matches("1 thread</text>").count(), 2, "{svg}");
        assert_eq!(svg.matches("stroke-width").count(), 2 + 4, "{svg}");
        assert!(
            svg.contains(">1000</text>") && svg.contains(">0.95</text>"),
            "{svg}"
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn without_a_point_to_show_there_is_a_picture_still() {
        let svg = svg(&[]);
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn ticks_lie_inside() {
        assert_eq!(ticks(0.9, 2.0), [10.0, 20.0, 50.0, 100.0]);
    }
}
