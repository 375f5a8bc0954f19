//! What was armed is in the session: it cannot be started twice.

fn main() {}

pub fn twice(armed: pvcam::Armed) {
    let first = armed.start();
    #[cfg(wrong = "again")]
    let _second = armed.start(); //~ again: E0382
    drop(first);
}
