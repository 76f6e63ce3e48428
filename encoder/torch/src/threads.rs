//! How many threads libtorch uses, and how they wait for each other.
//!
//! libtorch's OpenMP library (libgomp) lets a thread that waits for the others spin on its processor,
//! by default for hundreds of thousands of rounds at each of the thousands of parallel steps of a
//! batch. Where anything else runs on the machine, the spinning keeps the very thread that is waited
//! for from its processor: training beside one compiler on two cores was seen to slow down to a
//! tenth. With a short spin it slows down by its fair share.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Rounds of spinning before a thread sleeps: some microseconds, the length of the gaps between steps.
const SPIN: (&str, &str) = ("GOMP_SPINCOUNT", "1000");

/// Starts this program again, in the same process, with a short spin, unless the user has set
/// `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY`. libgomp reads them once, when it is loaded, so setting them
/// later has no effect. To be called first; returns where there is nothing to do or it cannot be done.
pub fn limit_spinning() {
    let set = |name: &str| std::env::var_os(name).is_some();
    if set(SPIN.0) || set("OMP_WAIT_POLICY") {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let mut arguments = std::env::args_os();
        let mut command = Command::new(program);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        // Comes back only with an error; then the program runs on as it is.
        let _ = command.args(arguments).env(SPIN.0, SPIN.1).exec();
    }
}

/// Lets libtorch compute in at most `threads` threads, at least 1.
pub fn limit_threads(threads: u16) {
    tch::set_num_threads(i32::from(threads.max(1)));
}
