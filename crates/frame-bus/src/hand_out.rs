//! The publisher's part: who wants the frame, and where it is put.

use std::sync::Arc;

use frame_pool::Lease;

use crate::fanout::Fanout;
use crate::fault::broken;
use crate::mailbox::number_of;
use crate::seat::{ACTIVE, Seat};
use crate::sync::{AtomicU32, AtomicU64, Ordering, bump};
use crate::walk::{Begun, Ended};

/// Seats whose choice is kept in one word.
pub(crate) const GROUP: usize = if cfg!(pool_loom) { 2 } else { 64 };

/// Who sits in a group of seats, as the publisher saw it last: one bit for each seat.
#[derive(Debug)]
pub(crate) struct Group {
    /// Who shares the ring.
    sharing: AtomicU64,
    /// Of those: who refuses when there is no room.
    refusing: AtomicU64,
    /// Who wants every frame in a ring of its own.
    plain: AtomicU64,
    /// Who is asked for each frame.
    choosy: AtomicU64,
    /// Of those who share it: how much room each has.
    rooms: [Room; GROUP],
}

/// What the publisher knows of one mailbox in the shared ring, without looking at it.
#[derive(Debug, Default)]
struct Room {
    depth: AtomicU64,
    /// Up to which tail there is room, by the head as it was seen last.
    until: AtomicU64,
}

impl Room {
    fn is_enough(&self, tail: u64) -> bool {
        tail <= self.until.load(Ordering::Relaxed)
    }
}

/// What the publisher looks at and counts for every frame.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// How many share the ring.
    sharing: AtomicU32,
    /// How many have a ring of their own.
    apart: AtomicU32,
    /// Up to which tail of the ring all who share it have room.
    room_until: AtomicU64,
    /// The same if somebody shares it and nobody has a ring of its own; else 0.
    easy_until: AtomicU64,
    /// Counted when the frame is in all mailboxes that it goes into.
    pub(crate) published: AtomicU64,
    pub(crate) late: AtomicU64,
    /// Who ended the run by an overrun, and at which frame.
    pub(crate) overrun_seat: AtomicU64,
    pub(crate) overrun_frame: AtomicU64,
}

impl Group {
    pub(crate) fn new() -> Self {
        Self {
            sharing: AtomicU64::new(0),
            refusing: AtomicU64::new(0),
            plain: AtomicU64::new(0),
            choosy: AtomicU64::new(0),
            rooms: core::array::from_fn(|_| Room::default()),
        }
    }

    /// One who shared the ring has one of its own now.
    fn part(&self, bit: usize) {
        for (bits, by) in [(&self.sharing, false), (&self.refusing, false), (&self.plain, true)] {
            let now = bits.load(Ordering::Relaxed) & !(1 << bit);
            bits.store(now | u64::from(by) << bit, Ordering::Relaxed);
        }
    }
}

/// The numbers of the bits that are set, from the lowest on.
fn bits_of(mut set: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit as usize)
    })
}

/// Walking along the seats.
impl Fanout {
    /// Hands a frame to all who want it. One thread at a time: who comes while another one is at it is turned away.
    pub(crate) fn deliver(&self, lease: Lease) {
        let begun = self.walk.0.begin();
        let is_easy = self.is_easy();
        if begun != Begun::AsBefore || !is_easy || self.is_closed() {
            return self.deliver_with_care(lease, begun);
        }
        let early = self.sleepers_seen_early();
        let number = number_of(lease.record());
        self.share(lease, number);
        bump(&self.desk.0.published, 1);
        self.end_delivery(early);
    }

    /// Whether the next frame goes into the ring of all and nowhere else, and all who share that have room.
    #[inline(always)]
    pub(crate) fn is_easy(&self) -> bool {
        self.ring.tail() < self.desk.0.easy_until.load(Ordering::Relaxed)
    }

