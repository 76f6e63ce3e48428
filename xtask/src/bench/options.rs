//! What the command line of `cargo xtask bench word2vec` asks for.

use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use std::str::FromStr;

/// What is trained, and on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Parquet files with a column `text`, or text files.
    pub text: Vec<PathBuf>,
    /// Folder of the files of word pairs.
    pub wordsim: PathBuf,
    /// word2vec.c, compiled.
    pub word2vec_c: Option<PathBuf>,
    /// pWord2Vec, compiled.
    pub pword2vec: Option<PathBuf>,
    /// Passes over the text.
    pub epochs: usize,
    /// Trainings whose quality is averaged.
    pub seeds: usize,
    /// Lengths of the vectors.
    pub dimensions: Vec<usize>,
    /// Numbers of threads; quality is measured at the last.
    pub threads: Vec<usize>,
    /// Of `skip-gram`, `cbow`, `subwords`.
    pub methods: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let data = PathBuf::from("../shared/data");
        Options {
            text: vec![
                data.join("text/medical.parquet"),
                data.join("text/general.parquet"),
            ],
            wordsim: data.join("wordsim"),
            word2vec_c: None,
            pword2vec: None,
            epochs: 3,
            seeds: 3,
            dimensions: vec![100, 300],
            threads: vec![1, 2],
            methods: ["skip-gram", "cbow", "subwords"].map(str::to_owned).to_vec(),
        }
    }
}

impl Options {
    /// Reads `--name value` pairs; lists have commas.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Options::default();
        let mut words = arguments.iter();
        while let Some(name) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{name}: a value must follow"))?;
            let path = || Some(PathBuf::from(value));
            match name.as_str() {
                "--text" => options.text = list(name, value)?,
                "--wordsim" => options.wordsim = value.into(),
                "--word2vec-c" => options.word2vec_c = path(),
                "--pword2vec" => options.pword2vec = path(),
                "--epochs" => options.epochs = number(name, value)?,
                "--seeds" => options.seeds = number(name, value)?,
                "--dimensions" => options.dimensions = list(name, value)?,
                "--threads" => options.threads = list(name, value)?,
                "--methods" => options.methods = list(name, value)?,
                other => bail!("no option `{other}`; `cargo xtask help` names them"),
            }
        }
        for method in &options.methods {
            ensure!(
                ["skip-gram", "cbow", "subwords"].contains(&method.as_str()),
                "--methods: expected skip-gram, cbow or subwords, found {method}"
            );
        }
        Ok(options)
    }
}

/// A number over 0.
pub(super) fn number(name: &str, value: &str) -> Result<usize> {
    let number = value.parse().ok().filter(|&number| number > 0);
    number.with_context(|| format!("{name}: expected a number over 0, found {value}"))
}

/// Items with commas between them.
pub(super) fn list<T: FromStr>(name: &str, value: &str) -> Result<Vec<T>> {
    let each = |item: &str| item.parse().ok();
    let items: Option<Vec<T>> = value.split(',').map(each).collect();
    items.with_context(|| format!("{name}: expected a list with commas, found {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options> {
        Options::parse(
            &arguments
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn each_option_is_read() {
        let line = "--text a.txt,b.parquet --wordsim w --word2vec-c c --pword2vec p --epochs 1 --seeds 2 \
                    --dimensions 50 --threads 1,4 --methods cbow";
        let options = parse(&line.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert_eq!(options.text, [PathBuf::from("a.txt"), PathBuf::from("b.parquet")]);
        assert_eq!(options.wordsim, PathBuf::from("w"));
        assert_eq!(options.word2vec_c, Some(PathBuf::from("c")));
        assert_eq!(options.pword2vec, Some(PathBuf::from("p")));
        assert_eq!((options.epochs, options.seeds), (1, 2));
        assert_eq!((options.dimensions, options.threads), (vec![50], vec![1, 4]));
        assert_eq!(options.methods, ["cbow"]);
        assert_eq!(parse(&[]).unwrap(), Options::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (arguments, word) in [
            (&["--epochs", "0"][..], "--epochs"),
            (&["--threads", "1,x"], "1,x"),
            (&["--methods", "glove"], "glove"),
            (&["--fast", "1"], "--fast"),
            (&["--seeds"], "--seeds"),
        ] {
            let error = parse(arguments).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
