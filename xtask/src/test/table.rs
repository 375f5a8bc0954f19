//! The table at the end of a run.

use std::fmt::Write;

use super::{Row, Verdict};

/// The table, what did not run, and as the last line `N passed, N failed`.
pub(super) fn render(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max("lane".len());
    let mut text =
        format!("\n{:<width$}  {:<11}  {:>7}  what it did, or why not\n", "lane", "result", "seconds");
    for row in rows {
        let Row { name, verdict, took, remark } = row;
        let remark = remark.replace('\n', " ");
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "{name:<width$}  {:<11}  {:>7.1}  {remark}", verdict.word(), took.as_secs_f64());
    }
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let others = count(Verdict::DidNotRun) + count(Verdict::LeftOut) + count(Verdict::NotReached);
    let all: f64 = rows.iter().map(|row| row.took.as_secs_f64()).sum();
    let _ = writeln!(text, "\n{} lanes in {all:.0} s, {others} of them not run", rows.len());
    let _ = writeln!(text, "{} passed, {} failed", count(Verdict::Passed), count(Verdict::Failed));
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_table_ends_with_the_sums() {
        let row = |name: &str, verdict, remark: &str| Row {
            name: name.to_owned(),
            verdict,
            took: Duration::from_millis(1500),
            remark: remark.to_owned(),
        };
        let text = render(&[
            row("format", Verdict::Passed, "all files"),
            row("clippy", Verdict::Failed, "two\nlines"),
            row("asan", Verdict::DidNotRun, "no nightly"),
        ]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "lane    result       seconds  what it did, or why not");
        assert_eq!(lines[2], "format  passed           1.5  all files");
        assert_eq!(lines[3], "clippy  FAILED           1.5  two lines");
        assert_eq!(lines[6], "3 lanes in 4 s, 1 of them not run");
        assert_eq!(lines.last(), Some(&"1 passed, 1 failed"));
    }
}