    /// The same where more is to be looked at than who shares the ring. Nothing of this is on the other one's way, which is why that
    /// keeps all it needs in registers.
    #[inline(never)]
    fn deliver_with_care(&self, lease: Lease, begun: Begun) {
        match begun {
            Begun::AsBefore => {}
            Begun::Changed => self.look_who_is_there(),
            Begun::Not => {
                self.collided.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        let early = self.sleepers_seen_early();
        if self.is_closed() {
            bump(&self.desk.0.late, 1);
        } else {
            self.hand_out(lease);
            bump(&self.desk.0.published, 1);
        }
        self.end_delivery(early);
    }

    /// Ends the walk; `early` is the control's.
    #[inline]
    fn end_delivery(&self, early: Option<Ended>) {
        let ended = self.walk.0.end();
        let ended = early.map_or(ended, |early| ended.with_sleepers_of(early));
        if !ended.is_quiet() {
            self.look_after(ended);
        }
    }

    /// Publisher, in a walk: notes who sits where, and sweeps after who left.
    #[cold]
    pub(crate) fn look_who_is_there(&self) {
        self.walk.0.note_change();
        for (group, seats) in self.groups.iter().zip(self.used().chunks(GROUP)) {
            self.look_at(group, seats);
        }
        // To be looked at with the next frame.
        self.desk.0.room_until.store(0, Ordering::Relaxed);
        self.count_who_is_where();
    }

    fn look_at(&self, group: &Group, seats: &[Arc<Seat>]) {
        let (mut sharing, mut refusing, mut plain, mut choosy) = (0, 0, 0, 0);
        for ((index, seat), room) in seats.iter().enumerate().zip(&group.rooms) {
            match seat.phase() {
                ACTIVE if seat.mailbox.shares() => {
                    sharing |= 1 << index;
                    refusing |= u64::from(seat.refuses()) << index;
                    if !seat.mailbox.has_begun() {
                        let tail = if broken!(self, BeginsAtFirst) { 0 } else { self.ring.tail() };
                        let depth = seat.mailbox.depth();
                        seat.mailbox.begin(tail);
                        room.depth.store(depth, Ordering::Relaxed);
                        room.until.store(tail + depth, Ordering::Relaxed);
                    }
                }
                ACTIVE if seat.is_plain() => plain |= 1 << index,
                ACTIVE => choosy |= 1 << index,
                _ => self.sweep(seat, seat.generation()),
            }
        }
        group.sharing.store(sharing, Ordering::Relaxed);
        group.refusing.store(refusing, Ordering::Relaxed);
        group.plain.store(plain, Ordering::Relaxed);
        group.choosy.store(choosy, Ordering::Relaxed);
    }

    fn count_who_is_where(&self) {
        let (mut sharing, mut apart) = (0, 0);
        for group in &self.groups {
            sharing += group.sharing.load(Ordering::Relaxed).count_ones();
            let choosy = group.choosy.load(Ordering::Relaxed);
            apart += (choosy | group.plain.load(Ordering::Relaxed)).count_ones();
        }
        let desk = &self.desk.0;
        desk.sharing.store(sharing, Ordering::Relaxed);
        desk.apart.store(apart, Ordering::Relaxed);
        if sharing == 0 {
            desk.room_until.store(u64::MAX, Ordering::Relaxed);
        }
        self.note_what_is_easy();
    }

    /// The control: whether somebody sleeps is asked before the frame is handed out.
    #[inline]
    fn sleepers_seen_early(&self) -> Option<Ended> {
        broken!(self, SleepersSeenEarly).then(|| self.walk.0.look())
    }
}

/// The frame's ways.
impl Fanout {
    /// A clone into each mailbox with a ring of its own whose subscriber wants the frame; the lease itself, with a count for each who
    /// shares it, into the ring of the others.
    #[inline]
    fn hand_out(&self, lease: Lease) {
        let (desk, number) = (&self.desk.0, number_of(lease.record()));
        let next = self.ring.tail() + 1;
        let is_tight = next > desk.room_until.load(Ordering::Relaxed) && !self.has_room_for_all(next);
        if is_tight {
            self.part_from_who_is_full(next);
        }
        if desk.apart.load(Ordering::Relaxed) != 0 {
            self.put_apart(&lease, number);
        }
        if desk.sharing.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.give_up_first();
        let tail = self.share(lease, number);
        if is_tight {
            self.make_room(tail);
        }
    }

    /// The lease into the ring, with a count for each who shares it.
    #[inline(always)]
    fn share(&self, lease: Lease, number: u64) -> u64 {
        let sharing = self.desk.0.sharing.load(Ordering::Relaxed);
        if sharing > 1 {
            // Each is claimed by a mailbox.
            core::mem::forget(lease.clones(sharing - 1));
        }
        self.ring.fill(lease, number)
    }

    /// The control: room is made before the frame is there.
    #[inline]
    fn give_up_first(&self) {
        if broken!(self, GivesUpFirst) {
            self.make_room(self.ring.tail() + 1);
        }
    }

    /// Looks where those are who may have no room for the frame that makes the ring so long. Whether all have; if so, notes until when.
    fn has_room_for_all(&self, tail: u64) -> bool {
        let mut least = u64::MAX;
        for (group, seats) in self.groups.iter().zip(self.seats.chunks(GROUP)) {
            for bit in bits_of(group.sharing.load(Ordering::Relaxed)) {
                let (Some(room), Some(seat)) = (group.rooms.get(bit), seats.get(bit)) else { continue };
                if !room.is_enough(tail) {
                    let head = seat.mailbox.head();
                    room.until
                        .store(head.saturating_add(room.depth.load(Ordering::Relaxed)), Ordering::Relaxed);
                }
                least = least.min(room.until.load(Ordering::Relaxed));
            }
        }
        if least < tail {
            return false;
        }
        self.desk.0.room_until.store(least, Ordering::Relaxed);
        self.note_what_is_easy();
        true
    }

    /// Who refuses frames and has no room for the one that makes the ring so long shares it no more.
    #[inline(never)]
    fn part_from_who_is_full(&self, tail: u64) {
        let mut parted = false;
        for (index, group) in self.groups.iter().enumerate() {
            for bit in bits_of(group.refusing.load(Ordering::Relaxed)) {
                let (Some(room), Some(seat)) = (group.rooms.get(bit), self.seats.get(index * GROUP + bit))
                else {
                    continue;
                };
                if room.is_enough(tail) {
                    continue;
                }
                let head = seat.mailbox.head();
                room.until.store(head + room.depth.load(Ordering::Relaxed), Ordering::Relaxed);
                if !room.is_enough(tail) {
                    seat.mailbox.part(&self.ring, head, tail - 1);
                    group.part(bit);
                    parted = true;
                }
            }
        }
        if parted {
            self.count_who_is_where();
        }
    }

    /// Takes the oldest frame from who is too far behind, and notes how long all have room.
    #[inline(never)]
    fn make_room(&self, tail: u64) {
        let mut least = u64::MAX;
        for (index, group) in self.groups.iter().enumerate() {
            let refusing = group.refusing.load(Ordering::Relaxed);
            for bit in bits_of(group.sharing.load(Ordering::Relaxed)) {
                let (Some(room), Some(seat)) = (group.rooms.get(bit), self.seats.get(index * GROUP + bit))
                else {
                    continue;
                };
                if refusing >> bit & 1 == 0 && !room.is_enough(tail) {
                    let depth = room.depth.load(Ordering::Relaxed);
                    let head = seat.mailbox.make_room(tail, depth, &self.ring);
                    room.until.store(head.saturating_add(depth), Ordering::Relaxed);
                }
                least = least.min(room.until.load(Ordering::Relaxed));
            }
        }
        self.desk.0.room_until.store(least, Ordering::Relaxed);
        self.note_what_is_easy();
    }

    fn note_what_is_easy(&self) {
        let desk = &self.desk.0;
        let is_simple = desk.sharing.load(Ordering::Relaxed) > 0 && desk.apart.load(Ordering::Relaxed) == 0;
        let until = if is_simple { desk.room_until.load(Ordering::Relaxed) } else { 0 };
        desk.easy_until.store(until, Ordering::Relaxed);
    }

    /// A clone into each mailbox with a ring of its own whose subscriber wants the frame.
    #[inline(never)]
    fn put_apart(&self, lease: &Lease, number: u64) {
        for (index, group) in self.groups.iter().enumerate() {
            self.put_clones(index, self.choose(index, group, lease), lease, number);
        }
    }

    /// Which seats of a group with rings of their own want the frame.
    fn choose(&self, index: usize, group: &Group, lease: &Lease) -> u64 {
        let plain = group.plain.load(Ordering::Relaxed);
        let asked = bits_of(group.choosy.load(Ordering::Relaxed));
        let wants =
            |bit: &usize| self.seats.get(index * GROUP + bit).is_some_and(|seat| seat.wants(lease.record()));
        asked.filter(wants).fold(plain, |chosen, bit| chosen | 1 << bit)
    }

    /// Puts a clone into the mailbox of each seat of a group whose bit is set in `chosen`.
    fn put_clones(&self, group: usize, chosen: u64, lease: &Lease, number: u64) {
        if chosen == 0 {
            return;
        }
        for (clone, bit) in lease.clones(chosen.count_ones()).zip(bits_of(chosen)) {
            self.put(group * GROUP + bit, clone, number);
        }
    }

    fn put(&self, index: usize, lease: Lease, number: u64) {
        let Some(seat) = self.seats.get(index) else { return };
        if !seat.put(lease, number) {
            self.overrun(index, number);
        }
    }
}
