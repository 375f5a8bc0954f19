//! What `--help` tells beyond the options.

/// After `-h`.
pub(super) const SHORT: &str = "Examples:
  cargo xtask hardware-test                                  without a camera: three simulated ones
  cargo xtask hardware-test --list                           which cameras are there
  cargo xtask hardware-test --doctor                         what this machine lacks, and the cure
  cargo xtask hardware-test --camera pvcamUSB_0 --probe-ring

--help explains the steps, the figures and the exit code.";

/// After `--help`. No line is longer than a terminal of 100 columns.
pub(super) const LONG: &str = "Examples:
  cargo xtask hardware-test                                  without a camera: three simulated ones
  cargo xtask hardware-test --list                           which cameras are there
  cargo xtask hardware-test --doctor                         what this machine lacks, and the cure
  cargo xtask hardware-test --camera pvcamUSB_0 --probe-ring
  cargo xtask hardware-test --camera pvcamUSB_0 --steps continuous --frames 1000 --json out.json

Without an SDK it builds the simulator and tests three simulated Prime BSI cameras. They differ in
one thing: what a full ring does whose slots are locked. The SDK's documents tell all three
stories, so a program must be right under each:
  flag_error  the oldest slot is overwritten, an error follows     frames are copied, validated
  lossy       frames are dropped until a slot is unlocked          frames are lent in place
  halt        the stream ends                                      frames are lent in place

A real camera is used with its internal trigger. It exposes: whatever its outputs drive (light
sources, shutters) may fire; the outputs are listed before the first exposure. When the run ends,
pass or fail, it gets its settings back (a run that is interrupted leaves it as it stands then).

The steps:
  open         open into a known state (no pixel altered) and read it back; tells what had to
               change, and what the probe of the ring found, if it is probed
  snap         one frame, twice; the second one is measured
  sequence     a sequence of at most 32 frames that ends by itself
  continuous   as fast as the camera goes
  slow-reader  sixteen readers on a ring of 32 slots; one holds each tenth frame while three rings
               of others come in, and then looks at all its bytes. On a locked ring the frames that
               are held are moved out of it, their address and bytes stay, nothing is lost, and no
               prompt reader gets a copy. Elsewhere each frame is copied once, and the reserve has
               room for those that are held. A simulated camera waits for its readers meanwhile
  no-rescue    the control of slow-reader, on simulated cameras: no frame is moved, or the reserve
               is too small; it passes if frames are lost for that, each in its column
  readers      three threads that clone and drop leases
  rearm        stop and arm again, 20 times
  leases-out   stop while frames are leased: they must stay readable, also while the camera
               streams again
  vcam         only if asked for (--steps vcam): the camera's pictures in the first virtual camera
               that is free, with the camera's own settings; skipped where there is none
               (docs/virtual-camera.md says how to make one)

The figures, per step:
  highest      the highest frame number seen: so many frames there were
  deliv        frames delivered to the reader as good
  lost         all others, by cause. These fail a step:
                 ring  readers held the whole ring
                 copy  copies came too late
                 resv  readers held the whole reserve
                 torn  overwritten before they could be used
               These are the camera's, the cable's or the SDK's, and are reported:
                 cam   lost inside the camera
                 link  lost between camera and memory
                 note  written, but the SDK did not tell
               And this is harmless:
                 stop  came while the camera was being stopped
  fps ask      frames per second that the camera promises with its settings (exposure, readout)
  fps got      frames per second that came
  copied/f     bytes that we copied per frame. 0 where frames are lent in place: in sequences, and
               in continuous runs if the ring was seen to honour locks. Else those of one frame
  moved        frames that were held so long that they were moved out of a locked ring
  alloc/f      allocations per frame on the way from the SDK's callback to the reader, after a
               warm-up. Must be 0
  callback us  microseconds that the SDK's thread spends in our callback; meanwhile the SDK cannot
               announce the next frame. Half of all took at most the first figure, 99 of 100 at
               most the second
  to reader us microseconds from the callback's begin until a reader has the frame, the same two
               figures. Copies, sleeping readers and a busy machine make it longer
  cpu us/f     microseconds of CPU time of the whole program per frame, without the threads of the
               simulator
  books        ok if every frame stands in exactly one column: highest = deliv + lost
  result       ok, or FAILED: the reason stands below the table; or skipped: the step has no
               meaning on this camera. (2) means that it ran twice: a simulated camera runs on this
               machine's clock, and if other programs keep it from its schedule, the run proves
               nothing and is repeated, at most twice

A frame counts as good only if the camera's own number of it stands in its memory (metadata on).

Exit code: 0 all passed; 1 a step failed; 2 the test could not start (no SDK at the place named,
no such camera, camera in use). With --doctor: 0, or 1 if something is missing without which
nothing works.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_too_long() {
        for line in LONG.lines().chain(SHORT.lines()) {
            assert!(line.len() <= 100, "{line}");
        }
    }

    #[test]
    fn every_step_is_explained() {
        use crate::hardware_test::options::{STEPS, VCAM};
        for step in STEPS.into_iter().chain([VCAM]) {
            assert!(LONG.contains(&format!("\n  {step} ")), "{step}");
        }
    }
}
