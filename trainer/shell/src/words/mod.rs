//! `train words`: questions to word vectors. The answers come from [`trainer_words::similar`]; here they are
//! asked for and shown.

pub mod args;
pub mod json;
mod text;

use encoder::EncoderError;
use trainer_words::similar::{AnalogyScores, Answer, Expression, PairScores, WordSpace};

use crate::error::Result;
use crate::progress::say;
use crate::run_log::print;
use args::Args;

/// What was found, to be shown to people (`text`) or programs ([`json`]).
enum Found<'a> {
    Nearest { query: &'a str, answer: Answer },
    Pairs { file: String, scores: PairScores },
    Analogies { file: String, scores: AnalogyScores },
}

/// Opens the vectors, asks and prints; a question that fails ends it, and what came before is printed.
///
/// # Errors
/// The model or a file cannot be read, a word is not found; see [`WordSpace`].
pub fn execute(args: &Args) -> Result<()> {
    if !args.model.exists() {
        return Err(EncoderError::NotFound {
            what: args.model.display().to_string(),
            help: "name a model folder (models/NAME, or models/latest for the last one trained) or a file of word \
                   vectors"
                .to_owned(),
        }
        .into());
    }
    let words = trainer_words::formats::open(&args.model)?;
    let mut space = WordSpace::new(&words);
    if let Some(limit) = args.restrict_vocab {
        space = space.restricted(limit.get());
    }
    let show = |found: Found<'_>| {
        print(&if args.json {
            json::lines(&found)?
        } else {
            text::table(&found)
        })
    };
    if args.analogy {
        let query = args.words.join(" ");
        let answer = space.analogy(&Expression::parse(&query)?, args.k)?;
        tell_substitutes(&answer);
        show(Found::Nearest {
            query: &query,
            answer,
        })?;
    } else {
        for query in &args.words {
            let answer = space.nearest(query, args.k)?;
            tell_substitutes(&answer);
            show(Found::Nearest { query, answer })?;
        }
    }
    for path in &args.pairs {
        let scores = space.word_pairs(path, args.subwords)?;
        let file = path.display().to_string();
        show(Found::Pairs { file, scores })?;
    }
    for path in &args.analogies {
        let scores = space.analogies(path)?;
        let file = path.display().to_string();
        show(Found::Analogies { file, scores })?;
    }
    Ok(())
}

/// Says which words were not taken as they were written.
fn tell_substitutes(answer: &Answer) {
    for term in &answer.terms {
        match &term.word {
            Some(word) if *word == term.asked => {}
            Some(word) => say(&format!("{:?} is taken as {word:?}", term.asked)),
            None => say(&format!(
                "{:?} is not in the vocabulary; its vector is made from its n-grams",
                term.asked
            )),
        }
    }
}
