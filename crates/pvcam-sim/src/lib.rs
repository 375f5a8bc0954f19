//! A simulated PVCAM camera behind the C ABI of libpvcam.so.2.
