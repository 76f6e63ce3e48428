//! placeholder

mod draws;
mod piece;
#[cfg(test)]
mod quality_probe;
mod random;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod unsupported;

pub use run::learn;
