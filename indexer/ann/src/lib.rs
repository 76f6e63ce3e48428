//! Nearest neighbours of vectors, without anything of texts.

mod row_set;

pub use row_set::RowSet;
