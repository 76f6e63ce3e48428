//! `train mine`: the texts that a model takes for answers and that are none. The rounds of a training find them here, too.
//!
//! ```text
//! pairs ─▶ questions ──vectors──┐
//!     └──▶ answers ────vectors──┼▶ search ─▶ choose (trainer-shell) ─▶ write: Parquet
//!          corpus, in tiles ────┘
//! ```
//!
//! Every question meets every text (exact search), a tile of the corpus at a time, so memory grows with the pairs and not
//! with the corpus. Nothing depends on chance or on the number of threads.

mod search;
mod write;

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use encoder::Encoder;
use encoder_torch::select_device;
use serde::Serialize;
use trainer_shell::mine::args::Args;
use trainer_shell::mine::choose::{Left, choose};

use crate::base_model;
use crate::cli;
use crate::config::{Loss, Mine};
use crate::contrastive::pairs::{self, Pairs};
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::progress::{say, seconds};
use crate::run_log::print;
use search::{Found, Search};
pub use write::{ANCHOR, POSITIVE, mined_by, negative};
use write::{Mined, Writer};

/// Mines with the model, on the device that is asked for.
///
/// # Errors
/// A bad configuration, pairs, corpus or model, a file that is in the way or cannot be written, an interrupt; nothing
/// is written then.
pub fn mine(args: &Args) -> Result<()> {
    let started = Instant::now();
    let interrupt = Interrupt::on_signals()?;
    let (config, device) = cli::of_pairs(&args.config, args.device.as_deref())?;
    write::check_place(&args.out, args.force)?;
    let [data] = config.data.all() else {
        return Err(TrainError::Config(
            "train mine works on one data set, and this configuration has several; give it one with a section [data]".into(),
        ));
    };
    let loss = config.loss_of(data);
    // Where the loss learns from negatives, they are what is to be found.
    let plain = loss.learns_from_negatives().then(Loss::default);
    let pairs = pairs::read(data, plain.as_ref().unwrap_or(loss))?;
    if !pairs.scores().is_empty() {
        return Err(TrainError::Config(
            "train mine needs pairs of questions and right answers, and this configuration has scored pairs"
                .into(),
        ));
    }
    let model = match &args.model {
        Some(model) => model.clone(),
        None => base_model::locate(&config)?,
    };
    let encoder = base_model::open_to_mine(&model, &config, select_device(device, say)?)?;
    say(&format!(
        "mining {} hard negatives for each of {} pairs with {}",
        config.mine.negatives,
        pairs.len(),
        model.display()
    ));
    let found = find(&pairs, &*encoder, &config.mine, &interrupt)?;
    interrupt.check()?;
    found.write(&args.out, None)?;
    report(args, &found, started)
}

/// The hard negatives of pairs.
pub struct Negatives<'a> {
    pairs: &'a Pairs,
    found: Found,
    rows: Vec<Mined>,
    left: Left,
    each: usize,
}

/// Finds the hard negatives of `pairs` with the model that `encoder` is.
///
/// # Errors
/// A corpus that cannot be read, what the encoder refuses, no pair with enough negatives, an interrupt.
pub fn find<'a>(
    pairs: &'a Pairs,
    encoder: &dyn Encoder,
    mine: &Mine,
    interrupt: &Interrupt,
) -> Result<Negatives<'a>> {
    let found = Search::new(pairs, encoder, interrupt)?.run(mine, encoder)?;
    let (rows, left) = rows(pairs, &found, mine);
    if rows.is_empty() {
        return Err(TrainError::Data(format!(
            "no pair has {} hard negatives among the {} texts nearest to its question, the first {} not counted: {} \
             candidates were too near to the answer, {} too far; loosen [mine], or give it more texts",
            mine.negatives, mine.depth, mine.skip, left.too_near, left.too_far
        )));
    }
    Ok(Negatives {
        pairs,
        found,
        rows,
        left,
        each: mine.negatives,
    })
}

impl Negatives<'_> {
    /// Writes Parquet aside and moves it to `path`, with a note on what it was mined by; see [`mined_by`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path, mined_by: Option<&str>) -> Result<()> {
        let writer = Writer {
            pairs: self.pairs,
            texts: &self.found.texts,
            negatives: self.each,
            mined_by,
        };
        writer.write(path, &self.rows)
    }

    /// How many pairs have negatives, and what was left out.
    pub fn in_words(&self) -> String {
        format!(
            "{} pairs with their hard negatives; {} pairs had too few and are left out ({} candidates too near to the \
             answer, {} too far)",
            self.rows.len(),
            self.left.pairs,
            self.left.too_near,
            self.left.too_far
        )
    }
}

/// The pairs for which enough negatives were found, in their order.
fn rows(pairs: &Pairs, found: &Found, mine: &Mine) -> (Vec<Mined>, Left) {
    let mut left = Left::default();
    let mut rows = Vec::new();
    // Pairs with the same question and answer would give the same row twice.
    let mut seen = HashSet::new();
    for pair in 0..pairs.len() as u32 {
        let row = pairs.row(pair);
        if !seen.insert((row[0], row[1])) {
            continue;
        }
        let positive = found.positive_score(row[0], row[1]);
        let near = &found.near[found.question(row[0])];
        if let Some(negatives) = choose(near, positive, mine, &mut left) {
            rows.push(Mined {
                pair,
                positive,
                negatives,
            });
        }
    }
    (rows, left)
}

/// What came of it, for programs.
#[derive(Serialize)]
struct Report<'a> {
    r#type: &'static str,
    out: &'a Path,
    pairs: usize,
    mined: usize,
    without: usize,
    too_near: usize,
    too_far: usize,
    seconds: f64,
}

fn report(args: &Args, negatives: &Negatives, started: Instant) -> Result<()> {
    let Negatives { pairs, left, .. } = negatives;
    let took = started.elapsed().as_secs_f64();
    if args.json {
        let report = Report {
            r#type: "mined",
            out: &args.out,
            pairs: pairs.len(),
            mined: negatives.rows.len(),
            without: left.pairs,
            too_near: left.too_near,
            too_far: left.too_far,
            seconds: took,
        };
        let line = serde_json::to_string(&report)
            .map_err(|error| TrainError::Output(format!("the report cannot be written: {error}")))?;
        print(&(line + "\n"))?;
    }
    say(&format!(
        "{} holds {}; it took {}",
        args.out.display(),
        negatives.in_words(),
        seconds(took)
    ));
    Ok(())
}
