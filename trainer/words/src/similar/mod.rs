//! Questions to word vectors: nearest words, analogies, agreement with human scores.
