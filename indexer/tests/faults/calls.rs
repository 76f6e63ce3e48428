//! A write, sync, rename, mapping … that fails: exit code 2 with a reason, and the last commit whole.

use std::process::Output;

use super::changes::{CHANGES, Change};
use super::place::{Place, Trials, said};
use super::shim::{self, Fault};
use super::{chosen, tries};

/// How many calls each change makes on files of the folder.
fn calls_of(place: &Place, change: &Change) -> usize {
    let report = place.path("report.txt");
    let mut command = place.command(change.arguments);
    shim::inject(&mut command, &place.path(""), 0, Fault::Device, &report);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    shim::read(&report).calls
}

fn sweep(fault: Fault, seed: u64) {
    let trials = Trials::new();
    let place = &trials.place;
    for (change, number) in CHANGES.iter().zip(0..) {
        trials.start(change.before);
        let calls = calls_of(place, change);
        assert!(calls > 5, "{}: the library sees {calls} calls", change.name);
        assert_eq!(place.documents(), Some((change.after)()), "{}", change.name);
        for at in chosen(calls, tries(2), seed + number) {
            trials.start(change.before);
            let report = place.path("report.txt");
            let mut command = place.command(change.arguments);
            shim::inject(&mut command, &place.path(""), at + 1, fault, &report);
            let output = command.output().unwrap();
            let failed = shim::read(&report).failed.expect("the call was made");
            let case = format!("{}, call {} of {calls}, {failed}", change.name, at + 1);
            check(place, change, (fault, &output), &case);
        }
    }
}

/// After a fault: done, or an error and the state before or after; then a rerun that finds its way.
fn check(place: &Place, change: &Change, (fault, output): (Fault, &Output), case: &str) {
    let message = said(output);
    let case = format!("{case}: {message}");
    let (before, after) = (change.before.documents(), Some((change.after)()));
    let found = place.documents();
    match output.status.code() {
        // What only tidies up may fail.
        Some(0) => assert_eq!(found, after, "{case}"),
        Some(2) => {
            let error = message
                .lines()
                .find(|line| line.starts_with("error: "))
                .expect(&case);
            assert!(error.contains(fault.reason()), "{case}");
            assert!(found == before || found == after, "{case}: {found:?}");
            if message.contains("nothing was changed") {
                assert_eq!(found, before, "{case}");
            }
        }
        code => panic!("{case}: exit code {code:?}"),
    }
    let again = place.command(change.arguments).output().unwrap();
    if again.status.code() != Some(0) {
        assert_eq!(
            found,
            after,
            "{case}, and a rerun fails only where all was done: {}",
            said(&again)
        );
    }
    assert_eq!(place.documents(), after, "{case}");
    assert_eq!(place.leftovers(), [""; 0], "{case}");
}

#[test]
fn a_full_disk_at_any_call() {
    sweep(Fault::FullDisk, 100);
}

#[test]
fn a_failing_device_at_any_call() {
    sweep(Fault::Device, 200);
}
