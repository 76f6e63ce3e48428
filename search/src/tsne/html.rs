//! A map as one page that needs nothing else: no server, no network, no library.
//!
//! The page is `map.html` with the data put in as JSON. Titles of a corpus are strangers' texts: in the
//! JSON no `<` is left, so that none can end the script, and the page shows them as text only.

use serde::Serialize;

use super::{Map, MapError};

/// The page; `{{title}}` and `{{data}}` stand where these go.
const PAGE: &str = include_str!("map.html");
/// Digits after the point of a coordinate between −1 and 1: a thousandth of a pixel on a large screen.
const PRECISION: f64 = 1e5;

/// What the page's script reads.
#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    subtitle: &'a str,
    column: Option<&'a str>,
    /// x, y and perhaps z; each with one value for each point, between −1 and 1.
    axes: Vec<Vec<f64>>,
    legend: Vec<Line<'a>>,
    /// For each point its line in the legend.
    group: &'a [usize],
    id: Vec<&'a str>,
    name: Vec<&'a str>,
    category: Vec<Option<&'a str>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    color: String,
    count: usize,
}

/// The map as a page.
///
/// # Errors
/// The data cannot be put into JSON, which they can.
pub fn render(map: &Map) -> Result<String, MapError> {
    let legend = map.groups.legend.iter().map(|group| {
        let [red, green, blue] = group.color;
        Line {
            name: &group.name,
            color: format!("#{red:02x}{green:02x}{blue:02x}"),
            count: group.count,
        }
    });
    let data = Data {
        title: &map.title,
        subtitle: &map.subtitle,
        column: map.colored_by.as_deref(),
        axes: axes(map),
        legend: legend.collect(),
        group: &map.groups.of_point,
        id: map.labels.iter().map(|label| label.id.as_str()).collect(),
        name: map.labels.iter().map(|label| label.title.as_str()).collect(),
        category: map.labels.iter().map(|label| label.category.as_deref()).collect(),
    };
    let json = serde_json::to_string(&data).map_err(|error| MapError::Drawing(error.to_string()))?;
    let title = escaped(&map.title);
    // The data go in last: what they contain is not searched for placeholders again.
    Ok(PAGE
        .replace("{{title}}", &title)
        .replacen("{{data}}", &json.replace('<', "\\u003c"), 1))
}

/// One list for each axis, about the middle and scaled alike, so that the farthest value is ±1.
fn axes(map: &Map) -> Vec<Vec<f64>> {
    let axis = |axis: usize| map.positions.rows().map(move |row| f64::from(row[axis]));
    let middles: Vec<(f64, f64)> = (0..map.positions.dimension())
        .map(|number| {
            let low = axis(number).fold(f64::INFINITY, f64::min);
            let high = axis(number).fold(f64::NEG_INFINITY, f64::max);
            ((low + high) / 2.0, (high - low) / 2.0)
        })
        .collect();
    let reach = middles
        .iter()
        .map(|(_, reach)| *reach)
        .fold(f64::MIN_POSITIVE, f64::max);
    let rounded = |value: f64| (value * PRECISION).round() / PRECISION;
    (0..middles.len())
        .map(|number| {
            axis(number)
                .map(|value| rounded((value - middles[number].0) / reach))
                .collect()
        })
        .collect()
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use encoder::vectors::Vectors;

    use super::super::{Groups, Label};
    use super::*;

    fn map() -> Map {
        let evil = "</script><script>alert(1)</script><!-- {{title}} {{data}}";
        let label = |id: &str| Label {
            id: id.into(),
            title: evil.into(),
            category: Some("<b>".into()),
        };
        Map {
            title: "a<b>.index: 2 documents".into(),
            subtitle: "t-SNE".into(),
            positions: Vectors::from_rows(2, vec![-4.0, 1.0, 4.0, 3.0]),
            labels: vec![label("one"), label("two")],
            groups: Groups::of(&[Some("<b>".into()), Some("<b>".into())]),
            colored_by: Some("topic".into()),
        }
    }

    #[test]
    fn texts_of_the_corpus_cannot_leave_the_data() {
        let page = render(&map()).unwrap();
        assert_eq!(
            page.matches("</script>").count(),
            PAGE.matches("</script>").count()
        );
        assert!(!page.contains("<script>alert") && !page.contains("<!-- {{"));
        assert!(page.contains("<title>a&lt;b&gt;.index: 2 documents</title>"));
    }

    #[test]
    fn the_data_are_json_with_everything_shown() {
        let page = render(&map()).unwrap();
        let (_, rest) = page
            .split_once("<script type=\"application/json\" id=\"data\">")
            .unwrap();
        let (json, _) = rest.split_once("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(data["axes"], serde_json::json!([[-1.0, 1.0], [-0.25, 0.25]]));
        assert_eq!(data["id"], serde_json::json!(["one", "two"]));
        assert_eq!(data["name"][0], map().labels[0].title);
        assert_eq!(data["legend"][0]["name"], "<b>");
    }

    #[test]
    fn the_page_needs_nothing_from_outside() {
        for outside in ["http:", "https:", "src=", "@import", "<link"] {
            assert!(!PAGE.contains(outside), "{outside}");
        }
    }
}
