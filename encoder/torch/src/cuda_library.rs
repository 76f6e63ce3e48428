//! Finds and loads libtorch_cuda.so, which turns the CPU build into a CUDA build.

use std::path::{Path, PathBuf};
use std::process::Command;

const LIBRARY: &str = "libtorch_cuda.so";
/// Names the file or its folder outright.
const VARIABLE: &str = "SEXTANT_LIBTORCH_CUDA";
/// The only libtorch release that tch 0.24 works with.
const VERSION: &str = "2.11.0";

/// Whether the kernel driver is there; without it there is no point in loading half a gigabyte.
pub(crate) fn has_nvidia_driver() -> bool {
    ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg"]
        .iter()
        .any(|path| Path::new(path).exists())
}

/// Loads the first library found: named by the variable, beside the libtorch in use, or in the
/// active Python's torch. Returns the file, or why none could be loaded.
pub(crate) fn load() -> Result<PathBuf, String> {
    if let Some(path) = loaded(LIBRARY) {
        return Ok(path);
    }
    let candidates = [named(), beside_libtorch(), in_python()];
    let Some(path) = candidates.into_iter().flatten().find(|path| path.exists()) else {
        return Err(format!(
            "no {LIBRARY} beside libtorch, in Python's torch, or named by {VARIABLE}"
        ));
    };
    check_version(&path)?;
    open(&path)?;
    Ok(path)
}

fn named() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(VARIABLE)?);
    Some(if path.is_dir() { path.join(LIBRARY) } else { path })
}

fn beside_libtorch() -> Option<PathBuf> {
    Some(loaded("libtorch_cpu.so")?.with_file_name(LIBRARY))
}

/// Asks Python where its torch lies, without importing it.
fn in_python() -> Option<PathBuf> {
    let question = "import importlib.util as u; s = u.find_spec('torch'); print(s.origin if s else '')";
    let answer = Command::new("python3").args(["-c", question]).output().ok()?;
    let origin = String::from_utf8(answer.stdout).ok()?;
    Some(Path::new(origin.trim()).parent()?.join("lib").join(LIBRARY))
}

/// Another release's library would crash; its Python package says which release it is.
fn check_version(library: &Path) -> Result<(), String> {
    let Some(version_file) = library
        .parent()
        .and_then(Path::parent)
        .map(|torch| torch.join("version.py"))
    else {
        return Ok(());
    };
    match std::fs::read_to_string(&version_file) {
        Ok(text) if !text.contains(&format!("'{VERSION}")) => Err(format!(
            "{} is of another PyTorch than {VERSION} (see {})",
            library.display(),
            version_file.display()
        )),
        // Beside a bare libtorch there is no such file; its release was checked at build time.
        _ => Ok(()),
    }
}

/// The path under which this process has mapped the library `name`.
fn loaded(name: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines()
        .filter_map(|line| line.find('/').map(|start| Path::new(&line[start..])))
        .find(|path| path.file_name().is_some_and(|file| file == name))
        .map(Path::to_owned)
}

#[expect(
    unsafe_code,
    reason = "loading a library runs its initializers; the file is libtorch's own"
)]
fn open(path: &Path) -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: the initializers register CUDA's kernels with libtorch_cpu.so of the same release,
    // which is loaded already (checked above); the handle is leaked, so nothing is ever unloaded.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    let library = library.map_err(|error| format!("{} cannot be loaded: {error}", path.display()))?;
    std::mem::forget(library);
    Ok(())
}
