//! tch 0.24 under the version number that rust-bert 0.23 asks for.
//!
//! rust-bert 0.23 depends on tch ^0.17 (libtorch 2.4) but compiles unchanged against tch 0.24
//! (libtorch 2.11). `[patch.crates-io]` in the workspace's `Cargo.toml` puts this package in.
pub use tch24::*;
