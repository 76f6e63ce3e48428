//! `train mine`: the command line, and the choice of hard negatives among what was found. Finding needs a model, which
//! the program gives.

pub mod args;
pub mod choose;
