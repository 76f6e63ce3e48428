//! Standard output that takes nothing, or is read no further.

use std::process::Stdio;

use super::workplace::{Workplace, stderr};

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_with_the_name_of_stdout() {
    let place = Workplace::with_index();
    let (results, done) = ("cannot write results to stdout: ", "the work is done, but ");
    for (arguments, beginning) in [
        (&["info"][..], results),
        (&["verify", "--json"], results),
        (&["delete", "corpus.index", "flu"], done),
        (&["compact", "corpus.index", "--json"], done),
    ] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = place.command(arguments).stdout(full).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with(&format!("error: {beginning}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    let place = Workplace::with_index();
    let mut child = place
        .command(&["info"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}
