//! `kind = "word2vec"` and `kind = "glove"`: word vectors from plain text, as a model that embeds texts.
//!
//! ```text
//! run ─▶ text (read, numbered) ─▶ learning ─▶ folder: model, other formats, card ─▶ measuring ─▶ output
//!              └──────── watch ───────┘ └─ checkpoint
//! ```

pub mod card;
pub mod device;
pub mod event;
pub mod folder;
pub mod learning;
pub mod measuring;
pub mod run;
pub mod text;
pub mod watch;
