//! The headers of a multi-region frame say where each region's pixels lie; a view of the slot lends them.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what does not work here fails the test")]

use frame_pool::{Element, Layout, Picture, ViewError};
use pvcam::metadata::{MetadataError, decode};
use serde_json::Value;

/// A slot that the SDK's own decoder was recorded with, and what it said of the regions' places.
fn recorded(id: &str) -> (Vec<u8>, Vec<u64>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/pvcam-vectors.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let all = all["vectors"].as_array().unwrap();
    let vector = all.iter().find(|vector| vector["id"] == id).expect("it was recorded");
    let hex = vector["in"]["buffer"].as_str().unwrap();
    let digits = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    let rois = vector["out"]["frame"]["rois"].as_array().unwrap();
    (digits.collect(), rois.iter().map(|roi| roi["data"].as_u64().unwrap()).collect())
}

#[test]
fn each_region_is_viewed_where_the_sdk_finds_it() {
    let (slot, places) = recorded("dec-2roi");
    let like = Layout::mono(Element::U16, 12, 1, 1);
    let layouts: Vec<_> =
        decode(&slot).unwrap().region_layouts(&like).collect::<Result<_, _>>().expect("they are in order");
    let offsets: Vec<_> = layouts.iter().map(|region| u64::from(region.layout.offset)).collect();
    assert_eq!(offsets, places);
    let picture = Picture::new(&slot, like);
    let views: Vec<_> = picture.regions(&layouts).collect();
    assert_eq!((views[0].origin(), views[1].origin()), ((0, 0), (10, 20)));
    assert_eq!((views[1].layout().columns, views[1].layout().rows, views[1].layout().bit_depth), (4, 2, 12));
    for (view, place) in views.iter().zip(&places) {
        let pixels = view.pixels::<u16>().expect("even places in an even slot");
        let first = usize::try_from(*place).unwrap();
        assert_eq!(pixels[1], u16::from_ne_bytes([slot[first + 2], slot[first + 3]]));
        assert_eq!(view.bytes().unwrap(), &slot[first..first + 2 * pixels.len()]);
        assert_eq!(
            view.pixels::<u32>(),
            Err(ViewError::Element { actual: Element::U16, asked: Element::U32 })
        );
    }
}

#[test]
fn a_region_of_another_size_than_its_elements_make_is_refused() {
    let (slot, _) = recorded("dec-2roi");
    let like = Layout::mono(Element::U8, 8, 1, 1);
    let found: Vec<_> = decode(&slot).unwrap().region_layouts(&like).collect();
    assert_eq!(found[0], Err(MetadataError::RegionBytes { index: 0, needed: 12, found: 24 }));
    assert_eq!(found.len(), 2, "and each for itself");
}

#[test]
fn binned_regions_say_so() {
    let (mut slot, places) = recorded("dec-2roi");
    // Two by two in the last region: its header begins 32 bytes before its pixels, which now are fewer.
    let header = usize::try_from(places[1]).unwrap() - 32;
    (slot[header + 14], slot[header + 20]) = (2, 2);
    let like = Layout::mono(Element::U16, 16, 1, 1);
    let found: Vec<_> = decode(&slot).unwrap().region_layouts(&like).map(Result::unwrap).collect();
    let (first, last) = (found[0], found[1]);
    assert_eq!((first.bin_columns, first.bin_rows), (1, 1));
    assert_eq!((last.column, last.row, last.bin_columns, last.bin_rows), (10, 20, 2, 2));
    assert_eq!((last.layout.columns, last.layout.rows, u64::from(last.layout.offset)), (2, 1, places[1]));
}

#[test]
fn extended_metadata_before_the_pixels_is_passed_over() {
    let (slot, places) = recorded("dec-ok-v3-2roi-ext");
    let like = Layout::mono(Element::U16, 16, 1, 1);
    let found: Vec<_> = decode(&slot).unwrap().region_layouts(&like).map(Result::unwrap).collect();
    assert_eq!(found.iter().map(|r| u64::from(r.layout.offset)).collect::<Vec<_>>(), places);
    assert_eq!((found[1].column, found[1].row, found[1].layout.pixel_bytes()), (100, 50, 4));
}
