//! What the whole-flow tests share: where the checkout is, and the three programs, run as a user
//! would run them.
//!
//! A test crate of its own gets no `CARGO_BIN_EXE_…` for other packages' programs. `cargo test
//! --workspace` builds them all the same, beside the folder of the running test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The checkout's root folder.
///
/// # Panics
/// If this crate has been moved out of the checkout.
pub fn root() -> &'static Path {
    match Path::new(env!("CARGO_MANIFEST_DIR")).parent() {
        Some(root) => root,
        None => panic!("the tests are not in a checkout"),
    }
}

/// The built program `train`, `index` or `search`, of the profile that the test is built in.
///
/// # Panics
/// If it has not been built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    // target/release/deps/pipeline-0123456789abcdef
    let path = test.ancestors().nth(2).unwrap_or(Path::new("")).join(name);
    assert!(
        path.exists(),
        "{} is not there: run `cargo xtask test`, or `cargo build --release --workspace` before a test alone",
        path.display()
    );
    path
}

/// What a program left behind when it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status, or `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// An empty folder, outside the checkout, in which programs are run.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A new one, removed when dropped.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn new() -> Self {
        match tempfile::tempdir() {
            Ok(folder) => Self(folder),
            Err(error) => panic!("no folder for the test: {error}"),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a program there, with no variable set that could help it to find libtorch or a model.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Ended {
        let mut command = Command::new(program(name));
        command.args(arguments).current_dir(self.path());
        for variable in [
            "LD_LIBRARY_PATH",
            "LIBTORCH",
            "LIBTORCH_LIB",
            "SEXTANT_CACHE",
            "XDG_CACHE_HOME",
        ] {
            command.env_remove(variable);
        }
        command.env("HOME", self.path());
        match command.output() {
            Ok(output) => output.into(),
            Err(error) => panic!("cannot start {name}: {error}"),
        }
    }

    /// Runs a program that must succeed; what it wrote to standard output.
    ///
    /// # Panics
    /// If it fails.
    pub fn succeed(&self, name: &str, arguments: &[&str]) -> String {
        let ended = self.run(name, arguments);
        assert_eq!(ended.code, Some(0), "{name} {arguments:?}: {ended:#?}");
        ended.out
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}
