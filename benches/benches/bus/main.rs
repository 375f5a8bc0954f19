//! The bus beside what else hands frames around, each way beside the others in the same run: `fan-out`, `callback`, `wake`, or all.
//!
//! Not by criterion: medians of ways that were measured minutes apart say little on a machine that others use as well. Here the ways
//! take turns, and the quickest of many short batches counts.
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]
#![allow(clippy::print_stdout, reason = "its output")]

mod fan_out;
mod sleepers;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (part, run) in
        [("fan-out", fan_out::run as fn()), ("callback", sleepers::callback), ("wake", sleepers::wake)]
    {
        if asked.is_empty() || asked.iter().any(|word| word == part) {
            run();
        }
    }
}
