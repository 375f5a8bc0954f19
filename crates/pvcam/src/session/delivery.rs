//! From an announced frame to a lease or a copy: find its slot, settle what was lost before it, hand it over.

use core::cell::UnsafeCell;
use core::time::Duration;
use std::sync::Arc;

use frame_pool::{Doorbell, Evidence, LossCause, Record, Sink, Stream, StreamMode, Tag, monotonic_ns};
use pvcam_sys::FRAME_INFO;

use super::context::Context;
use super::fill::Fill;
use super::lag::Lag;
use super::pace::Pace;
use super::pulse::Pulse;
use super::slot::{Place, Slots};
use crate::arm::Settings;
use crate::camera::LastRun;
use crate::metadata::FRAME_NUMBER_OFFSET;

/// The callback's side of a run that delivers frames.
pub(crate) struct Delivering {
    pub(super) stream: Arc<Stream>,
    pub(super) sink: Arc<dyn Sink>,
    /// Wakes who waits at the sink.
    pub(super) bell: Option<Arc<Doorbell>>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) slots: Slots,
    pub(super) mode: StreamMode,
    pub(super) settings: Settings,
    /// What a callback left over from the run before could still announce.
    pub(super) before: Option<LastRun>,
    /// How far the run is.
    pub(super) progress: UnsafeCell<Progress>,
}

// SAFETY: everything but `progress` is `Sync`. `progress` is touched only in `end_of_frame`, which `Context::enter` lets in
// one thread at a time (it counts who is inside, with sequentially consistent operations), and by who owns the run after
// `Context::detach`, when nobody is inside.
unsafe impl Sync for Delivering {}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Host number of the last frame.
    pub(crate) last: u64,
    /// The camera's number of the last frame; the host's where the camera sends none.
    pub(crate) camera: u64,
    /// The slot in which the next frame should lie.
    pub(super) next: u32,
    /// The slot of the last frame that was not overwritten, and the camera's number in it.
    pub(super) good: Option<(u32, u64)>,
    /// The rule of the ring was refuted: the SDK has to be asked for each frame.
    pub(super) ask_always: bool,
    /// By how much the numbers in the last slots were too high.
    pub(super) too_high: TooHigh,
    /// Frames lost since the last one that was handed over.
    pub(super) lost: u64,
    /// How full a locked ring was.
    pub(super) fill: Fill,
    /// When the last frame ended, on the driver's clock.
    pub(super) eof_100us: i64,
    /// How late callbacks are.
    lag: Lag,
    /// How fast the camera is at its fastest.
    pub(super) pace: Pace,
}

impl Progress {
    /// Nothing has come yet.
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            last: 0,
            camera: 0,
            next: 0,
            good: None,
            ask_always: false,
            too_high: TooHigh::default(),
            lost: 0,
            fill: Fill::default(),
            eof_100us: 0,
            lag: Lag::new(settings.ring_time()),
            pace: Pace::default(),
        }
    }
}

/// A frame as it was announced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) info: FRAME_INFO,
    at_ns: u64,
    /// The host's number.
    number: u64,
    /// Host numbers skipped before it.
    pub(super) gap: u64,
}

/// A frame whose place is known.
#[derive(Clone, Copy)]
struct Frame<'a> {
    arrival: &'a Arrival,
    /// The camera's number.
    camera: u64,
    place: Place,
    /// Frames lost since the one delivered before.
    lost: u64,
}

/// Numbers in slots that are too high for the frames that were announced in them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TooHigh {
    pub(super) by: u64,
    /// Frames in a row, without a gap.
    pub(super) run: u64,
}

impl Delivering {
    pub(super) fn end_of_frame(&self, info: &FRAME_INFO, arrived_ns: u64, context: &Context) {
        // SAFETY: one thread at a time is inside (see the proof of `Sync`), and no other reference to it is made.
        let progress = unsafe { &mut *self.progress.get() };
        self.announced(progress, info, arrived_ns, context);
        if self.mode == StreamMode::Locked {
            progress.fill.look(self, progress.camera);
            self.stream.retire_when_due();
            let occupied = self.stream.occupied();
            if occupied >= self.slots.count && !self.stream.rescues() {
                self.stream.note_no_room();
            }
            progress.fill.turn(occupied);
        }
        self.pulse.times.note(monotonic_ns().saturating_sub(arrived_ns));
    }

