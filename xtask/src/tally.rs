//! Counts what `cargo test` reports, so that a lane can say what it did and cannot pass by doing nothing.

use crate::error::Error;

/// The sums over the test programs seen so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    programs: u32,
    passed: u32,
    ignored: u32,
}

impl Tally {
    /// Reads one line of output; lines that are no summary of a test program change nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        self.programs += 1;
        self.passed += count(summary, "passed");
        self.ignored += count(summary, "ignored");
    }

    /// What was done, in words; an error where no test ran.
    pub(crate) fn proven(&self) -> Result<String, Error> {
        let Tally { programs, passed, ignored } = self;
        match passed {
            0 => Err(Error::Nothing(format!("{programs} test programs without a test that ran"))),
            _ => Ok(format!("{passed} tests in {programs} programs, {ignored} ignored")),
        }
    }
}

/// The number before a word in `ok. 3 passed; 0 failed; 1 ignored; ...`.
fn count(summary: &str, word: &str) -> u32 {
    let parts = summary.split([';', '.']).map(str::trim);
    parts.filter_map(|part| part.strip_suffix(word)?.trim().parse::<u32>().ok()).next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ] {
            tally.read(line);
        }
        assert_eq!(tally, Tally { programs: 2, passed: 15, ignored: 1 });
        assert_eq!(tally.proven().unwrap(), "15 tests in 2 programs, 1 ignored");
    }

    #[test]
    fn no_test_is_no_proof() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        assert!(tally.proven().is_err());
    }
}
