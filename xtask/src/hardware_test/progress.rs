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
            Event::Probed(found) => format!("  {:<12} {found}\n", "ring"),
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
    };
    let mut text = format!("{:>5.1} s  {verdict}\n", row.took.as_secs_f64());
    for remark in &row.remarks {
        text.push_str(&format!("  {:<12} - {remark}\n", ""));
    }
    text
}
