//! The one table at the end, and below it the reasons.

use std::fmt::Write;
use std::time::Duration;

use pvcam::check::{Figures, Report, Row, Spread, Verdict};

/// What the columns are called; the first two and the last are flush left.
const HEADINGS: [&str; 15] = [
    "camera",
    "step",
    "highest",
    "deliv",
    "lost",
    "fps ask",
    "fps got",
    "copied/f",
    "moved",
    "alloc/f",
    "callback us",
    "to reader us",
    "cpu us/f",
    "books",
    "result",
];

const FLUSH_LEFT: [usize; 3] = [0, 1, 14];

/// The widest that a line may be, with the longest of everything in it.
#[cfg(test)]
const WIDTH: usize = 168;

/// The longest camera name that is shown whole.
const NAME: usize = 14;

/// The table, then each failure with its reason, and the sums as the last line.
pub(super) fn render(reports: &[Report]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    for report in reports {
        lines.extend(report.rows.iter().map(|row| line(&report.about.name, row)));
    }
    let mut text = String::new();
    let widths: [usize; 15] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    for line in &lines {
        let cells = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if FLUSH_LEFT.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let joined = cells.collect::<Vec<_>>().join("  ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", joined.trim_end());
    }
    text.push('\n');
    for report in reports {
        for failure in report.failures() {
            let _ = writeln!(text, "FAILED: {}: {failure}", report.about.name);
        }
    }
    let rows = || reports.iter().flat_map(|report| &report.rows);
    let passed = rows().filter(|row| row.verdict == Verdict::Passed).count();
    let took: f64 = rows().map(|row| row.took.as_secs_f64()).sum();
    let skipped = rows().filter(|row| matches!(row.verdict, Verdict::Skipped(_))).count();
    let all = rows().count() - skipped;
    let left_out = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    let cameras = reports.len();
    let _ = writeln!(text, "{passed} of {all} steps passed{left_out} on {cameras} camera(s) in {took:.0} s");
    text
}

fn line(camera: &str, row: &Row) -> [String; 15] {
    let name = camera.chars().take(NAME).collect();
    let step = row.step.name().to_owned();
    let result = result(row);
    let Some(figures) = &row.figures else {
        let empty = || "-".to_owned();
        let mut cells: [String; 15] = std::array::from_fn(|_| empty());
        (cells[0], cells[1], cells[14]) = (name, step, result);
        return cells;
    };
    let optional = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        name,
        step,
        figures.books.highest.to_string(),
        figures.books.delivered.to_string(),
        lost(figures),
        format!("{:.1}", figures.fps_asked),
        optional(figures.fps_got.map(|fps| format!("{fps:.1}"))),
        rounded(figures.copied_per_frame()),
        figures.books.rescued.to_string(),
        optional(figures.allocations_per_frame().map(rounded)),
        optional(figures.callback.map(spread)),
        optional(figures.latency.map(spread)),
        optional(figures.cpu_per_frame().map(microseconds)),
        if figures.balanced { "ok" } else { "WRONG" }.to_owned(),
        result,
    ]
}

fn result(row: &Row) -> String {
    let verdict = match row.verdict {
        Verdict::Passed => "ok",
        Verdict::Failed(_) => "FAILED",
        Verdict::NotRun(_) => "not run",
        Verdict::Skipped(_) => "skipped",
    };
    if row.tries > 1 { format!("{verdict} ({})", row.tries) } else { verdict.to_owned() }
}

/// Losses by cause, the names as in `--help`.
fn lost(figures: &Figures) -> String {
    let books = &figures.books;
    let causes = [
        (books.lost_in_camera, "cam"),
        (books.lost_before_host, "link"),
        (books.lost_notification, "note"),
        (books.lost_ring_full, "ring"),
        (books.lost_copier_queue, "copy"),
        (books.lost_reserve, "resv"),
        (books.torn, "torn"),
        (books.discarded_at_stop, "stop"),
    ];
    let shown = causes.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
    let shown = shown.collect::<Vec<_>>().join(" ");
    if shown.is_empty() { "0".to_owned() } else { shown }
}

fn spread(spread: Spread) -> String {
    format!("{}/{}", microseconds(spread.p50), microseconds(spread.p99))
}

/// Microseconds, as the headings say; a long time with its own unit.
fn microseconds(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        ..10.0 => format!("{us:.1}"),
        ..1e4 => format!("{us:.0}"),
        ..1e5 => format!("{:.1}ms", us / 1e3),
        ..1e6 => format!("{:.0}ms", us / 1e3),
        _ => format!("{:.1}s", us / 1e6),
    }
}

