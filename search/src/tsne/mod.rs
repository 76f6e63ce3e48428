//! A map of an index: its vectors, laid out so that near ones stay near, drawn as a page, picture or table.
//!
//! ```text
//! index ─▶ sample ─▶ layout (t-SNE) ─▶ Map ─▶ html | picture (svg, png) | table (csv) ─▶ file
//! ```

use std::path::Path;

use clap::ValueEnum;
use encoder::vectors::{Vectors, is_zero};
use indexer::{Filter, IndexReader};
use indicatif::{ProgressBar, ProgressStyle};

mod error;
pub mod file;
mod groups;
mod html;
pub mod layout;
mod picture;
mod principal;
mod sample;
mod table;

use crate::cli::TsneArgs;
use crate::output::{self, grouped};
use crate::{Result, locate};

pub use error::MapError;
use file::Format;
pub use groups::{Group, Groups};
use layout::Layout;

/// Dimensions of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dims {
    /// A plane
    #[value(name = "2")]
    Two,
    /// A space to turn around in
    #[value(name = "3")]
    Three,
}

impl Dims {
    /// 2 or 3.
    pub fn count(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// A laid-out map with all that is shown of it.
#[derive(Debug, Clone)]
pub struct Map {
    /// What it is a map of.
    pub title: String,
    /// How it was made.
    pub subtitle: String,
    /// Shape (N, 2) or (N, 3).
    pub positions: Vectors,
    /// What each point is, N of them.
    pub labels: Vec<Label>,
    /// Which colour each point has.
    pub groups: Groups,
    /// The column the colours stand for; `None` for a map in one colour, which needs no legend.
    pub colored_by: Option<String>,
}

/// What a point is.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// The document's id.
    pub id: String,
    /// The document's title, or how its text begins.
    pub title: String,
    /// The value of the column that colours.
    pub category: Option<String>,
}

impl Map {
    /// The map as a file's content.
    ///
    /// # Errors
    /// The drawing library refuses.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, MapError> {
        match format {
            Format::Html => Ok(html::render(self)?.into_bytes()),
            Format::Svg => Ok(picture::svg(self)?.into_bytes()),
            Format::Png => picture::png(self),
            Format::Csv => table::render(self),
        }
    }
}

/// Draws the map that the command line asks for.
///
/// # Errors
/// See [`MapError`]; whatever can be refused is refused before the work, and no half of a file is left.
pub fn run(arguments: &TsneArgs) -> Result<()> {
    let filter = arguments.filter.filter()?;
    let format = Format::of(&arguments.out, arguments.dims)?;
    file::check(&arguments.out, arguments.force)?;
    file::end_on_interrupt()?;
    let path = locate::index(arguments.index.index.as_deref(), Path::new("."))?;
    let index = IndexReader::open(&path)?;
    let rows = drawn_rows(&index, filter.as_ref(), arguments)?;
    let perplexity = sample::perplexity(&path, rows.len(), arguments.perplexity)?;
    let labels = sample::labels(&index, &path, &rows, arguments.color_by.as_deref())?;
    let vectors = sample::vectors(&index, &rows)?;
    note_unknown(&vectors);
    let positions = place(&vectors, perplexity, arguments)?;
    let map = assemble((arguments, perplexity), &path, index.len(), positions, labels);
    file::write(&arguments.out, &map.render(format)?, arguments.force)?;
    output::message(&format!(
        "wrote {}: {} documents",
        arguments.out.display(),
        grouped(rows.len())
    ));
    Ok(())
}

/// Says how many documents have no place that means anything.
fn note_unknown(vectors: &Vectors) {
    let unknown = vectors.rows().filter(|vector| is_zero(vector)).count();
    if unknown > 0 {
        output::message(&format!(
            "note: {} of {} documents have no word that the model knows; where they are drawn means nothing",
            grouped(unknown),
            grouped(vectors.len())
        ));
    }
}

/// The rows to draw: those that match, or a sample of them; says so where it is not all.
fn drawn_rows(index: &IndexReader, filter: Option<&Filter>, arguments: &TsneArgs) -> Result<Vec<u32>> {
    let drawable: Vec<u32> = match filter {
        Some(filter) => index.matching(filter)?.rows().collect(),
        None => index.live_rows().collect(),
    };
    let matching = drawable.len();
    if filter.is_some() {
        let (matching, all) = (grouped(matching), grouped(index.len()));
        output::message(&format!("{matching} of {all} documents match the filter"));
    }
    let rows = sample::rows(drawable, arguments.sample, arguments.seed);
    if rows.len() < matching {
        let (drawn, matching) = (grouped(rows.len()), grouped(matching));
        output::message(&format!(
            "drawing {drawn} of {matching} documents, taken at random; --sample N changes that"
        ));
    }
    Ok(rows)
}

fn place(vectors: &Vectors, perplexity: f32, arguments: &TsneArgs) -> Result<Vectors, MapError> {
    let bar = progress();
    let layout = Layout {
        perplexity,
        seed: arguments.seed,
        dims: arguments.dims,
    };
    let positions = layout::place(vectors, layout, || {
        bar.set_message("laying out");
        bar.inc(1);
    });
    bar.finish_and_clear();
    positions
}

fn assemble(
    (arguments, perplexity): (&TsneArgs, f32),
    index: &Path,
    all: usize,
    positions: Vectors,
    labels: Vec<Label>,
) -> Map {
    let name = index.file_name().map_or_else(
        || index.display().to_string(),
        |name| name.to_string_lossy().into(),
    );
    let count = match labels.len() {
        drawn if drawn == all => format!("{} documents", grouped(all)),
        drawn => format!("{} of {} documents", grouped(drawn), grouped(all)),
    };
    let filter = match arguments.filter.conditions.as_slice() {
        [] => String::new(),
        conditions => format!(" · where {}", conditions.join(" and ")),
    };
    let coloring = arguments
        .color_by
        .as_ref()
        .map_or(String::new(), |column| format!(" · coloured by {column}"));
    let groups = match arguments.color_by {
        Some(_) => {
            let categories: Vec<_> = labels.iter().map(|label| label.category.clone()).collect();
            Groups::of(&categories)
        }
        None => Groups::single(labels.len()),
    };
    Map {
        title: format!("{name}: {count}"),
        subtitle: format!(
            "t-SNE · perplexity {perplexity} · seed {}{coloring}{filter}",
            arguments.seed
        ),
        positions,
        labels,
        groups,
        colored_by: arguments.color_by.clone(),
    }
}

/// A bar on stderr, hidden where that is no terminal.
fn progress() -> ProgressBar {
    let template = "{msg:<17} {bar:30} {human_pos}/{human_len} iterations {per_sec} ETA {eta}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(layout::ITERATIONS as u64)
        .with_style(style)
        .with_message("finding neighbours");
    bar.tick();
    bar
}
