//! The library that lets a call of the program fail, compiled once for all tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The disk is full, and stays so.
    FullDisk,
    /// The device fails once.
    Device,
    /// The process is killed just before it.
    Kill,
}

impl Fault {
    /// The number of the error, 0 for death, and whether later calls fail as well.
    fn error(self) -> (&'static str, &'static str) {
        match self {
            Self::FullDisk => ("28", "1"),
            Self::Device => ("5", "0"),
            Self::Kill => ("0", "0"),
        }
    }

    /// What the system says of it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::FullDisk => "No space left on device",
            Self::Device => "Input/output error",
            Self::Kill => "",
        }
    }
}

/// What a run did to files under the root.
#[derive(Debug, Default)]
pub struct Report {
    /// How many calls, where it came to an end.
    pub calls: usize,
    /// The call that failed, and its file.
    pub failed: Option<String>,
}

/// Sets up `command` so that its call number `at` (from 1; 0 for none) on files under `root` has the fault.
pub fn inject(command: &mut Command, root: &Path, at: usize, fault: Fault, report: &Path) {
    let (error, after) = fault.error();
    let _ = std::fs::remove_file(report);
    command
        .env("LD_PRELOAD", library())
        .env("FAULT_ROOT", root)
        .env("FAULT_AT", at.to_string())
        .env("FAULT_ERROR", error)
        .env("FAULT_AFTER", after)
        .env("FAULT_REPORT", report);
}

/// Reads what the library reported.
pub fn read(report: &Path) -> Report {
    let mut found = Report::default();
    for line in std::fs::read_to_string(report).unwrap_or_default().lines() {
        match line.split_once(' ') {
            Some(("calls", count)) => found.calls = count.parse().unwrap(),
            Some(("failed", call)) => found.failed = Some(call.to_owned()),
            _ => panic!("the library reported {line:?}"),
        }
    }
    found
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&path, &source])
            .status()
            .expect("a C compiler, which building needs anyway");
        assert!(compiled.success());
        (folder, path)
    });
    path
}
