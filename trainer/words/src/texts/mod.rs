//! Texts from word vectors: their mean, or smooth inverse frequency (SIF), and the tokenizer of the model folder.

pub mod tokenizer_json;
