//! The PVCAM SDK in Rust names: committed bindings and a run-time loader, no logic.
