//! kill -9 at any moment: reopening finds the last commit whole, and a rerun completes.

use std::process::Stdio;
use std::time::Instant;

use rand::{Rng, SeedableRng};

use super::changes::{CHANGES, Change};
use super::place::{Place, Trials, said};
use super::shim::{self, Fault};
use super::{chosen, tries};

/// After a kill: the state before or after, whole; then a rerun.
fn check(place: &Place, change: &Change, case: &str) {
    let (before, after) = (change.before.documents(), Some((change.after)()));
    let found = place.documents();
    assert!(found == before || found == after, "{case}: {found:?}");
    let again = place.command(change.arguments).output().unwrap();
    if again.status.code() != Some(0) {
        assert_eq!(
            found,
            after,
            "{case}: a rerun fails only where all was done: {}",
            said(&again)
        );
    }
    assert_eq!(place.documents(), after, "{case}");
    assert_eq!(place.leftovers(), [""; 0], "{case}");
}

#[test]
fn at_a_random_moment() {
    let trials = Trials::new();
    let place = &trials.place;
    let mut random = rand::rngs::StdRng::seed_from_u64(9);
    for change in CHANGES {
        trials.start(change.before);
        let begin = Instant::now();
        assert!(place.command(change.arguments).output().unwrap().status.success());
        let whole = begin.elapsed();
        for _ in 0..tries(2) {
            trials.start(change.before);
            let wait = whole.mul_f64(random.random_range(0.0..1.1));
            let mut command = place.command(change.arguments);
            let mut child = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(wait);
            let _ = child.kill();
            child.wait().unwrap();
            check(place, change, &format!("{} killed after {wait:?}", change.name));
        }
    }
}

/// Random moments seldom fall between two calls that belong together: this looks there.
#[test]
fn before_any_call_that_changes_files() {
    let trials = Trials::new();
    let place = &trials.place;
    let report = place.path("report.txt");
    for (change, seed) in CHANGES.iter().zip(300..) {
        trials.start(change.before);
        let mut command = place.command(change.arguments);
        shim::inject(&mut command, &place.path(""), 0, Fault::Kill, &report);
        assert!(command.output().unwrap().status.success());
        let calls = shim::read(&report).calls;
        for at in chosen(calls, tries(3), seed) {
            trials.start(change.before);
            let mut command = place.command(change.arguments);
            shim::inject(&mut command, &place.path(""), at + 1, Fault::Kill, &report);
            let output = command.output().unwrap();
            let failed = shim::read(&report).failed.expect("the call was made");
            assert_eq!(output.status.code(), None, "{failed}: {}", said(&output));
            check(place, change, &format!("{} killed before {failed}", change.name));
        }
    }
}
