//! What `--help` tells beyond the options.

/// After `-h`.
pub(super) const SHORT: &str = "Examples:
  cargo xtask hardware-test                                  without a camera: three simulated ones
  cargo xtask hardware-test --list                           which cameras are there
  cargo xtask hardware-test --doctor                         what this machine lacks, and the cure
  cargo xtask hardware-test --camera pvcamUSB_0 --probe-ring

--help explains the steps, the figures and the exit code.";

/// After `--help`.
pub(super) const LONG: &str = "Examples:
  cargo xtask hardware-test                                  without a camera: three simulated ones
  cargo xtask hardware-test --list                           which cameras are there
  cargo xtask hardware-test --doctor                         what this machine lacks, and the cure
  cargo xtask hardware-test --camera pvcamUSB_0 --probe-ring
  cargo xtask hardware-test --camera pvcamUSB_0 --exposure 10ms --frames 1000 --steps continuous --json out.json

Without an SDK it builds the simulator and tests three simulated Prime BSI cameras that differ in one thing: what a full
ring does whose slots are locked. The SDK's documents tell all three stories, so a program must be right under each:
  flag_error  the oldest slot is overwritten and an error follows   => frames are copied once, validated
  lossy       frames are dropped until a slot is unlocked           => frames are lent in place, no copy
  halt        the stream ends                                       => frames are lent in place, no copy

A real camera is used with its internal trigger. It exposes: whatever its outputs drive (light sources, shutters) may
fire; the outputs are listed before the first exposure. When the run ends, pass or fail, it gets its settings back.

The steps:
  open         open into a known state (no pixel altered), read it back; tells every setting that had to change, and what
               the probe of the ring found, if it is probed
  snap         one frame, twice; the second one is measured
  sequence     a sequence of at most 32 frames that ends by itself
  continuous   as fast as the camera goes
  slow-reader  a reader that holds each tenth frame for half the time that the ring lasts
  readers      three threads that clone and drop leases
  rearm        stop and arm again, 20 times
  leases-out   stop while frames are leased: they must stay readable, also while the camera streams again

The figures, per step:
  highest    the highest frame number seen: so many frames there were
  deliv      frames delivered to the reader as good
  lost       all others, by cause: cam (inside the camera), link (before the host), note (written, but the SDK did not tell),
             ring (readers held the whole ring), copy (copies came too late), resv (readers held the whole reserve), torn
             (overwritten), stop (came while stopping; harmless). ring, copy, resv and torn fail a step; cam, link and note
             are the camera's, the cable's or the SDK's and are reported
  fps ask    frames per second that the camera promises with these settings (exposure, readout, delays)
  fps got    frames per second that came
  copied/f   bytes copied by us per frame. 0 where frames are lent in place: always in sequences, and in continuous runs if
             the ring honours locks; otherwise exactly the bytes of one frame
  alloc/f    allocations per frame on the way from the SDK's callback to the reader, after a warm-up. Must be 0
  callback   microseconds that the SDK's thread spends in our callback: half of all take at most the first figure, 99 of 100
             at most the second. While it is there the SDK cannot announce the next frame
  to reader  microseconds from the end-of-frame callback until a reader has the frame, the same two figures. Copies, sleeping
             readers and a busy machine make it longer
  cpu/f      microseconds of CPU time of the whole program per frame; the simulator's own threads are left out
  books      ok if every frame seen stands in exactly one column: highest = deliv + lost
  result     ok, or FAILED; the reason stands below the table. (2) means that the step ran twice: a simulated camera runs on this
             machine's clock, and if other programs keep it from its schedule, the run proves nothing and is repeated

Before a lease counts as good, the camera's own frame number in its memory must be that of the frame (metadata on), and
numbers must rise.

Exit code: 0 all passed; 1 a step failed; 2 the test could not start (no SDK at the place named, no such camera, camera in
use). With --doctor: 0, or 1 if something is missing without which nothing works.";
