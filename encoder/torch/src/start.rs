//! What libtorch's surroundings read from the environment when a program starts, and how many threads it uses.
//!
//! libtorch's OpenMP library (libgomp) lets a thread that waits for the others spin on its processor, by default for
//! hundreds of thousands of rounds at each of the thousands of parallel steps of a batch. Where anything else runs on the
//! machine, the spinning keeps the very thread that is waited for from its processor: training beside one compiler on two
//! cores was seen to slow down to a tenth. With a short spin it slows down by its fair share.
//!
//! Each step of a batch also allocates tensors of tens of megabytes and frees others. An allocator that gives them back to
//! the kernel gets each page of the next one anew, filled with zeros: a third of a step's time. So freed memory is kept.
//!
//! CUDA devices from Ampere on multiply 32-bit numbers several times as fast as TF32 ones. libtorch does so only if told.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Rounds of spinning before a thread sleeps: some microseconds, the length of the gaps between steps.
const SPIN: (&str, &str) = ("GOMP_SPINCOUNT", "1000");

/// jemalloc keeps all that was freed, for good.
const KEEP: (&str, &str) = ("MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1");

/// libtorch lets cuBLAS use TF32.
const TF32: (&str, &str) = ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1");

/// Starts this program again, in the same process, with a short spin, with memory kept and with TF32, unless the user has
/// set `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY`, `MALLOC_CONF`, and `TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`. These are read
/// once, when a program is loaded, so setting them later has no effect. To be called first; returns where there is nothing to do or it cannot be done.
pub fn restart_tuned() {
    let set = |name: &str| std::env::var_os(name).is_some();
    let spin = (!set(SPIN.0) && !set("OMP_WAIT_POLICY")).then_some(SPIN);
    let others = [KEEP, TF32].into_iter().filter(|(name, _)| !set(name));
    let missing: Vec<(&str, &str)> = spin.into_iter().chain(others).collect();
    if missing.is_empty() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let mut arguments = std::env::args_os();
        let mut command = Command::new(program);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        // Comes back only with an error; then the program runs on as it is.
        let _ = command.args(arguments).envs(missing).exec();
    }
}

/// Lets libtorch compute in at most `threads` threads, at least 1.
pub fn limit_threads(threads: u16) {
    tch::set_num_threads(i32::from(threads.max(1)));
}
