//! Sixteen readers, of which one holds each tenth frame for the time of three rings. Nothing need be lost for it: on a ring in
//! place the keeper moves what is held, elsewhere the reserve has room for it. The control takes that away and must lose frames.
//!
//! A simulated camera is stepped, so that nothing depends on how busy this machine is: the next frame is exposed when the prompt
//! readers have had theirs and the keeper has done its work. A real camera does not wait, and that is what is tested on it.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

use frame_pool::{Lease, StreamMode, monotonic_ns};

use super::WARM_UP;
use crate::check::bench::Bench;
use crate::check::histogram::Histogram;
use crate::check::inspect::Held;
use crate::check::judge::{Facts, judge, judge_control};
use crate::check::mailbox::Mailbox;
use crate::check::meter::{Meter, Read};
use crate::check::stream;
use crate::check::tally::Tally;
use crate::error::WaitError;
use crate::{Frames, Plan, Session};

/// Readers that drop each frame at once; the sixteenth holds some.
const PROMPT: usize = 15;
const SLOTS: u32 = 32;
/// Each so manyth frame is held,
const EACH: u64 = 10;
/// while so many others come: three rings.
const SPAN: u64 = 3 * SLOTS as u64;
/// Fewest frames: the first ones that are held come back long before the end.
const FEWEST: u64 = 8 * SLOTS as u64;
/// Ten frames are held at a time. The rest is for copies that the prompt readers still have, where frames are copied.
const RESERVE: u32 = 24;
/// What the control leaves of that, with a ring of another size: memory of the step before it would be used again otherwise, with
/// the reserve that it has.
const TOO_LITTLE: u32 = 4;
const OTHER_SLOTS: u32 = SLOTS + 1;
/// Slots that are kept free: so many frames may come while a busy machine lets the keeper wait.
const KEEP_FREE: u32 = SLOTS / 4;
/// How long readers and keeper may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// What the slow reader holds.
struct Holding {
    held: VecDeque<(u64, Held)>,
    /// Time, in frames.
    now: u64,
    taken: u64,
    released: u64,
    /// Those that were held for a whole ring or longer.
    aged: u64,
    /// The first thing that was wrong with a frame when it was let go.
    wrong: Option<String>,
}

impl Holding {
    fn new() -> Self {
        // Room for all that is held at once, so that nothing grows while frames are measured.
        let held = VecDeque::with_capacity((SPAN / EACH + 2) as usize);
        Self { held, now: 0, taken: 0, released: 0, aged: 0, wrong: None }
    }

    /// The reader gets a frame, and keeps it if its turn has come.
    fn take(&mut self, lease: Lease) {
        self.taken += 1;
        if self.taken.is_multiple_of(EACH) {
            self.held.push_back((self.now, Held::new(lease)));
        }
    }

    /// It is `now`: lets go of what was held for long enough.
    fn tick(&mut self, now: u64) {
        self.now = now;
        self.release(SPAN);
    }

    /// Lets go of what was held for the time of `frames` frames.
    fn release(&mut self, frames: u64) {
        while let Some((since, lease)) = self.held.front()
            && since + frames <= self.now
        {
            self.released += 1;
            self.aged += u64::from(since + u64::from(SLOTS) <= self.now);
            self.wrong = self.wrong.take().or_else(|| lease.complaint());
            self.held.pop_front();
        }
    }
}

/// What the prompt readers share.
struct Prompt {
    mailboxes: [Mailbox; PROMPT],
    latency: Histogram,
    /// The first thing that was wrong.
    wrong: Mutex<Option<String>>,
}

impl Prompt {
    fn look_at(&self, lease: &Lease) {
        self.latency.record_ns(monotonic_ns().saturating_sub(lease.record().arrived_ns));
        if let Err(torn) = lease.verify()
            && let Ok(mut wrong) = self.wrong.lock()
        {
            wrong.get_or_insert_with(|| format!("a prompt reader: {torn}"));
        }
    }

