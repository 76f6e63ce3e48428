//! Where things are: the checkout, its build output, and the cache that outlives it.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout's root folder.
pub fn root() -> PathBuf {
    // Cargo names the manifest's folder at run time, so that a moved checkout still finds itself.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .parent()
        .map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The folder with the release programs, which cargo builds beside this one.
pub fn programs() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program lies")?;
    let target = this
        .parent()
        .and_then(Path::parent)
        .context("this program is not in a target folder")?;
    Ok(target.join("release"))
}

/// The folder of downloads and of what was unpacked from them.
pub fn cache() -> Result<PathBuf> {
    let folder = if let Some(folder) = variable("SEXTANT_CACHE") {
        folder
    } else if let Some(folder) = variable("XDG_CACHE_HOME") {
        folder.join("sextant")
    } else if let Some(home) = variable("HOME") {
        home.join(".cache").join("sextant")
    } else {
        bail!("no folder for downloads: HOME is not set; set SEXTANT_CACHE to a folder");
    };
    if folder.is_relative() {
        bail!(
            "the folder for downloads must be absolute, got {}",
            folder.display()
        );
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    folder
        .canonicalize()
        .with_context(|| format!("cannot resolve {}", folder.display()))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Where `.cargo/config.toml` points LIBTORCH.
pub fn libtorch() -> PathBuf {
    root().join("deps").join("libtorch")
}

/// A LIBTORCH that the user has set; `None` for the one that `.cargo/config.toml` sets.
pub fn own_libtorch() -> Option<PathBuf> {
    variable("LIBTORCH").filter(|folder| *folder != libtorch())
}

/// Cargo, run in the checkout.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    if own_libtorch().is_none() {
        // Cargo sets it again. Inherited, it could look like a changed variable, and minutes of
        // C++ would be compiled once more.
        command.env_remove("LIBTORCH");
    }
    command
}
