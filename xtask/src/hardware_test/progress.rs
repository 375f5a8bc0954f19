//! What is printed while the test runs: one line per step, as it happens.

use std::io::Write;

use pvcam::check::{About, Event, Row, Verdict};

/// Prints events.
pub(super) struct Progress {
    simulated: bool,
}

impl Progress {
    pub(super) fn new(simulated: bool) -> Progress {
        Progress { simulated }
    }

    /// Prints one event.
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        let mut out = std::io::stdout().lock();
        // Progress that cannot be printed is no reason to leave a camera without its settings.
        let _ = out.write_all(self.text(event).as_bytes());
        let _ = out.flush();
    }

    fn text(&self, event: &Event<'_>) -> String {
        match event {
            Event::Opened(about) => self.opened(about),
            Event::Started(step) => format!("  {:<12} {:<62} ", step.name(), step.about()),
            Event::Repeated { attempt, why, .. } => format!("again ({attempt}, {why}) "),
            Event::Ended(row) => ended(row),
            Event::Restored(Ok(())) => format!("  {:<12} put back as they were found\n", "settings"),
            Event::Restored(Err(why)) => format!("  {:<12} NOT put back: {why}\n", "settings"),
            _ => String::new(),
        }
    }

    fn opened(&self, about: &About) -> String {
        let About { name, product, serial, firmware, interface, sensor: (columns, rows), .. } = about;
        let mut text = format!("\n{name}: {product}, serial number {serial}, {columns} x {rows} pixels");
        for (what, value) in [("firmware", firmware), ("by", interface)] {
            if !value.is_empty() {
                text.push_str(&format!(", {what} {value}"));
            }
        }
        text.push('\n');
        if !self.simulated {
            for output in &about.outputs {
                text.push_str(&format!("  may fire:    {output}\n"));
            }
        }
        text
    }
}

fn ended(row: &Row) -> String {
    let verdict = match &row.verdict {
        Verdict::Passed => "ok".to_owned(),
        Verdict::Failed(why) => format!("FAILED: {why}"),
        Verdict::NotRun(why) => format!("not run: {why}"),
        Verdict::Skipped(why) => format!("skipped: {why}"),
    };
    let mut text = format!("{:>5.1} s  {verdict}\n", row.took.as_secs_f64());
    for remark in &row.remarks {
        text.push_str(&format!("  {:<12} - {remark}\n", ""));
    }
    text
}

#[cfg(test)]
mod tests {
    use pvcam::check::Step;

    use super::*;

    fn opened(simulated: bool) -> String {
        let mut about = About::default();
        (about.name, about.product, about.serial) = ("c".to_owned(), "P".to_owned(), "S1".to_owned());
        about.sensor = (20, 10);
        about.interface = "USB 3.0".to_owned();
        about.outputs = vec!["expose-out".to_owned()];
        Progress::new(simulated).text(&Event::Opened(&about))
    }

    #[test]
    fn outputs_of_a_real_camera_are_told_before_it_exposes() {
        assert_eq!(opened(true), "\nc: P, serial number S1, 20 x 10 pixels, by USB 3.0\n");
        assert_eq!(opened(false), format!("{}  may fire:    expose-out\n", opened(true)));
    }

    #[test]
    fn a_step_is_one_line_and_its_remarks_follow() {
        let mut row = Row::new(Step::Snap);
        row.verdict = Verdict::Failed("why".to_owned());
        row.remarks = vec!["so".to_owned()];
        let progress = Progress::new(true);
        let started = progress.text(&Event::Started(Step::Snap));
        assert!(started.starts_with("  snap ") && !started.contains('\n'), "{started}");
        let ended = progress.text(&Event::Ended(&row));
        assert_eq!(ended, format!("  0.0 s  FAILED: why\n{:15}- so\n", ""));
        assert!(progress.text(&Event::Restored(Err("gone"))).contains("NOT put back: gone"));
    }
}
