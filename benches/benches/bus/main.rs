//! The bus beside what else hands frames around, each way beside the others in the same run.
//!
//! Not by criterion: medians of ways that were measured minutes apart say little on a machine that others use as well. Here the ways
//! take turns, and the quickest of many short batches counts.
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]
#![allow(clippy::print_stdout, reason = "its output")]

mod fan_out;

use std::time::Duration;

fn main() {
    println!("fan-out, one thread: one frame published, taken by each reader, and given back");
    for n in fan_out::READERS {
        let ways = fan_out::compare(n, Duration::from_secs(3));
        let tokio = ways.iter().find(|way| way.name.starts_with("tokio")).map_or(f64::NAN, |way| way.best_ns);
        for way in ways {
            println!(
                "{n:>3} readers  {:<32} {:>8.1} ns  {:>5.2} of tokio's",
                way.name,
                way.best_ns,
                way.best_ns / tokio
            );
        }
    }
}
