//! Models to compare with, found and checked before any of them is measured.

use std::path::{Path, PathBuf};

use encoder::EncoderError;
use encoder::model::{Architecture, ModelFolder};

use crate::error::Result;
use crate::output::MODELS;

/// The folder of a model that is named by its folder or by its name in `models/`, known to be whole.
///
/// # Errors
/// Nothing there, a damaged or unsupported folder.
pub fn locate(name: &Path) -> Result<PathBuf> {
    let trained = Path::new(MODELS).join(name);
    let is_name = name.components().count() == 1;
    let path = match name.exists() {
        false if is_name && trained.exists() => trained,
        false => {
            let what = format!("the model {}", name.display());
            let help = "name a model folder, or a model in models/".into();
            return Err(EncoderError::NotFound { what, help }.into());
        }
        true => name.to_owned(),
    };
    match Architecture::of(&path)? {
        Architecture::Bert => ModelFolder::open(&path).map(drop)?,
        Architecture::Static => encoder::open_static(&path).map(drop)?,
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_folder_is_found_and_a_damaged_or_missing_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        encoder::testing::write_tiny_model(&model, 1).unwrap();
        assert_eq!(locate(&model).unwrap(), model);
        let weights = model.join("model.safetensors");
        let whole = std::fs::read(&weights).unwrap();
        std::fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
        let message = locate(&model).unwrap_err().to_string();
        assert!(message.contains("model.safetensors"), "{message}");
        let message = locate(Path::new("nowhere")).unwrap_err().to_string();
        assert!(message.contains("the model nowhere: nothing found"), "{message}");
    }
}
