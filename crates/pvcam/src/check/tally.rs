//! Adds up the runs of one step.

use core::time::Duration;

use frame_pool::Books;

use super::histogram::Histogram;
use super::report::{Figures, Spread};

/// What one run adds.
pub(super) struct RunFigures {
    pub(super) books: Books,
    pub(super) frame_bytes: u32,
    /// Time from frame to frame that the camera promises.
    pub(super) frame_time: Duration,
    /// Time between the arrival of the first frame read and that of the last, and how many lay between.
    pub(super) span: Duration,
    pub(super) intervals: u64,
    pub(super) measured: u64,
    pub(super) allocations: Option<u64>,
    pub(super) cpu: Option<Duration>,
    pub(super) callback: Option<Spread>,
}

/// The runs of a step.
pub(super) struct Tally {
    figures: Figures,
    runs: u32,
    span: Duration,
    intervals: u64,
    /// From end-of-frame callback to reader, of all frames measured.
    pub(super) latency: Histogram,
    /// What was wrong, in the order in which it showed.
    pub(super) wrong: Vec<String>,
    /// What is worth knowing.
    pub(super) remarks: Vec<String>,
    /// Why the simulator's part proves nothing.
    pub(super) starved: Option<String>,
    /// Why the step has no meaning on this camera.
    pub(super) skipped: Option<String>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            figures: Figures { balanced: true, ..Figures::default() },
            runs: 0,
            span: Duration::ZERO,
            intervals: 0,
            latency: Histogram::new(),
            wrong: Vec::new(),
            remarks: Vec::new(),
            starved: None,
            skipped: None,
        }
    }

    /// Adds a run.
    pub(super) fn add(&mut self, run: &RunFigures) {
        self.runs += 1;
        let figures = &mut self.figures;
        add_books(&mut figures.books, &run.books);
        figures.balanced &= run.books.balanced();
        figures.frame_bytes = run.frame_bytes.into();
        if !run.frame_time.is_zero() {
            figures.fps_asked = 1.0 / run.frame_time.as_secs_f64();
        }
        self.span += run.span;
        self.intervals += run.intervals;
        if !self.span.is_zero() {
            figures.fps_got = Some(self.intervals as f64 / self.span.as_secs_f64());
        }
        if run.measured > 0 {
            // A figure that one run lacks is lacking for all.
            let first = figures.measured == 0;
            figures.measured += run.measured;
            figures.allocations = add_optional(figures.allocations, run.allocations, first);
            figures.cpu = add_optional(figures.cpu, run.cpu, first);
        }
        // Distributions of several runs cannot be added; the worst one stands for all.
        figures.callback = worse(figures.callback, run.callback);
    }

    /// The sums; `None` if nothing ran.
    pub(super) fn figures(&self) -> Option<Figures> {
        let figures = Figures { latency: Spread::of(&self.latency), ..self.figures.clone() };
        (self.runs > 0).then_some(figures)
    }

    /// Notes a remark once, however often it is made.
    pub(super) fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

fn worse(one: Option<Spread>, other: Option<Spread>) -> Option<Spread> {
    [one, other].into_iter().flatten().max_by_key(|spread| spread.p99)
}

fn add_optional<T: core::ops::Add<Output = T>>(sum: Option<T>, more: Option<T>, first: bool) -> Option<T> {
    if first { more } else { Some(sum? + more?) }
}

fn add_books(sum: &mut Books, run: &Books) {
    sum.highest += run.highest;
    sum.delivered += run.delivered;
    sum.lost_in_camera += run.lost_in_camera;
    sum.lost_before_host += run.lost_before_host;
    sum.lost_notification += run.lost_notification;
    sum.lost_ring_full += run.lost_ring_full;
    sum.lost_copier_queue += run.lost_copier_queue;
    sum.lost_reserve += run.lost_reserve;
    sum.torn += run.torn;
    sum.discarded_at_stop += run.discarded_at_stop;
    sum.in_flight += run.in_flight;
    sum.copied_bytes += run.copied_bytes;
    sum.unlocked += run.unlocked;
    sum.unlock_refused += run.unlock_refused;
    sum.rescued += run.rescued;
    sum.rescued_bytes += run.rescued_bytes;
    sum.rescue_refused += run.rescue_refused;
    sum.longest_held_ns = sum.longest_held_ns.max(run.longest_held_ns);
    sum.events_dropped += run.events_dropped;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(highest: u64, delivered: u64) -> RunFigures {
        let mut books = Books::default();
        (books.highest, books.delivered) = (highest, delivered);
        RunFigures {
            books,
            frame_bytes: 10,
            frame_time: Duration::from_millis(20),
            span: Duration::from_secs(1),
            intervals: 49,
            measured: 40,
            allocations: Some(1),
            cpu: Some(Duration::from_millis(3)),
            callback: Some(Spread { p50: Duration::from_micros(1), p99: Duration::from_micros(highest) }),
        }
    }

    #[test]
    fn runs_add_up() {
        let mut tally = Tally::new();
        assert_eq!(tally.figures(), None);
        tally.add(&run(50, 50));
        tally.add(&run(40, 40));
        let figures = tally.figures().unwrap();
        assert_eq!((figures.books.highest, figures.balanced), (90, true));
        assert_eq!((figures.fps_asked, figures.fps_got), (50.0, Some(49.0)));
        assert_eq!((figures.measured, figures.allocations), (80, Some(2)));
        assert_eq!(figures.cpu, Some(Duration::from_millis(6)));
        assert_eq!(figures.callback.unwrap().p99, Duration::from_micros(50), "the worst");
        assert_eq!(figures.latency, None);
    }

    #[test]
    fn one_run_that_does_not_balance_shows_though_the_sum_would() {
        let mut tally = Tally::new();
        tally.add(&run(51, 50));
        tally.add(&run(49, 50));
        let figures = tally.figures().unwrap();
        assert!(!figures.balanced && figures.books.balanced());
    }

    #[test]
    fn a_figure_that_one_run_lacks_is_lacking() {
        let mut tally = Tally::new();
        tally.add(&run(5, 5));
        tally.add(&RunFigures { measured: 0, allocations: None, ..run(5, 5) });
        assert_eq!(
            tally.figures().unwrap().allocations,
            Some(1),
            "but a run that was only warm-up lacks none"
        );
        tally.add(&RunFigures { allocations: None, ..run(5, 5) });
        assert_eq!(tally.figures().unwrap().allocations, None);
    }
}
