//! Everything that was found, for programs.

use std::time::Duration;

use pvcam::check::{About, Figures, Report, Row, Spread, Verdict};
use serde_json::{Value, json};

/// The form of the file; it rises when a key changes its meaning or goes.
const FORM: u32 = 1;

/// What the run was made on.
pub(super) struct Run {
    pub(super) library: String,
    pub(super) version: Option<String>,
    pub(super) simulated: bool,
}

/// The whole file. Times are in nanoseconds, rates in frames per second, `null` is what was not measured.
pub(super) fn render(run: &Run, reports: &[Report]) -> String {
    let cameras: Vec<Value> = reports.iter().map(camera).collect();
    let all = json!({
        "form": FORM,
        "passed": reports.iter().all(Report::passed),
        "sdk": { "library": run.library, "version": run.version, "simulated": run.simulated },
        "cameras": cameras,
    });
    format!("{all:#}\n")
}

fn camera(report: &Report) -> Value {
    let About { name, product, serial, firmware, interface, sensor, changes, outputs, .. } = &report.about;
    json!({
        "name": name, "product": product, "serial": serial, "firmware": firmware, "interface": interface,
        "sensor": { "columns": sensor.0, "rows": sensor.1 },
        "changes": changes, "outputs": outputs, "ring": report.ring,
        "passed": report.passed(), "failures": report.failures(), "not_restored": report.not_restored,
        "steps": report.rows.iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(row: &Row) -> Value {
    let (verdict, reason) = match &row.verdict {
        Verdict::Passed => ("passed", None),
        Verdict::Failed(why) => ("failed", Some(why)),
        Verdict::NotRun(why) => ("not run", Some(why)),
        Verdict::Skipped(why) => ("skipped", Some(why)),
    };
    json!({
        "step": row.step.name(), "verdict": verdict, "reason": reason, "remarks": row.remarks, "tries": row.tries,
        "took_ns": ns(row.took), "figures": row.figures.as_ref().map(figures),
    })
}

fn figures(figures: &Figures) -> Value {
    let books = &figures.books;
    json!({
        "highest": books.highest, "delivered": books.delivered,
        "lost": {
            "in_camera": books.lost_in_camera, "before_host": books.lost_before_host,
            "notification": books.lost_notification, "ring_full": books.lost_ring_full,
            "copier_queue": books.lost_copier_queue, "reserve": books.lost_reserve, "torn": books.torn,
            "at_stop": books.discarded_at_stop,
        },
        "in_flight": books.in_flight, "balanced": figures.balanced, "frame_bytes": figures.frame_bytes,
        "fps_asked": figures.fps_asked, "fps_got": figures.fps_got,
        "copied_bytes": books.copied_bytes, "copied_bytes_per_frame": figures.copied_per_frame(),
        "rescues": {
            "frames": books.rescued, "bytes": books.rescued_bytes, "refused": books.rescue_refused,
            "longest_held_ns": books.longest_held_ns,
        },
        "measured_frames": figures.measured, "allocations": figures.allocations,
        "allocations_per_frame": figures.allocations_per_frame(),
        "callback_ns": figures.callback.map(spread), "to_reader_ns": figures.latency.map(spread),
        "cpu_ns_per_frame": figures.cpu_per_frame().map(ns),
    })
}

fn spread(spread: Spread) -> Value {
    json!({ "p50": ns(spread.p50), "p99": ns(spread.p99) })
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use pvcam::check::Step;

    use super::*;

    #[test]
    fn a_program_finds_verdicts_reasons_and_figures() {
        let mut about = About::default();
        about.name = "lossy".to_owned();
        about.sensor = (2048, 1024);
        let mut report = Report::new(about);
        let mut row = Row::new(Step::Continuous);
        row.verdict = Verdict::Failed("\"torn\"".to_owned());
        let mut numbers = Figures::default();
        numbers.books.highest = 5;
        numbers.books.torn = 2;
        numbers.books.rescued = 3;
        numbers.books.longest_held_ns = 4_000;
        numbers.latency = Some(Spread { p50: Duration::from_micros(3), p99: Duration::from_micros(9) });
        row.figures = Some(numbers);
        report.rows = vec![Row::new(Step::Open), row];
        let run = Run { library: "/l".to_owned(), version: None, simulated: true };
        let read: Value = serde_json::from_str(&render(&run, &[report])).unwrap();
        assert_eq!(read["form"], 1);
        assert_eq!(read["passed"], false);
        assert_eq!(read["sdk"], json!({ "library": "/l", "version": null, "simulated": true }));
        let camera = &read["cameras"][0];
        assert_eq!(camera["sensor"]["rows"], 1024);
        assert_eq!(camera["failures"], json!(["continuous: \"torn\""]));
        assert_eq!(camera["steps"][0]["figures"], Value::Null);
        let step = &camera["steps"][1];
        assert_eq!((&step["verdict"], &step["reason"]), (&json!("failed"), &json!("\"torn\"")));
        assert_eq!(step["figures"]["lost"]["torn"], 2);
        let rescues = json!({ "frames": 3, "bytes": 0, "refused": 0, "longest_held_ns": 4000 });
        assert_eq!(step["figures"]["rescues"], rescues);
        assert_eq!(step["figures"]["to_reader_ns"], json!({ "p50": 3000, "p99": 9000 }));
        assert_eq!(step["figures"]["callback_ns"], Value::Null);
    }
}