    /// Whether each of them has read and dropped so many frames.
    fn have_read(&self, frames: u64) -> bool {
        self.mailboxes.iter().all(|mailbox| mailbox.read() == frames)
    }
}

/// All sixteen, with the frames of one run.
struct Party<'a> {
    prompt: &'a Prompt,
    holding: &'a mut Holding,
    session: &'a Session,
    frames: &'a Frames,
    meter: Meter<'a>,
}

impl Party<'_> {
    fn deal(&mut self, lease: Lease, tally: &Tally) {
        self.meter.has(&lease, tally);
        self.prompt.mailboxes.iter().for_each(|mailbox| mailbox.put(lease.clone()));
        self.holding.take(lease);
        self.meter.done();
    }

    /// Whether there is room for the next frame, or nothing more can be done for it.
    fn has_room(&self) -> bool {
        let settings = self.session.settings();
        if self.session.delivery() != StreamMode::Locked || settings.keep_free == 0 {
            return true;
        }
        let books = self.session.books();
        let occupied = (books.delivered + books.lost_notification).saturating_sub(books.unlocked);
        occupied + u64::from(settings.keep_free) <= settings.ring_slots.into() || books.rescue_refused > 0
    }

    /// Whether all that was announced is there to be read, or lost.
    fn has_settled(&self) -> bool {
        let books = self.session.books();
        books.in_flight == 0 && self.meter.frames() + self.frames.unread() as u64 >= books.delivered
    }

    /// `frames` frames of a camera that is told when to expose. It may lose some, or end.
    fn step(&mut self, bench: &Bench<'_>, frames: u64, tally: &Tally) -> Result<(), String> {
        for now in 1..=frames {
            until(|| self.has_room()).ok_or("the keeper made no room within 30 s")?;
            if bench.step().unwrap_or(0) == 0 {
                return Ok(());
            }
            until(|| self.has_settled()).ok_or("a frame was not delivered within 30 s")?;
            while let Some(lease) = self.frames.try_next() {
                self.deal(lease, tally);
            }
            until(|| self.prompt.have_read(self.meter.frames())).ok_or("readers took more than 30 s")?;
            self.holding.tick(now);
        }
        Ok(())
    }

    /// `frames` frames of a camera that does not wait. While none comes its time goes on all the same.
    fn follow(&mut self, frames: u64, tally: &Tally) -> Result<(), String> {
        let settings = *self.session.settings();
        let two_frames = settings.frame_time.saturating_mul(2).max(Duration::from_millis(1));
        let mut silent = Duration::ZERO;
        while self.meter.frames() < frames {
            let now = match self.frames.next_within(two_frames) {
                Ok(Some(lease)) => {
                    silent = Duration::ZERO;
                    let number = lease.record().number;
                    self.deal(lease, tally);
                    number
                }
                Ok(None) => return Ok(()),
                Err(WaitError::Timeout { .. }) if silent < stream::patience(&settings) => {
                    silent += two_frames;
                    self.holding.now + 2
                }
                Err(why) => return Err(why.to_string()),
            };
            self.holding.tick(now.max(self.holding.now));
        }
        Ok(())
    }
}

