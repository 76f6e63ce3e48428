//! The command line of `train words`, as definitions only.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ArgGroup;
use clap::builder::RangedU64ValueParser;

/// Most words that one question gives.
const MAX_ANSWERS: u64 = 10_000;

/// Below `train words --help`.
pub const AFTER_HELP: &str = "\
Examples:
  train words models/latest diabetes           the ten nearest words
  train words vectors.bin king queen -k 3
  train words models/latest --analogy king - man + woman
  train words models/latest --analogy \"new_york - usa + france\" -k 1
  train words models/latest --pairs EN-WS-353-ALL.txt --pairs UMNSRS-sim.txt
  train words models/latest --analogies questions-words.txt --restrict-vocab 30000
  train words models/latest --json fever | jq -r 'select(.rank == 1).word'

A word is taken as written; else as the most frequent word that differs in case alone, with _ for blanks; else, \
where the model has subwords, its vector is made from its n-grams (in --pairs with --subwords alone). Words asked \
for are never answers.

--pairs: two words and a score a line, separated by tabs, commas or blanks; a header, lines that begin with #, and \
further columns are passed over. --analogies: `: section`, then four words a line. Pairs and analogies with a word \
that is not in the vocabulary are left out and counted.

Results go to stdout, messages to stderr. Exit codes: 0 done, 2 error.";

/// Which vectors, and what to ask them.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("question").args(["words", "pairs", "analogies"]).required(true).multiple(true),
    override_usage = "train words MODEL <WORD>...\n       train words MODEL --analogy <WORD> - <WORD> + <WORD>\n       \
                      train words MODEL --pairs <FILE>\n       train words MODEL --analogies <FILE>"
)]
pub struct Args {
    /// Model folder (models/NAME, models/latest) or file of word vectors, in any format that Sextant reads
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,

    /// Words to find the nearest words to; one that begins with a hyphen goes after `--`
    #[arg(value_name = "WORD", conflicts_with_all = ["pairs", "analogies"])]
    pub words: Vec<String>,

    /// Take the words as one sum, with + and - between them, and find the words nearest to it (3CosAdd)
    #[arg(long, requires = "words")]
    pub analogy: bool,

    /// Word pairs with human scores: Spearman's and Pearson's correlation with the cosines; can be repeated
    #[arg(long, value_name = "FILE")]
    pub pairs: Vec<PathBuf>,

    /// Analogies in the form of questions-words.txt: accuracy by section; can be repeated
    #[arg(long, value_name = "FILE")]
    pub analogies: Vec<PathBuf>,

    /// Nearest words to print, 1 to 10,000
    #[arg(short, value_name = "N", default_value = "10", conflicts_with_all = ["pairs", "analogies"],
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=MAX_ANSWERS))]
    pub k: usize,

    /// Only the first N words (the most frequent, in models of Sextant's) are answers; others count as not found
    /// in pairs and analogies [default: all]
    #[arg(long, value_name = "N")]
    pub restrict_vocab: Option<NonZeroUsize>,

    /// Pairs: make vectors of words outside the vocabulary from their n-grams, where the model has them
    #[arg(long, requires = "pairs", conflicts_with = "words")]
    pub subwords: bool,

    /// Print JSON Lines, each object with a `type`: query, neighbor, pairs, section, analogies
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::command::{Cli, Command};

    fn parsed(arguments: &[&str]) -> std::result::Result<Args, clap::Error> {
        let cli = Cli::try_parse_from([&["train", "words"], arguments].concat())?;
        let Some(Command::Words(args)) = cli.command else {
            unreachable!()
        };
        Ok(args)
    }

    fn parse(arguments: &[&str]) -> Args {
        parsed(arguments).unwrap()
    }

    #[test]
    fn words_and_k() {
        let args = parse(&["m", "king", "queen"]);
        assert_eq!(args.model, PathBuf::from("m"));
        assert_eq!(args.words, ["king", "queen"]);
        assert_eq!(
            (args.k, args.analogy, args.json, args.restrict_vocab),
            (10, false, false, None)
        );
        assert_eq!(parse(&["m", "king", "-k", "3"]).k, 3);
        assert_eq!(parse(&["m", "--", "-lrb-"]).words, ["-lrb-"]);
        assert!(parse(&["--json", "m", "king"]).json);
        assert_eq!(
            parse(&["m", "a", "--restrict-vocab", "5"]).restrict_vocab,
            NonZeroUsize::new(5)
        );
    }

    #[test]
    fn an_analogy_needs_no_quotes_and_options_may_stand_anywhere() {
        for arguments in [
            &[
                "m",
                "--analogy",
                "king",
                "-",
                "man",
                "+",
                "woman",
                "--json",
                "-k",
                "3",
            ][..],
            &[
                "--json",
                "-k",
                "3",
                "m",
                "king",
                "-",
                "man",
                "+",
                "woman",
                "--analogy",
            ],
            &["m", "--analogy", "king - man + woman", "--json", "-k", "3"],
        ] {
            let args = parse(arguments);
            assert_eq!(args.words.join(" "), "king - man + woman");
            assert!(args.analogy && args.json && args.k == 3);
        }
    }

    #[test]
    fn files_can_be_repeated_and_stand_together() {
        let args = parse(&[
            "m",
            "--pairs",
            "a",
            "--pairs",
            "b",
            "--analogies",
            "c",
            "--subwords",
        ]);
        assert_eq!(args.pairs, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(args.analogies, [PathBuf::from("c")]);
        assert!(args.subwords);
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for wrong in [
            &[][..],
            &["m"],
            &["m", "--analogy"],
            &["m", "king", "--pairs", "f"],
            &["m", "king", "-k", "0"],
            &["m", "--pairs", "f", "-k", "3"],
            &["m", "king", "--restrict-vocab", "0"],
            &["m", "king", "--subwords"],
            &["m", "--analogies", "f", "--subwords"],
        ] {
            let error = parsed(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}: {error}");
        }
    }

    #[test]
    fn help_has_every_form_examples_and_exit_codes() {
        let mut command = Cli::command();
        let help = command
            .find_subcommand_mut("words")
            .unwrap()
            .render_long_help()
            .to_string();
        for part in [
            "train words MODEL --analogy <WORD> - <WORD> + <WORD>\n",
            "train words models/latest --analogy king - man + woman\n",
            "--restrict-vocab <N>",
            "--pairs <FILE>",
            "Exit codes: 0 done, 2 error.",
        ] {
            assert!(help.contains(part), "{part:?} is not in\n{help}");
        }
    }
}