/// A number without needless decimals; never 0 for what is more than that.
fn rounded(number: f64) -> String {
    if number.fract() == 0.0 {
        format!("{number:.0}")
    } else if number < 0.01 {
        format!("{number:.0e}")
    } else {
        format!("{number:.2}")
    }
}

#[cfg(test)]
mod tests {
    use pvcam::check::{About, Step};

    use super::*;

    fn row(step: Step, verdict: Verdict, figures: Option<Figures>) -> Row {
        let mut row = Row::new(step);
        row.verdict = verdict;
        row.took = Duration::from_millis(1500);
        row.figures = figures;
        row
    }

    fn figures() -> Figures {
        let mut figures = Figures::default();
        figures.books.highest = 1_000_000;
        figures.books.delivered = 999_990;
        figures.books.lost_ring_full = 7;
        figures.books.discarded_at_stop = 3;
        figures.books.copied_bytes = 999_990 * 8_388_688;
        figures.books.rescued = 12;
        figures.balanced = true;
        figures.fps_asked = 47.56;
        figures.fps_got = Some(47.5);
        figures.measured = 1000;
        figures.allocations = Some(1);
        figures.callback = Some(Spread { p50: Duration::from_nanos(1234), p99: Duration::from_micros(98) });
        figures
    }

    fn report(name: &str, rows: Vec<Row>) -> Report {
        let mut about = About::default();
        about.name = name.to_owned();
        let mut report = Report::new(about);
        report.rows = rows;
        report
    }

    #[test]
    fn each_figure_stands_in_its_column_and_failures_below() {
        let rows = vec![
            row(Step::Open, Verdict::Passed, None),
            row(
                Step::Continuous,
                Verdict::Failed("7 frames lost to a full ring".to_owned()),
                Some(figures()),
            ),
            row(Step::NoRescue, Verdict::Skipped("a real camera".to_owned()), None),
        ];
        let text = render(&[report("lossy", rows)]);
        let lines: Vec<&str> = text.lines().collect();
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            words(lines[1]),
            ["lossy", "open", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "ok"]
        );
        let expected =
            "lossy continuous 1000000 999990 7 ring 3 stop 47.6 47.5 8388688 12 1e-3 1.2/98 - - ok FAILED";
        assert_eq!(words(lines[2]).join(" "), expected);
        assert_eq!(words(lines[3]).last().unwrap(), "skipped");
        assert_eq!(lines[5], "FAILED: lossy: continuous: 7 frames lost to a full ring");
        assert_eq!(lines[6], "1 of 2 steps passed, 1 skipped on 1 camera(s) in 4 s");
    }

    #[test]
    fn every_figure_is_explained_by_the_help() {
        for heading in &HEADINGS[2..] {
            let line = format!("\n  {heading} ");
            assert!(crate::hardware_test::help::LONG.contains(&line), "{heading}");
        }
    }

    #[test]
    fn the_table_fits_a_wide_terminal() {
        let mut wide = figures();
        wide.latency = Some(Spread { p50: Duration::from_millis(120), p99: Duration::from_millis(9_000) });
        wide.callback = wide.latency;
        wide.cpu = Some(Duration::from_secs(100));
        wide.books.lost_in_camera = 100;
        let mut row = row(Step::SlowReader, Verdict::Failed(String::new()), Some(wide));
        row.tries = 3;
        let text = render(&[report("a camera with a name of 31 bytes", vec![row])]);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= WIDTH, "{widest}\n{text}");
    }

    #[test]
    fn what_is_more_than_nothing_is_not_shown_as_nothing() {
        assert_eq!(
            (rounded(0.0), rounded(0.001), rounded(0.25), rounded(2.0)),
            ("0".into(), "1e-3".into(), "0.25".into(), "2".into())
        );
        assert_eq!(microseconds(Duration::from_nanos(40)), "0.0");
        assert_eq!(microseconds(Duration::from_nanos(12_700)), "13");
        assert_eq!(microseconds(Duration::from_micros(9_876)), "9876");
        assert_eq!(microseconds(Duration::from_micros(15_598)), "15.6ms");
        assert_eq!(microseconds(Duration::from_millis(250)), "250ms");
        assert_eq!(microseconds(Duration::from_secs(70)), "70.0s");
    }
}