/// Waits until `what` is so; `None` if it takes too long.
fn until(what: impl Fn() -> bool) -> Option<()> {
    let begun = Instant::now();
    while !what() {
        if begun.elapsed() > SOON {
            return None;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    Some(())
}

/// Runs the step with this plan; `None` if it did not start or did not stop.
fn hold(
    bench: &mut Bench<'_>,
    plan: Plan,
    stepped: bool,
    tally: &mut Tally,
) -> Result<Option<(Facts, Holding)>, String> {
    let armed = bench.arm(plan)?;
    let frames = u64::from(bench.options.frames).max(FEWEST);
    // More leases than there are blocks cannot be out, so nothing is ever refused.
    let room = (armed.settings().ring_slots + armed.settings().reserve) as usize;
    let mut holding = Holding::new();
    let mailboxes = core::array::from_fn(|_| Mailbox::new(room));
    let prompt = Prompt { mailboxes, latency: Histogram::new(), wrong: Mutex::new(None) };
    let read = |bench: &Bench<'_>, session: &Session, leases: &Frames, tally: &mut Tally| -> Read {
        let meter = Meter::new(bench, session.settings().frame_bytes, frames, WARM_UP);
        let mut party = Party { prompt: &prompt, holding: &mut holding, session, frames: leases, meter };
        let done = if stepped { party.step(bench, frames, tally) } else { party.follow(frames, tally) };
        tally.wrong.extend(done.err());
        party.meter.finish(!stepped, tally)
    };
    let ran = std::thread::scope(|scope| {
        for mailbox in &prompt.mailboxes {
            scope.spawn(|| mailbox.read_all(|lease| prompt.look_at(lease)));
        }
        let ran = stream::run(bench, armed, tally, read);
        prompt.mailboxes.iter().for_each(Mailbox::close);
        ran
    });
    // What is still held has outlived its run.
    holding.release(0);
    let Some((armed, facts)) = ran else { return Ok(None) };
    bench.put_back(armed);
    if !prompt.have_read(facts.read) {
        tally.wrong.push(format!("a prompt reader did not get all of {} frames", facts.read));
    }
    tally.wrong.extend(holding.wrong.take());
    tally.wrong.extend(prompt.wrong.into_inner().unwrap_or_default());
    // What matters here is when the readers behind the first one have their frames.
    tally.latency = prompt.latency;
    Ok(Some((facts, holding)))
}

/// Does it on the stepped clock, where there is one, and says whether there was.
fn stepped<T>(bench: &mut Bench<'_>, work: impl FnOnce(&mut Bench<'_>, bool) -> T) -> T {
    let before = bench.set_stepped(true);
    let done = work(bench, before.is_some());
    if let Some(before) = before {
        bench.set_stepped(before);
    }
    done
}

pub(super) fn run(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    let reserve = bench.options.reserve.unwrap_or(RESERVE);
    let plan = bench.continuous().ring(SLOTS).reserve(reserve).keep_free(KEEP_FREE);
    let held = stepped(bench, |bench, stepped| hold(bench, plan, stepped, tally))?;
    let Some((facts, Holding { released, aged, .. })) = held else { return Ok(()) };
    tally.wrong.extend(judge(&facts));
    let rescued = facts.books.rescued;
    let how = match facts.armed_for {
        StreamMode::Locked => format!(", {rescued} of them moved out of the ring"),
        _ => format!("; they are copies, with {reserve} blocks in reserve"),
    };
    tally.remark(format!("{released} frames held, each while {SPAN} others came in{how}"));
    if facts.armed_for == StreamMode::Locked && facts.books.lost() == 0 && rescued < aged {
        tally.wrong.push(format!("{aged} frames were held for a ring's time, but {rescued} were moved"));
    }
    Ok(())
}

pub(super) fn control(bench: &mut Bench<'_>, tally: &mut Tally) -> Result<(), String> {
    if bench.options.simulator.is_none() {
        tally.skipped = Some("it loses frames on purpose, on simulated cameras only".to_owned());
        return Ok(());
    }
    let plan = bench.continuous().ring(OTHER_SLOTS).reserve(TOO_LITTLE).keep_free(0);
    let held = stepped(bench, |bench, stepped| {
        if stepped {
            return hold(bench, plan, stepped, tally);
        }
        tally.skipped = Some("this simulated camera has no stepped clock".to_owned());
        Ok(None)
    })?;
    let Some((facts, _)) = held else { return Ok(()) };
    tally.wrong.extend(judge_control(&facts));
    let (lost, wanted) = (facts.wanted.saturating_sub(facts.read), facts.wanted);
    let how = match facts.armed_for {
        StreamMode::Locked if facts.books.lost_ring_full > 0 => "filled the ring",
        StreamMode::Locked => "filled the ring, and the stream ended",
        _ => "filled the reserve",
    };
    tally.remark(format!("{lost} of {wanted} frames were lost, as it must be: those that were held {how}"));
    Ok(())
}
