//! Agreeing with a device on format and rate. What it answers is compared with what was asked: v4l2loopback says yes to everything.

use std::path::Path;

use rustix::io::Errno;

use super::abi::{
    BT601, EXTENDED, FULL_RANGE, Format, LIMITED_RANGE, OUTPUT, PROGRESSIVE, SRGB, StreamParameters,
};
use super::error::DeviceError;
use super::holders;
use super::node::Node;
use crate::format::{Geometry, PixelFormat};

/// Makes the device take frames of this geometry and rate, or says why not.
pub(super) fn agree(node: &Node, geometry: Geometry, rate: u32) -> Result<(), DeviceError> {
    let mut format = asked(geometry);
    node.video
        .set_format(&mut format)
        .map_err(|why| refused(&node.path, geometry, why, node.is_loopback, holders::of))?;
    if !is(geometry, &format) {
        let (path, got) = (node.path.clone(), described(&format));
        return Err(DeviceError::FormatHeld { path, asked: geometry, got });
    }
    let mut parameters = StreamParameters {
        kind: OUTPUT,
        capability: 0,
        mode: 0,
        numerator: 1,
        denominator: rate,
        rest: [0; 46],
    };
    // Readers see the rate; a driver that knows none shows frames all the same.
    let _ = node.video.set_parameters(&mut parameters);
    Ok(())
}

/// What a device means that does not take the format. v4l2loopback 0.12 answers "invalid argument" also where another program has agreed on
/// another size; and one that refuses YUYV does not do so for not knowing it.
fn refused(
    path: &Path,
    asked: Geometry,
    why: Errno,
    is_loopback: bool,
    holders: impl Fn(&Path) -> Vec<String>,
) -> DeviceError {
    let by = if is_loopback && why == Errno::INVAL { holders(path) } else { Vec::new() };
    match why {
        _ if !by.is_empty() => DeviceError::Busy { path: path.to_owned(), by },
        Errno::INVAL if asked.format != PixelFormat::Yuyv => {
            DeviceError::FormatUnknown { path: path.to_owned(), asked }
        }
        why => DeviceError::of_call(path, "VIDIOC_S_FMT", why),
    }
}

fn asked(geometry: Geometry) -> Format {
    let full = matches!(geometry.format, PixelFormat::Grey | PixelFormat::Rgb24 | PixelFormat::Y16);
    Format {
        kind: OUTPUT,
        gap: 0,
        width: geometry.width,
        height: geometry.height,
        fourcc: geometry.format.fourcc(),
        field: PROGRESSIVE,
        bytes_per_line: geometry.row_bytes(),
        size_image: u32::try_from(geometry.frame_bytes()).unwrap_or(u32::MAX),
        colorspace: SRGB,
        private: EXTENDED,
        flags: 0,
        ycbcr_encoding: BT601,
        quantization: if full { FULL_RANGE } else { LIMITED_RANGE },
        transfer: 0,
        rest: [0; 38],
    }
}

/// Whether the device agreed. Its `size_image` is no evidence: v4l2loopback 0.12 rounds the first answer up to whole pages. Frames
/// are sent with their exact size all the same.
fn is(geometry: Geometry, format: &Format) -> bool {
    (format.width, format.height, format.fourcc)
        == (geometry.width, geometry.height, geometry.format.fourcc())
        && (format.bytes_per_line == geometry.row_bytes() || format.bytes_per_line == 0)
        && format.size_image as usize >= geometry.frame_bytes()
}

fn described(format: &Format) -> String {
    let Format { width, height, fourcc, bytes_per_line, .. } = format;
    let code = String::from_utf8_lossy(fourcc);
    format!("{width} x {height} {} with rows of {bytes_per_line} bytes", code.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_yuyv_is_not_told_to_ask_for_it() {
        let said = |format, why| {
            let geometry = Geometry::new(320, 240, format).unwrap();
            refused(Path::new("/dev/video7"), geometry, why, true, |_| Vec::new()).to_string()
        };
        assert!(
            said(PixelFormat::Rgb24, Errno::INVAL).contains("does not know 320 x 240 RGB24: ask for YUYV")
        );
        let yuyv = said(PixelFormat::Yuyv, Errno::INVAL);
        assert!(yuyv.contains("VIDIOC_S_FMT failed") && !yuyv.contains("ask for"), "{yuyv}");
        assert!(said(PixelFormat::Rgb24, Errno::NODEV).contains("is gone"));
    }

    #[test]
    fn an_answer_that_is_not_what_was_asked_is_seen() {
        let geometry = Geometry::new(320, 240, PixelFormat::Yuyv).unwrap();
        let good = asked(geometry);
        assert!(is(geometry, &good));
        // What v4l2loopback 0.12.7 answered: rounded up to a page.
        assert!(is(geometry, &Format { size_image: 155_648, ..good }));
        let wrong = [
            Format { width: 640, ..good },
            Format { height: 480, ..good },
            Format { fourcc: *b"BGR4", ..good },
            Format { bytes_per_line: 704, ..good },
            Format { size_image: 153_599, ..good },
        ];
        for format in wrong {
            assert!(!is(geometry, &format), "{}", described(&format));
        }
        assert_eq!(described(&Format { fourcc: *b"Y16 ", ..good }), "320 x 240 Y16 with rows of 640 bytes");
    }

    /// Every driver at hand knows our formats, or answers another one.
    #[test]
    fn a_format_is_unknown_where_nobody_else_has_agreed_on_one() {
        let asked = Geometry::new(320, 240, PixelFormat::Nv12).unwrap();
        let says = |is_loopback, by: &[&str]| {
            let holders = |_: &Path| by.iter().map(|&name| name.to_owned()).collect();
            refused(Path::new("/dev/video7"), asked, Errno::INVAL, is_loopback, holders).to_string()
        };
        for unknown in [says(true, &[]), says(false, &["obs (pid 7)"])] {
            assert_eq!(
                unknown,
                "/dev/video7 does not know 320 x 240 NV12: ask for YUYV, which every device and program knows"
            );
        }
        let busy = says(true, &["obs (pid 7)"]);
        assert!(busy.starts_with("/dev/video7 is in use by obs (pid 7): end that program"), "{busy}");
    }
}
