//! Texts from word vectors: their mean, or smooth inverse frequency (SIF), and the model folder that computes it.
//!
//! Whatever the pooling does is linear in the words, so it is done to the rows of the table once
//! ([`write_model_folder`]), and every reader of the folder only has to take their mean.

mod common_components;
mod folder;
mod pooling;
pub mod tokenizer_json;

pub use folder::{TextRecipe, TextReport, write_model_folder};
pub use pooling::TextPooling;
