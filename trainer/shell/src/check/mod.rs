//! `train check`: what a training on pairs will work on, and what is wrong with it, before its first step.
//!
//! Here are the command line, the comparison of texts and the report; what computes with the model is in the
//! program that links libtorch.

pub mod args;
pub mod near;
pub mod report;
