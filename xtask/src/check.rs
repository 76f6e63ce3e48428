//! `cargo xtask check`: everything a reviewer's machine can judge but the tests.

use crate::{console, setup, workspace};
use anyhow::{Context, Result, bail, ensure};
use std::process::Command;

/// rustfmt, clippy and rustdoc with warnings denied, then `search` alone, which must do without
/// libtorch.
pub fn run() -> Result<()> {
    setup::run(setup::Options::default())?;
    console::run(&mut workspace::cargo(&["fmt", "--all", "--check"]))?;
    let clippy = [
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    console::run(&mut workspace::cargo(&clippy))?;
    let doc = [
        "doc",
        "--release",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    console::run(workspace::cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"))?;
    search_without_libtorch()?;
    console::say("\ncheck: rustfmt, clippy, rustdoc and the build of `search` without libtorch passed");
    Ok(())
}

fn search_without_libtorch() -> Result<()> {
    let tree = [
        "tree",
        "--package",
        "search",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    let packages = console::capture(&mut workspace::cargo(&tree))?;
    ensure!(
        packages.starts_with("search "),
        "`cargo tree` did not start with search:\n{packages}"
    );
    for package in ["torch-sys", "tch", "rust-bert", "encoder-torch"] {
        let found = packages
            .lines()
            .find(|line| line.split(' ').next() == Some(package));
        if let Some(line) = found {
            bail!("`search` must not depend on libtorch, but `cargo tree -p search` has {line}");
        }
    }
    // Nowhere: whatever looks for libtorch in this build fails.
    let mut build = workspace::cargo(&["build", "--release", "--package", "search"]);
    console::run(
        build
            .env("LIBTORCH", "/nonexistent")
            .env_remove("LIBTORCH_USE_PYTORCH"),
    )?;
    let program = workspace::programs()?.join("search");
    let libraries = console::capture(Command::new("ldd").arg(&program))?;
    let linked = libraries
        .lines()
        .find(|line| line.contains("torch") || line.contains("libc10"));
    ensure!(
        linked.is_none(),
        "`search` links {}",
        linked.unwrap_or_default().trim()
    );
    let bytes = std::fs::metadata(&program)
        .context("cannot measure `search`")?
        .len();
    console::say(&format!("search: {:.1} MB, no libtorch", bytes as f64 / 1e6));
    Ok(())
}