    fn announced(&self, progress: &mut Progress, info: &FRAME_INFO, arrived_ns: u64, context: &Context) {
        let number = match u64::try_from(info.FrameNr) {
            Ok(number) if number > 0 && !self.is_left_over(progress, number, arrived_ns) => number,
            _ => return self.pulse.note_late(),
        };
        if number <= progress.last {
            return self.pulse.note_duplicate();
        }
        let gap = number - progress.last - 1;
        let mut arrival = Arrival { info: *info, at_ns: arrived_ns, number, gap };
        if matches!(self.mode, StreamMode::TimeBound | StreamMode::Raw) && !self.slots.stamped {
            // A callback that was held up must not give the frame more time than it has.
            arrival.at_ns = progress.lag.ended_ns(info.TimeStamp, arrived_ns);
        }
        self.pulse.saw(number, arrived_ns);
        // A stream that ended by itself has closed its sink: nobody would take the frame.
        if self.pulse.is_stopping() || self.stream.has_ended() {
            self.stream.lost(LossCause::AtStop, progress.camera + 1, gap + 1);
            (progress.last, progress.camera) = (number, progress.camera + gap + 1);
            return;
        }
        match self.place(progress, number, gap, context) {
            Some(place) => self.placed(progress, &arrival, place),
            None => self.not_placed(progress, &arrival),
        }
        if self.settings.frames.is_some_and(|frames| number >= frames.into()) {
            self.announced_last();
        }
    }

    /// The last frame of a sequence is handed over. Only now its readers may be told: earlier they could leave without it.
    fn announced_last(&self) {
        self.pulse.set_complete();
        if self.mode == StreamMode::Frozen {
            self.sink.close();
        } else if let Some(bell) = &self.bell {
            // Copies may still be made, so the sink stays open; but a reader that has taken all of them may sleep.
            bell.ring();
        }
    }

    /// Whether this callback was queued by the run before: its number continues that run's, and this run is too young to have
    /// come so far.
    fn is_left_over(&self, progress: &Progress, number: u64, now_ns: u64) -> bool {
        let Some(before) = self.before.filter(|_| progress.last == 0 && number > 1) else { return false };
        let continues = number > before.newest && number <= before.newest + u64::from(before.slots);
        let least = self.settings.frame_time.saturating_mul(u32::try_from(number / 2).unwrap_or(u32::MAX));
        continues && self.pulse.age_at(now_ns) < least.min(Duration::from_secs(1))
    }

    fn placed(&self, progress: &mut Progress, arrival: &Arrival, place: Place) {
        let gap = arrival.gap;
        let expected = progress.camera + gap + 1;
        let number = place.stamp.map_or(expected, |stamp| stamp.number);
        let overwritten = self.is_overwritten(progress, arrival, number.saturating_sub(expected));
        let camera = if overwritten { expected } else { number };
        self.enter_losses(progress, arrival, place, camera);
        if self.mode == StreamMode::Locked {
            progress.fill.wrote(self.slots.count, 1, camera);
        }
        progress.lost += camera - progress.camera - 1;
        let frame = Frame { arrival, camera, place, lost: progress.lost };
        let handed = if overwritten { Err(LossCause::Torn) } else { self.hand_over(&frame) };
        match handed {
            Ok(()) => progress.lost = 0,
            Err(cause) => {
                self.stream.lost(cause, camera, 1);
                progress.lost += 1;
            }
        }
        progress.last += gap + 1;
        progress.camera = camera;
        progress.eof_100us = arrival.info.TimeStamp;
        progress.next = self.slots.after(place.block, 1);
        if !overwritten {
            progress.good = Some((place.block, camera));
            progress.pace.note(camera, arrival.info.TimeStamp);
        }
    }

    fn evidence(&self, place: Place) -> Evidence {
        match self.stream.mode() {
            StreamMode::Frozen => Evidence::Frozen,
            StreamMode::Locked => Evidence::Locked,
            StreamMode::TimeBound | StreamMode::Raw if place.stamp.is_some() => Evidence::Tag,
            StreamMode::TimeBound | StreamMode::Raw => Evidence::TimeOnly,
            // Each frame of a sequence has a slot of its own, so its copy can wait.
            _ if self.settings.frames.is_some() => Evidence::Frozen,
            // The copier says what the copy is held by.
            _ => Evidence::Unproven,
        }
    }

