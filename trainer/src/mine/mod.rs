//! `train mine`: the texts that a model takes for answers and that are none.
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

use encoder_torch::select_device;
use serde::Serialize;
use trainer_shell::mine::args::Args;
use trainer_shell::mine::choose::{Left, choose};

use crate::base_model;
use crate::cli;
use crate::config::Contrastive;
use crate::contrastive::pairs::{self, Pairs};
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::progress::{say, seconds};
use crate::run_log::print;
use search::{Found, Search};
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
    write::check_free(&args.out, args.force)?;
    let [data] = config.data.all() else {
        return Err(TrainError::Config(
            "train mine works on one data set, and this configuration has several; give it one with a section [data]".into(),
        ));
    };
    let pairs = pairs::read(data, config.loss_of(data))?;
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
    let encoder = base_model::open_any(&model, select_device(device)?)?;
    say(&format!(
        "mining {} hard negatives for each of {} pairs with {}",
        config.mine.negatives,
        pairs.len(),
        model.display()
    ));
    let search = Search::new(&pairs, &*encoder, &interrupt)?;
    let found = search.run(&config.mine, &*encoder)?;
    let (rows, left) = rows(&pairs, &found, &config);
    if rows.is_empty() {
        return Err(TrainError::Data(format!(
            "no pair has {} hard negatives: {} candidates were too near to the answer, {} too far; loosen [mine]",
            config.mine.negatives, left.too_near, left.too_far
        )));
    }
    interrupt.check()?;
    Writer {
        pairs: &pairs,
        texts: &found.texts,
        negatives: config.mine.negatives,
    }
    .write(&args.out, &rows)?;
    report(args, &pairs, rows.len(), left, started)
}

/// The pairs for which enough negatives were found, in their order.
fn rows(pairs: &Pairs, found: &Found, config: &Contrastive) -> (Vec<Mined>, Left) {
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
        if let Some(negatives) = choose(near, positive, &config.mine, &mut left) {
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

fn report(args: &Args, pairs: &Pairs, mined: usize, left: Left, started: Instant) -> Result<()> {
    let took = started.elapsed().as_secs_f64();
    if args.json {
        let report = Report {
            r#type: "mined",
            out: &args.out,
            pairs: pairs.len(),
            mined,
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
        "{} holds {mined} pairs with their hard negatives; {} pairs had too few and are left out ({} candidates too near \
         to the answer, {} too far); it took {}",
        args.out.display(),
        left.pairs,
        left.too_near,
        left.too_far,
        seconds(took)
    ));
    Ok(())
}
