//! Sizes, alignments and offsets of all structs, against the measured facts of `structs.toml`.

use std::collections::BTreeSet;
use std::mem::{align_of, offset_of, size_of};

use crate::tables::{number, table, text};
use toml::Value;

/// What the compiler made of one struct.
struct Layout {
    name: &'static str,
    size: usize,
    alignment: usize,
    /// Name, offset and size of each member.
    fields: Vec<(&'static str, usize, usize)>,
}

fn size_of_pointee<S, F>(_: fn(&S) -> *const F) -> usize {
    size_of::<F>()
}

macro_rules! layouts {
    ($($name:ident { $($field:ident),* $(,)? })*) => {
        vec![$(Layout {
            name: stringify!($name),
            size: size_of::<pvcam_sys::$name>(),
            alignment: align_of::<pvcam_sys::$name>(),
            fields: vec![$((
                stringify!($field).trim_end_matches('_'),
                offset_of!(pvcam_sys::$name, $field),
                size_of_pointee(|s: &pvcam_sys::$name| &raw const s.$field),
            )),*],
        }),*]
    };
}

fn compiled() -> Vec<Layout> {
    layouts! {
        PVCAM_FRAME_INFO_GUID { f1, f2, f3, f4 }
        FRAME_INFO { FrameInfoGUID, hCam, FrameNr, TimeStamp, ReadoutTime, TimeStampBOF }
        smart_stream_type { entries, params }
        rgn_type { s1, s2, sbin, p1, p2, pbin }
        io_entry { io_port, io_type, state, next }
        io_list {
            pre_open, post_open, pre_flash, post_flash, pre_integrate, post_integrate, pre_readout, post_readout,
            pre_close, post_close,
        }
        active_camera_type {
            shutter_close_delay, shutter_open_delay, rows, cols, prescan, postscan, premask, postmask, preflash,
            clear_count, preamp_delay, mpp_selectable, frame_selectable, do_clear, open_shutter, mpp_mode,
            frame_transfer, alt_mode, exp_res, io_hdr,
        }
        md_frame_header {
            signature, version, frameNr, roiCount, timestampBOF, timestampEOF, timestampResNs, exposureTime,
            exposureTimeResNs, roiTimestampResNs, bitDepth, colorMask, flags, extendedMdSize, imageFormat,
            imageCompression, _reserved,
        }
        md_frame_header_v3 {
            signature, version, frameNr, roiCount, timestampBOF, timestampEOF, exposureTime, bitDepth, colorMask,
            flags, extendedMdSize, imageFormat, imageCompression, _reserved,
        }
        md_frame_roi_header {
            roiNr, timestampBOR, timestampEOR, roi, flags, extendedMdSize, roiDataSize, _reserved,
        }
        md_ext_item_info { tag, type_, size, name }
        md_ext_item { tagInfo, value }
        md_ext_item_collection { list, map, count }
        md_frame_roi { header, data, dataSize, extMdData, extMdDataSize }
        md_frame { header, extMdData, extMdDataSize, impliedRoi, roiArray, roiCapacity, roiCount }
    }
}

fn bytes(node: &Value, key: &str) -> usize {
    usize::try_from(number(node, key)).unwrap()
}

#[test]
fn all_structs_have_the_measured_layout() {
    let tables = table("structs.toml");
    let facts = tables["struct"].as_table().unwrap();
    let compiled = compiled();
    let names: BTreeSet<_> = compiled.iter().map(|layout| layout.name).collect();
    assert_eq!(names, facts.keys().map(String::as_str).collect(), "the same structs on both sides");
    let mut fields = 0;
    for layout in &compiled {
        let fact = &facts[layout.name];
        assert_eq!(
            (layout.size, layout.alignment),
            (bytes(fact, "sizeof"), bytes(fact, "alignof")),
            "{}",
            layout.name
        );
        let expected: Vec<_> = fact["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                (text(field, "name").trim_end_matches('_'), bytes(field, "offset"), bytes(field, "size"))
            })
            .collect();
        assert_eq!(layout.fields, expected, "{}", layout.name);
        fields += expected.len();
    }
    assert_eq!((compiled.len(), fields), (15, 112));
}

#[test]
fn scalars_have_the_measured_size_and_sign() {
    let tables = table("structs.toml");
    let scalars = tables["typedef"]["scalar"].as_table().unwrap();
    macro_rules! check {
        ($($name:ident)*) => {
            $(
                let fact = &scalars[stringify!($name)];
                let signed = pvcam_sys::$name::MIN < (0 as pvcam_sys::$name);
                assert_eq!(size_of::<pvcam_sys::$name>(), bytes(fact, "size"), stringify!($name));
                assert_eq!(Some(signed), fact["signed"].as_bool(), stringify!($name));
            )*
            assert_eq!([$(stringify!($name)),*].len(), scalars.len());
        };
    }
    check!(rs_bool int8 uns8 int16 uns16 int32 uns32 flt32 flt64 ulong64 long64);
}
