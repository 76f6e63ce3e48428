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

/// `explicit`, else `models/latest` of the current folder, else [`locate_base`].
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
    Ok(Located {
        path: locate_base()?,
        source: "the base model",
    })
}

/// The base model that set-up fetched, whatever has been trained since: under `deps/` of the current
/// folder, else in the user's cache folder.
///
/// # Errors
/// It is in neither place.
pub fn locate_base() -> Result<PathBuf> {
    let places = [Some(PathBuf::from("deps")), cache_folder()];
    let places: Vec<PathBuf> = places
        .into_iter()
        .flatten()
        .map(|folder| folder.join(BASE_MODEL))
        .collect();
    places.iter().find(|path| path.exists()).cloned().ok_or_else(|| {
        let names: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        EncoderError::NotFound {
            what: format!("the base model ({})", names.join(" or ")),
            help: "fetch it with `cargo xtask setup`, or name a model folder".into(),
        }
    })
}

/// `$SEXTANT_CACHE`, else `$XDG_CACHE_HOME/sextant`, else `~/.cache/sextant`.
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
