//! The camera of an acquisition cannot be reached: a parameter that is changed would undo the setup.

fn main() {}

pub fn arm(mut camera: pvcam::Camera, plan: pvcam::Plan) {
    let _ = camera.temperature_centi();
    let _ = camera.set_readout(0, 0, 1);
    let armed = camera.arm(plan);
    #[cfg(wrong = "read")]
    let _ = camera.temperature_centi(); //~ read: E0382
    #[cfg(wrong = "set")]
    let _ = camera.set_readout(0, 0, 1); //~ set: E0382
    drop(armed);
}
