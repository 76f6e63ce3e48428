//! The program's command line as a whole: training, and what else `train` does.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::{self, Request};
use crate::error::{Result, TrainError};
use crate::progress::say;
use crate::{check, compare, mine, words};

/// Makes embedding models for a domain, and asks word vectors.
#[derive(Debug, Parser)]
#[command(
    name = "train",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    override_usage = "train --config FILE [OPTIONS]\n       train check --config FILE\n       train words MODEL <WORD>...\n       train compare MODEL... --eval DIR\n       train mine --config FILE --out FILE"
)]
pub struct Cli {
    /// What to do instead of training.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to train, and how.
    #[command(flatten)]
    pub train: Option<cli::Args>,
}

/// What `train` does besides training.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask word vectors: nearest words, analogies, agreement with human scores
    #[command(after_help = words::args::AFTER_HELP)]
    Words(words::args::Args),
    /// Compare models and BM25 on judged questions, and say whether the differences could be chance
    #[command(after_help = compare::args::AFTER_HELP)]
    Compare(compare::args::Args),
    /// Look at a training on pairs before it begins: columns, cut texts, duplicates, leakage, memory, time
    #[command(after_help = check::args::AFTER_HELP)]
    Check(check::args::Args),
    /// Find hard negatives for the pairs of a configuration, ready for training
    #[command(after_help = mine::args::AFTER_HELP)]
    Mine(mine::args::Args),
}

/// What computes with libtorch.
pub enum Task {
    /// A training, but word vectors on the CPU.
    Train(Box<Request>),
    /// A comparison of models.
    Compare(compare::args::Args),
    /// A look at a training on pairs.
    Check(check::args::Args),
    /// A search for hard negatives.
    Mine(mine::args::Args),
}

/// Does what the command line asks. `with_libtorch` does all that computes with libtorch: the rest never calls into it,
/// so a program whose `with_libtorch` does not either is linked without it.
///
/// # Errors
/// See [`words::execute`] and [`Request`].
pub fn execute(cli: Cli, with_libtorch: fn(Task) -> Result<()>) -> Result<()> {
    match (cli.command, cli.train) {
        (Some(Command::Words(args)), _) => words::execute(&args),
        (Some(Command::Compare(args)), _) => with_libtorch(Task::Compare(args)),
        (Some(Command::Check(args)), _) => with_libtorch(Task::Check(args)),
        (Some(Command::Mine(args)), _) => with_libtorch(Task::Mine(args)),
        (None, Some(args)) => match Request::read(args)? {
            request if request.needs_libtorch() => with_libtorch(Task::Train(Box::new(request))),
            request => request.learn_words(),
        },
        // The parser asks for one of them first.
        (None, None) => Err(TrainError::Config("nothing to do; give --config FILE".to_owned())),
    }
}

/// Runs a program's whole command line, with its exit code: 0, 2 for an error, 130 for an interrupt.
pub fn main(with_libtorch: fn(Task) -> Result<()>) -> ExitCode {
    match execute(Cli::parse(), with_libtorch) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            let interrupted = matches!(error, TrainError::Interrupted | TrainError::SetAside(_));
            ExitCode::from(if interrupted { 130 } else { 2 })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &[&str]) -> std::result::Result<Cli, clap::Error> {
        Cli::try_parse_from([&["train"], arguments].concat())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn training_needs_a_configuration_and_nothing_else() {
        let cli = parse(&["--config", "m.toml", "--json"]).unwrap();
        let args = cli.train.unwrap();
        assert_eq!(args.config, Path::new("m.toml"));
        assert!(args.json && cli.command.is_none());
        for wrong in [&[][..], &["--json"], &["--out", "o"]] {
            let error = parse(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains("--config <FILE>"), "{error}");
        }
    }

    #[test]
    fn a_subcommand_needs_no_configuration_and_takes_none() {
        let cli = parse(&["words", "m", "king"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Words(_))) && cli.train.is_none());
        assert_eq!(
            parse(&["--config", "m.toml", "words", "m", "king"])
                .unwrap_err()
                .exit_code(),
            2
        );
    }

    #[test]
    fn help_tells_of_both() {
        let help = Cli::command().render_long_help().to_string();
        for part in [
            "train --config FILE [OPTIONS]\n",
            "train words MODEL <WORD>...\n",
            "words    Ask word vectors",
            "compare  Compare models and BM25",
            "check    Look at a training on pairs",
            "--device <DEVICE>",
            "Examples:\n  train --config medical.toml ",
            "Exit codes: 0 done, 2 error, 130 interrupted",
        ] {
            assert!(help.contains(part), "{part:?} is not in\n{help}");
        }
    }
}
