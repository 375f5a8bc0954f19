//! Recordings as Arrow: what was delivered is what is read back, and what the documentation promises of torn frames, crashes, full
//! disks and readers that go away is what happens.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

mod crash;
mod disk;
mod pipes;
mod whole;
mod world;
