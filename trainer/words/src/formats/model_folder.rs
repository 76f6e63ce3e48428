//! Folders: Sextant's models, and static embedding models of sentence-transformers'.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::tensors::Tensors;
use super::{NATIVE_FILE, mapping, native};
use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

const MODULES: &str = "modules.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";

/// The table of vectors, as sentence-transformers and as model2vec name it.
const TABLES: [&str; 2] = ["embedding.weight", "embeddings"];

/// Where a module of the model lies, and what it is.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    path: String,
}

/// The part of `tokenizer.json` that names the rows.
#[derive(Deserialize)]
struct Tokenizer {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    vocab: Value,
}

#[derive(Deserialize)]
struct AddedToken {
    id: usize,
    content: String,
}

/// The word vectors as they were learned where the folder has them, else the model's table and its words.
pub(super) fn open(folder: &Path) -> Result<WordVectors> {
    let own = folder.join(NATIVE_FILE);
    if own.exists() {
        let map = mapping::map(&own)?;
        return native::read(Tensors::open(&own, map)?);
    }
    let module = static_module(folder)?;
    let weights = module.join(WEIGHTS);
    let tensors = Tensors::open(&weights, mapping::map(&weights)?)?;
    let [usual, other] = TABLES;
    let name = if tensors.has(other) { other } else { usual };
    let table = tensors.table(name)?;
    let named = words(&module.join(TOKENIZER), table.rows())?;
    // A row without a name cannot be asked for.
    let vectors = if named.len() == table.rows() {
        table
    } else {
        let rows: Vec<usize> = named.iter().map(|&(row, _)| row).collect();
        tensors.rows(name, &rows)?
    };
    mapping::check_finite(&weights, &vectors)?;
    Ok(WordVectors {
        vocabulary: Vocabulary::from_counts(named.into_iter().map(|(_, word)| (word, 0))),
        vectors,
        subwords: None,
    })
}

/// The folder of the module that is a table of word vectors.
fn static_module(folder: &Path) -> Result<PathBuf> {
    let refuse = |found: String| {
        WordsError::format(
            folder,
            format!("a model folder with word vectors ({NATIVE_FILE}, or a static embedding in {MODULES})"),
            found,
            "name a model of word vectors, or a file of them",
        )
    };
    let path = folder.join(MODULES);
    if !path.exists() {
        return Err(refuse("neither file".to_owned()));
    }
    let modules: Vec<Module> = json(&path, "a list of modules with their types")?;
    let kinds: Vec<&str> = modules
        .iter()
        .map(|module| module.kind.rsplit('.').next().unwrap_or_default())
        .collect();
    match kinds.iter().position(|&kind| kind == "StaticEmbedding") {
        Some(at) => Ok(folder.join(&modules[at].path)),
        None => Err(refuse(format!(
            "a model without word vectors ({})",
            kinds.join(", ")
        ))),
    }
}

/// The rows that have a name, ascending.
fn words(path: &Path, rows: usize) -> Result<Vec<(usize, String)>> {
    let tokenizer: Tokenizer = json(path, "a tokenizer with a model")?;
    let Value::Object(vocabulary) = tokenizer.model.vocab else {
        return Err(WordsError::format(
            path,
            "words and their rows in model.vocab",
            "no such object",
            "name a model whose tokenizer has whole words",
        ));
    };
    let mut names: Vec<Option<String>> = vec![None; rows];
    let mut name = |word: String, id: Option<usize>| {
        let place = id.and_then(|id| names.get_mut(id)).ok_or_else(|| {
            WordsError::format(
                path,
                format!("rows below {rows}, as {WEIGHTS} has"),
                format!(
                    "{} for {word:?}",
                    id.map_or("no row".to_owned(), |id| id.to_string())
                ),
                "get the model again",
            )
        })?;
        *place = Some(word);
        Ok::<(), WordsError>(())
    };
    for (word, id) in vocabulary {
        name(word, id.as_u64().and_then(|id| usize::try_from(id).ok()))?;
    }
    // A phrase of Sextant's is there too under the name with blanks that texts have it by.
    for token in tokenizer.added_tokens {
        name(token.content, Some(token.id))?;
    }
    let named = names
        .into_iter()
        .enumerate()
        .filter_map(|(row, word)| Some((row, word?)));
    Ok(named.collect())
}

fn json<T: serde::de::DeserializeOwned>(path: &Path, expected: &str) -> Result<T> {
    let text = fs::read(path).map_err(WordsError::read(path))?;
    serde_json::from_slice(&text)
        .map_err(|error| WordsError::format(path, expected, error.to_string(), "get the model again"))
}
