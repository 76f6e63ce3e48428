//! What the programs link: `train-torch` and `index` find libtorch with no variable set, and `train` and
//! `search` have none.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails its test")]

use pipeline_tests::program;
use std::process::Command;

fn libraries(name: &str) -> String {
    let mut command = Command::new("ldd");
    let output = command
        .arg(program(name))
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn trainer_and_indexer_find_libtorch_by_themselves() {
    for name in ["train-torch", "index"] {
        let libraries = libraries(name);
        assert!(libraries.contains("libtorch_cpu.so => /"), "{name}:\n{libraries}");
        assert!(!libraries.contains("not found"), "{name}:\n{libraries}");
        // CUDA is loaded at run time where there is any.
        assert!(!libraries.contains("libtorch_cuda"), "{name}:\n{libraries}");
    }
}

#[test]
fn search_links_no_libtorch() {
    assert_free_of_libtorch("search");
}

#[test]
fn train_links_no_libtorch() {
    assert_free_of_libtorch("train");
}

fn assert_free_of_libtorch(name: &str) {
    let libraries = libraries(name);
    for library in ["torch", "libc10", "libgomp", "libcud", "libstdc++", "not found"] {
        assert!(
            !libraries.contains(library),
            "{name} links {library}:\n{libraries}"
        );
    }
}