    /// Notes what is known of a frame. What does not change during a run is left as it is where it is there already.
    fn note(&self, record: &mut Record, frame: &Frame<'_>) {
        let Frame { arrival, camera, place, lost } = *frame;
        let (epoch, evidence) = (self.stream.epoch(), self.evidence(place));
        if record.epoch != epoch || record.evidence != evidence {
            *record = Record::new(arrival.number, self.settings.layout, evidence);
            record.epoch = epoch;
        }
        record.number = arrival.number;
        record.camera_number = self.slots.stamped.then_some(camera);
        record.arrived_ns = arrival.at_ns;
        record.eof_100us = arrival.info.TimeStamp;
        record.bof_100us = arrival.info.TimeStampBOF;
        record.readout_100us = arrival.info.ReadoutTime;
        record.lost_before = lost;
        record.layout.offset = place.stamp.map_or(self.settings.layout.offset, |stamp| stamp.pixels_at);
        // A stamp is 32 bits wide, so the number is, too.
        record.tag =
            place.stamp.map(|stamp| Tag { offset: FRAME_NUMBER_OFFSET, expected: stamp.number as u32 });
    }

    /// The record of a frame that does not go where the last one's stands.
    fn record(&self, frame: &Frame<'_>) -> Record {
        let mut record = Record::new(frame.arrival.number, self.settings.layout, self.evidence(frame.place));
        record.epoch = self.stream.epoch();
        self.note(&mut record, frame);
        record
    }

    /// Hands the frame over, unless its slot is not free.
    fn hand_over(&self, frame: &Frame<'_>) -> Result<(), LossCause> {
        let (place, now) = (frame.place, mode_now(&self.stream, self.mode));
        if self.mode == StreamMode::Locked {
            // As many as lie between; after the ring's promise was void, the pool's own count is what stands.
            let skipped = self.slots.distance(self.stream.next_block(), place.block);
            // SAFETY: one callback at a time is inside (`Context::enter`), and evidence says that these slots were written.
            unsafe { self.stream.vacant(skipped) };
        }
        if now == StreamMode::Copied {
            // SAFETY: one callback at a time is inside.
            unsafe { self.stream.copy(place.block, self.record(frame)) };
            return Ok(());
        }
        if now == StreamMode::Raw {
            self.stream.announce(place.block, &self.record(frame));
            return Ok(());
        }
        // SAFETY: one callback at a time is inside, and the run is detached before its stream is closed. The SDK announced the frame,
        // so it is written. A sequence's slot is not written again before the next start, which does not get memory that is
        // leased; a locked ring's slot not before its unlock, as the probe of this very camera and set-up showed (ADR 0001); and for
        // a ring that is lent without locks the caller has vouched (`InPlaceConsent::given`).
        if unsafe { self.stream.publish_with(place.block, |record| self.note(record, frame)) }.is_ok() {
            return Ok(());
        }
        if now == StreamMode::TimeBound {
            // Somebody still holds the frame that was written over, and the keeper could not move it. That lease is torn, and
            // this frame finds no place: it is lost to a full ring.
            self.stream.note_no_room();
            return Err(LossCause::RingFull);
        }
        // The SDK announced a frame in a slot that is still held: locks mean nothing to it, and it is not this frame's any more.
        self.stream.distrust();
        Err(LossCause::Torn)
    }

    /// A frame whose place nothing tells. Its slot counts as written (an unlock too few only costs a slot, one too many
    /// would give away a slot that is being read), and the ring's promises as void.
    fn not_placed(&self, progress: &mut Progress, arrival: &Arrival) {
        let gap = arrival.gap;
        if self.mode == StreamMode::Locked {
            self.stream.distrust();
            // SAFETY: one callback at a time is inside; the SDK announced a frame, so one slot was written.
            unsafe { self.stream.vacant(1) };
        }
        let full = progress.fill.full_after == Some(progress.camera);
        let cause = if full { LossCause::RingFull } else { LossCause::BeforeHost };
        self.stream.lost(cause, progress.camera + 1, gap);
        self.stream.lost(LossCause::Torn, progress.camera + gap + 1, 1);
        progress.lost += gap + 1;
        progress.last = arrival.number;
        progress.camera += gap + 1;
        progress.eof_100us = arrival.info.TimeStamp;
        progress.next = self.slots.after(progress.next, gap + 1);
        progress.good = None;
        progress.ask_always = true;
    }
}

/// How a frame is to be handed over now: in place only while nothing spoke against it.
fn mode_now(stream: &Stream, armed: StreamMode) -> StreamMode {
    if armed == StreamMode::Locked { stream.mode() } else { armed }
}
