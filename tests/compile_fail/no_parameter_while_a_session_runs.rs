//! A running session has no camera to ask: reading or setting a parameter would stop the stream silently.

fn main() {}

pub fn reach(session: &mut pvcam::Session) {
    let _ = session.books();
    #[cfg(wrong = "read")]
    let _ = session.temperature_centi(); //~ read: E0599
    #[cfg(wrong = "read range")]
    let _ = session.exposure_range(); //~ read range: E0599
    #[cfg(wrong = "set")]
    let _ = session.set_readout(0, 0, 1); //~ set: E0599
    #[cfg(wrong = "inside")]
    let _ = &session.core; //~ inside: E0616
}

/// A session cannot be opened up either: only stopping it gives the camera back.
pub fn stop(session: pvcam::Session) {
    #[cfg(wrong = "clone")]
    let _other = session.clone(); //~ clone: E0599
    if let Ok(stopped) = session.stop() {
        let camera = stopped.armed.disarm();
        let _ = camera.temperature_centi();
    }
}

/// Nor is it of use to have borrowed from the camera before.
pub fn keep(camera: pvcam::Camera, plan: pvcam::Plan) {
    let before = camera.ports();
    let count = before.len();
    #[cfg(wrong = "borrow")]
    let kept = before;
    let armed = camera.arm(plan); //~ borrow: E0505
    #[cfg(wrong = "borrow")]
    drop(kept.len());
    drop((armed, count));
}
