//! Writes libtorch's folder into the programs and tests that link it (an rpath), so that they start
//! from any folder with no variable set, installed ones included.
//!
//! The packages `encoder-torch`, `trainer` and `indexer` share this one script: cargo passes such link
//! arguments on to the package's own programs and tests only. The folder is found by the rules of
//! `torch-sys`, whose own script links against it.
use std::path::{Path, PathBuf};
use std::process::Command;

const CURE: &str = "run `cargo xtask setup` first";

fn main() {
    let indexer = std::env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "indexer");
    if indexer && std::env::var_os("CARGO_FEATURE_BUILD").is_none() {
        // The reading side alone, which `search` uses, has no libtorch.
        println!("cargo::rerun-if-env-changed=CARGO_FEATURE_BUILD");
        return;
    }
    match library_folder() {
        Ok(folder) => {
            // The old tag, DT_RPATH, comes before LD_LIBRARY_PATH: another release of libtorch
            // that lies about there cannot take the place of the one linked against.
            println!(
                "cargo::rustc-link-arg=-Wl,--disable-new-dtags,-rpath,{}",
                folder.display()
            );
        }
        Err(message) => println!("cargo::error={message}"),
    }
}

/// The folder with libtorch_cpu.so, links resolved: an installed program outlives the checkout.
fn library_folder() -> Result<PathBuf, String> {
    let folder = if variable("LIBTORCH_USE_PYTORCH").is_some() {
        pytorch_folder()?
    } else if let Some(root) = variable("LIBTORCH_LIB").or_else(|| variable("LIBTORCH")) {
        Path::new(&root).join("lib")
    } else {
        PathBuf::from("/usr/lib")
    };
    let library = folder.join("libtorch_cpu.so");
    // Named before it is looked for, so that a later set-up runs this script again.
    println!("cargo::rerun-if-changed={}", library.display());
    if !library.exists() {
        return Err(format!("there is no libtorch at {}: {CURE}", library.display()));
    }
    folder
        .canonicalize()
        .map_err(|cause| format!("cannot resolve {}: {cause}", folder.display()))
}

fn variable(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    std::env::var(name).ok()
}

/// Asks the Python that `torch-sys` asks for the libraries of its PyTorch.
fn pytorch_folder() -> Result<PathBuf, String> {
    let python = if variable("VIRTUAL_ENV").is_some() {
        "python"
    } else {
        "python3"
    };
    let script = "from torch.utils import cpp_extension; print(cpp_extension.library_paths()[0])";
    let output = Command::new(python).args(["-c", script]).output();
    let output = output.map_err(|cause| format!("LIBTORCH_USE_PYTORCH is set, but {python}: {cause}"))?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || folder.is_empty() {
        return Err(format!(
            "LIBTORCH_USE_PYTORCH is set, but {python} finds no PyTorch; unset it and {CURE}"
        ));
    }
    Ok(PathBuf::from(folder))
}
