//! `cargo xtask setup`: libtorch and the base model, from PyPI's wheels to `deps/`.
//!
//! Everything is unpacked in the cache folder and `deps/` only points there: a second checkout
//! costs nothing, and programs installed from a checkout outlive it.

mod download;
mod host;
mod link;
mod part;
mod wheels;

use crate::{console::note, workspace};
use anyhow::{Context, Result, bail};
use std::fs::{File, TryLockError};
use std::path::Path;

/// What was asked for on the command line.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// Also the CUDA libraries.
    pub cuda: bool,
    /// Unpack again, and replace folders that set-up did not make.
    pub force: bool,
}

impl Options {
    /// Reads `--cuda` and `--force`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--cuda" => options.cuda = true,
                "--force" => options.force = true,
                other => bail!("`setup` takes --cuda and --force, got `{other}`"),
            }
        }
        Ok(options)
    }
}

/// Brings the machine to where `cargo build` works; at once when it is there already.
pub fn run(options: Options) -> Result<()> {
    host::check_build_tools()?;
    let own = host::own_libtorch()?;
    if let (Some(own), true) = (&own, options.cuda) {
        bail!("--cuda adds to the libtorch that set-up fetches, but {own} is in use");
    }
    let cache = workspace::cache()?;
    let _lock = lock(&cache)?;
    let mut parts = vec![&wheels::MODEL];
    if own.is_none() {
        parts.push(&wheels::LIBTORCH);
    }
    if options.cuda {
        parts.push(&wheels::CUDA);
    }
    let missing: Vec<_> = parts
        .iter()
        .copied()
        .filter(|part| options.force || !part.is_complete(&cache))
        .collect();
    download::fetch(&missing, &cache)?;
    for part in missing {
        note(&format!(
            "unpacking {} into {}",
            part.name,
            cache.join(part.folder).display()
        ));
        part.unpack(&cache)?;
    }
    link::remove(&part::temporary(&cache))?;
    link_deps(&cache, own.is_none(), options.force)?;
    let torch = match own {
        Some(own) => own,
        None if wheels::CUDA.is_complete(&cache) => "libtorch with CUDA in deps/".to_owned(),
        None => "libtorch in deps/".to_owned(),
    };
    note(&format!("set up: {torch}, the base model in deps/"));
    Ok(())
}

/// Points `deps/` at the cache.
fn link_deps(cache: &Path, libtorch: bool, force: bool) -> Result<()> {
    let deps = workspace::root().join("deps");
    std::fs::create_dir_all(&deps).with_context(|| format!("cannot create {}", deps.display()))?;
    link::point(
        &deps.join("all-MiniLM-L6-v2"),
        &cache.join(wheels::MODEL.folder),
        force,
    )?;
    if libtorch {
        let folder = cache.join(wheels::LIBTORCH.folder);
        if wheels::CUDA.is_complete(cache) {
            link::add_cuda(&folder, &cache.join(wheels::CUDA.folder))?;
        }
        link::point(&workspace::libtorch(), &folder, force)?;
    }
    Ok(())
}

/// One set-up at a time on a machine; leftovers of one that was cut off are removed.
fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            note("waiting for another set-up to end");
            file.lock()
                .with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Err(TryLockError::Error(cause)) => {
            return Err(cause).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    link::remove(&part::temporary(cache))?;
    Ok(file)
}
