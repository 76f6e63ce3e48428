//! Which model to use when nobody says.

use std::path::{Path, PathBuf};

use crate::{EncoderError, Result};

/// The folder name of the base model that set-up fetches.
const BASE_MODEL: &str = "all-MiniLM-L6-v2";

/// A model folder and how it was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// The folder.
    pub path: PathBuf,
    /// How it was chosen, for the message to the user.
    pub source: &'static str,
}

/// `explicit`, else `models/latest` of the current folder, else the base model: under `deps/` of the
/// current folder or in the user's cache folder (`$SEXTANT_CACHE`, else `$XDG_CACHE_HOME/sextant`,
/// else `~/.cache/sextant`).
///
/// # Errors
/// None of them is there.
pub fn locate(explicit: Option<&Path>) -> Result<Located> {
    if let Some(path) = explicit {
        return Ok(Located {
            path: path.to_owned(),
            source: "as asked for",
        });
    }
    let latest = Path::new("models").join("latest");
    if latest.exists() {
        return Ok(Located {
            path: latest,
            source: "the last model trained here",
        });
    }
    let base = [
        Some(Path::new("deps").join(BASE_MODEL)),
        cache_folder().map(|cache| cache.join(BASE_MODEL)),
    ];
    match base.into_iter().flatten().find(|path| path.exists()) {
        Some(path) => Ok(Located {
            path,
            source: "the base model",
        }),
        None => Err(EncoderError::NotFound {
            what: "a model (models/latest or the base model)".into(),
            help: "name one with --model, train one, or fetch the base model with `cargo xtask setup`".into(),
        }),
    }
}

fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("SEXTANT_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("sextant")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache").join("sextant")))
}
