//! `index verify`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use indexer::Manifest;
use indexer::verify::{Check, Checked, Fault, Model, Report, verify};

use super::info::only_index;
use super::output::{count, grouped, line};
use super::progress::Terminal;

const EXAMPLES: &str = "\
Examples:
  index verify corpus.index
  index verify --json | jq .faults
  index verify corpus.index --model models/medical --compare 1000

Checked are: length and checksum of every file; that every node of the graph is within reach; that vectors have \
length 1; that every document is found by its own vector, and its row by its id. With --model also that vectors are \
those of the texts beside them. Faults name file, row and id; the first 100 are listed.

Exit codes: 0 all is right, 2 a fault or an error, 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct VerifyArguments {
    /// The index folder [default: the only *.index in the current folder]
    #[arg(value_name = "INDEX")]
    pub path: Option<PathBuf>,
    /// The model folder of the index: encodes some documents anew and compares the vectors
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// How many documents --model encodes, spread over the index
    #[arg(long, default_value_t = 100, value_name = "N", requires = "model",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub compare: u32,
    /// Write one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}

/// Checks an index as the command line says; an error where anything is wrong.
pub fn run(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let path = match &arguments.path {
        Some(path) => path.clone(),
        None => only_index()?,
    };
    let mut terminal = Terminal::new()?;
    let encoder = match &arguments.model {
        Some(folder) => Some(encoder::open_truncated(folder, Manifest::read(&path)?.dimension)?),
        None => None,
    };
    let model = encoder.as_deref().zip(arguments.model.as_deref());
    let model = model.map(|(encoder, folder)| Model {
        encoder,
        folder,
        documents: arguments.compare as usize,
    });
    let report = verify(&path, model, &mut terminal)?;
    drop(terminal);
    match arguments.json {
        true => line(object(&path, &report)?)?,
        false => line(text(&path, &report))?,
    }
    let faulty: u64 = report.checks.iter().map(|check| check.faulty).sum();
    if faulty > 0 {
        bail!(
            "{}: {} found; restore the index from a copy, or rebuild it with `index build --force`",
            path.display(),
            count(faulty, "fault")
        );
    }
    Ok(())
}

fn object(path: &Path, report: &Report) -> anyhow::Result<serde_json::Value> {
    let mut object = serde_json::Map::from_iter([
        ("type".to_owned(), "verify".into()),
        ("index".to_owned(), path.display().to_string().into()),
        ("sound".to_owned(), report.is_sound().into()),
    ]);
    if let serde_json::Value::Object(fields) = serde_json::to_value(report)? {
        object.extend(fields);
    }
    Ok(object.into())
}

fn text(path: &Path, report: &Report) -> String {
    let mut lines = vec![format!(
        "{}: {} in {}",
        path.display(),
        count(report.documents, "document"),
        count(report.segments as u64, "segment")
    )];
    lines.extend(report.checks.iter().map(check_line));
    if report.without_direction > 0 {
        lines.push(format!(
            "note: {} without a word that the model knows: found by words (BM25) alone",
            count(report.without_direction, "document")
        ));
    }
    lines.extend(report.faults.iter().map(fault_line));
    let faulty: u64 = report.checks.iter().map(|check| check.faulty).sum();
    let more = faulty.saturating_sub(report.faults.len() as u64);
    if more > 0 {
        lines.push(format!("and {} more", grouped(more)));
    }
    lines.join("\n")
}

fn check_line(checked: &Checked) -> String {
    let (name, thing) = match checked.check {
        Check::Checksums => ("checksums", "file"),
        Check::Structure => ("structure", "index"),
        Check::Graph => ("graph", "node"),
        Check::Norms => ("lengths", "vector"),
        Check::OwnVectors => ("own vectors", "document"),
        Check::Documents => ("ids", "document"),
        Check::EncodedAnew => ("encoded anew", "document"),
    };
    let result = match checked.faulty {
        0 => "right".to_owned(),
        faulty => format!("{} WRONG", grouped(faulty)),
    };
    format!("{name:12} {}, {result}", count(checked.looked_at, thing))
}

fn fault_line(fault: &Fault) -> String {
    let row = fault.row.map_or_else(String::new, |row| format!(", row {row}"));
    let id = fault
        .id
        .as_ref()
        .map_or_else(String::new, |id| format!(" (document {id:?})"));
    format!("wrong: {}{row}{id}: {}", fault.file.display(), fault.problem)
}
