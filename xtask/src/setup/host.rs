//! What the machine must have: a C++ compiler, make, pip to download with, and perhaps a libtorch of its
//! own. Each lack is one error that names the Debian package.

use super::wheels::TORCH_VERSION;
use crate::{console::note, workspace};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// tch's C++ half and an allocator in C are compiled on this machine.
pub fn check_build_tools() -> Result<()> {
    check_compiler()?;
    if answers("make", ["--version"].into_iter()) {
        return Ok(());
    }
    bail!("no make: `make` does not run; on Debian: apt-get install make");
}

fn check_compiler() -> Result<()> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut words = compiler.split_whitespace();
    if words
        .next()
        .is_some_and(|program| answers(program, words.chain(["--version"])))
    {
        return Ok(());
    }
    bail!("no C++ compiler: `{compiler}` does not run; on Debian: apt-get install g++");
}

/// The start of a command line that runs pip.
pub fn pip() -> Result<Vec<&'static str>> {
    for words in [&["python3", "-m", "pip"][..], &["pip3"], &["pip"]] {
        if let [program, rest @ ..] = words
            && answers(program, rest.iter().copied().chain(["--version"]))
        {
            return Ok(words.to_vec());
        }
    }
    if answers("python3", ["--version"].into_iter()) {
        bail!("python3 has no pip to download with; on Debian: apt-get install python3-pip");
    }
    bail!("no python3 with pip to download with; on Debian: apt-get install python3-pip");
}

fn answers<'a>(program: &str, arguments: impl Iterator<Item = &'a str>) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A libtorch that the user has chosen through `torch-sys`'s variables, in words; it is used in
/// place of the one that set-up fetches, and must be of the one release that tch works with.
pub fn own_libtorch() -> Result<Option<String>> {
    let (folder, variable) = if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        (pytorch()?, "LIBTORCH_USE_PYTORCH")
    } else if let Some(folder) = workspace::own_libtorch() {
        (folder, "LIBTORCH")
    } else {
        return Ok(None);
    };
    let library = folder.join("lib").join("libtorch_cpu.so");
    if std::env::var_os("LIBTORCH_LIB").is_none() && !library.exists() {
        bail!(
            "{variable} points at {}, which has no lib/libtorch_cpu.so",
            folder.display()
        );
    }
    let found = match version(&folder) {
        Some(found) => {
            check_version(&found, variable, &folder)?;
            format!("libtorch {found}")
        }
        // Without a version file `torch-sys` compiles against it or fails.
        None => "libtorch of unknown version".to_owned(),
    };
    let own = format!("your own {found} at {} ({variable})", folder.display());
    note(&format!("using {own}"));
    Ok(Some(own))
}

fn check_version(found: &str, variable: &str, folder: &Path) -> Result<()> {
    let release = found.split('+').next().unwrap_or_default();
    if release != TORCH_VERSION && std::env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_none() {
        bail!(
            "{variable} points at libtorch {found} ({}), but tch works with {TORCH_VERSION} alone: \
             install that release, or unset {variable} and set-up fetches it",
            folder.display()
        );
    }
    Ok(())
}

/// The version that the folder states: `build-version` of a libtorch archive, or `version.py` of a
/// Python package.
fn version(folder: &Path) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(folder.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = std::fs::read_to_string(folder.join("version.py")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim_matches(['\'', '"']).to_owned())
}

/// The torch package of the Python that `torch-sys` asks.
fn pytorch() -> Result<PathBuf> {
    let python = if std::env::var_os("VIRTUAL_ENV").is_some() {
        "python"
    } else {
        "python3"
    };
    let script = "import os, torch; print(os.path.dirname(torch.__file__))";
    let output = Command::new(python)
        .args(["-c", script])
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
        }
        _ => bail!(
            "LIBTORCH_USE_PYTORCH is set, but {python} cannot import torch: install torch \
             {TORCH_VERSION} there, or unset the variable and set-up fetches libtorch"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_both_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(version(folder.path()), None);
        std::fs::write(
            folder.path().join("version.py"),
            "x = 1\n__version__ = '2.11.0+cu130'\n",
        )
        .unwrap();
        assert_eq!(version(folder.path()).as_deref(), Some("2.11.0+cu130"));
        std::fs::write(folder.path().join("build-version"), "2.10.0+cpu\n").unwrap();
        assert_eq!(version(folder.path()).as_deref(), Some("2.10.0+cpu"));
    }

    #[test]
    fn another_release_is_refused_with_both_versions() {
        assert!(check_version("2.11.0+cpu", "LIBTORCH", Path::new("/x")).is_ok());
        let error = check_version("2.4.0", "LIBTORCH", Path::new("/x"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("2.4.0") && error.contains(TORCH_VERSION),
            "{error}"
        );
    }
}
