//! A safe driver for Teledyne Photometrics cameras (PVCAM).
