//! The metadata decoder says what the SDK's own decoder said to each recorded buffer, but for the differences listed here.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what does not work here fails the test")]

use pvcam::metadata::{Extended, MetadataError, decode, extended};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/pvcam-vectors.json");
    let text = std::fs::read_to_string(path).expect("the vectors are part of the repository");
    let all: Value = serde_json::from_str(&text).expect("they are JSON");
    let all = all["vectors"].as_array().expect("a list").clone();
    all.into_iter().filter(|vector| vector["kind"] == kind).collect()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("hexadecimal");
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// What the SDK was given: the buffer, 64 zeros behind it, cut at the size that it was told.
fn slot(vector: &Value) -> Option<Vec<u8>> {
    let mut slot = bytes(&vector["in"]["buffer"]);
    slot.extend([0; 64]);
    let told = usize::try_from(vector["in"]["size"].as_u64()?).ok()?;
    slot.truncate(told.min(slot.len()));
    Some(slot)
}

/// Why our answer may differ from the SDK's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// The SDK accepts every version byte; we know the layout of 1 to 3.
    Version,
    /// The SDK takes coordinates that run backwards, or a width of 65,536 that it counts as 0; they are no rectangle.
    Bounds,
    /// The SDK's size check wraps at 32 bits, so that a region may end before it begins (marked as its slip).
    Wrap,
    /// The SDK refuses more regions than the caller's structure has room for; ours has no structure.
    Capacity,
    /// Both refuse, for another of several reasons: we look at a region's header before what follows it.
    Reason,
    /// The SDK does not make a structure for a frame without regions; we list none.
    NoRegions,
}

fn code(vector: &Value) -> i64 {
    let out = &vector["out"];
    let failed_to_create = out["create"]["code"].as_i64().filter(|code| *code != 0);
    failed_to_create.or_else(|| out["decode"]["code"].as_i64()).expect("an answer")
}

fn allowed(vector: &Value, slot: &[u8], ours: Result<(), &MetadataError>) -> Option<Difference> {
    let theirs = code(vector);
    let announced = slot.get(9..11).map_or(0, |raw| u64::from(u16::from_le_bytes([raw[0], raw[1]])));
    match ours {
        Err(MetadataError::Version { found }) if *found == 0 || *found > 3 => Some(Difference::Version),
        Err(MetadataError::RegionBounds { columns, rows, .. }) => {
            let odd = |(first, last): (u16, u16)| last < first || (first, last) == (0, u16::MAX);
            (odd(*columns) || odd(*rows)).then_some(Difference::Bounds)
        }
        Err(MetadataError::ZeroBinning { .. }) if theirs == 172 => Some(Difference::Reason),
        Err(MetadataError::TooShort { .. }) if vector["vendor_quirk"] == true => Some(Difference::Wrap),
        Ok(()) if theirs == 172 => {
            let capacity = vector["in"]["capacity"].as_u64()?;
            (announced > capacity).then_some(Difference::Capacity)
        }
        Ok(()) if theirs == 192 && announced == 0 => Some(Difference::NoRegions),
        _ => None,
    }
}

#[test]
fn frames_are_decoded_as_the_sdk_decodes_them() {
    let mut differences = std::collections::BTreeMap::new();
    let (mut agreed, vectors) = (0, vectors("md_decode"));
    assert!(vectors.len() > 400);
    for vector in &vectors {
        let Some(slot) = slot(vector) else { continue };
        let id = vector["id"].as_str().expect("a name");
        match (decode(&slot), code(vector)) {
            (Ok(frame), 0) => {
                same_frame(id, &slot, &frame, &vector["out"]["frame"]);
                agreed += 1;
            }
            (Err(MetadataError::TooShort { .. }), 172)
            | (Err(MetadataError::Signature { .. } | MetadataError::ZeroBinning { .. }), 192) => agreed += 1,
            (ours, theirs) => {
                let difference = allowed(vector, &slot, ours.as_ref().map(|_| ()));
                let difference =
                    difference.unwrap_or_else(|| panic!("{id}: we say {ours:?}, the SDK {theirs}"));
                *differences.entry(difference).or_insert(0) += 1;
            }
        }
    }
    let listed = [
        (Difference::Version, 81),
        (Difference::Bounds, 10),
        (Difference::Wrap, 2),
        (Difference::Capacity, 42),
        (Difference::Reason, 2),
        (Difference::NoRegions, 7),
    ];
    assert_eq!(differences, listed.into(), "each difference is one that was looked at");
    assert_eq!(agreed, vectors.len() - 144);
}

fn same_frame(id: &str, slot: &[u8], ours: &pvcam::metadata::FrameMetadata<'_>, theirs: &Value) {
    let at = |part: &[u8]| part.as_ptr() as usize - slot.as_ptr() as usize;
    assert_eq!(u64::from(ours.region_count()), theirs["roiCount"].as_u64().unwrap(), "{id}");
    assert_eq!(ours.extended().len() as u64, theirs["extMdDataSize"].as_u64().unwrap(), "{id}");
    let rois = theirs["rois"].as_array().unwrap();
    for (region, roi) in ours.regions().zip(rois) {
        assert_eq!(region.extended.len() as u64, roi["extMdDataSize"].as_u64().unwrap(), "{id}");
        assert_eq!(region.pixels.len() as u64, roi["dataSize"].as_u64().unwrap(), "{id}");
        if let Some(data) = roi["data"].as_u64() {
            assert_eq!((region.offset as u64, at(region.pixels) as u64), (data, data), "{id}");
        } else {
            assert!(region.header.header_only, "{id}");
        }
    }
    if let Some((region, binning)) = ours.bounds() {
        let [left, right, columns, top, bottom, rows] =
            [0, 1, 2, 3, 4, 5].map(|at| theirs["impliedRoi"][at].as_u64().unwrap());
        assert_eq!((u64::from(region.column), u64::from(region.last_column())), (left, right), "{id}");
        assert_eq!((u64::from(region.row), u64::from(region.last_row())), (top, bottom), "{id}");
        assert_eq!((u64::from(binning.columns), u64::from(binning.rows)), (columns, rows), "{id}");
    }
}

#[test]
fn extended_values_are_read_as_the_sdk_reads_them() {
    let vectors = vectors("md_read_extended");
    let mut looked_at = 0;
    for vector in &vectors {
        // Null pointers do not exist here, and a list that runs over its end is the SDK's own slip.
        if vector["in"]["buffer"].is_null()
            || vector["in"]["output"].is_null()
            || vector["vendor_quirk"] == true
        {
            continue;
        }
        let mut block = bytes(&vector["in"]["buffer"]);
        block.truncate(vector["in"]["size"].as_u64().unwrap_or(0) as usize);
        let ours: Vec<_> = extended(&block).collect();
        let (good, bad): (Vec<_>, Vec<_>) = ours.into_iter().partition(Result::is_ok);
        let id = vector["id"].as_str().unwrap();
        let code = match bad.first() {
            None => 0,
            Some(Err(MetadataError::UnknownTag { .. })) => 186,
            Some(_) => 192,
        };
        assert_eq!(Some(code), vector["out"]["code"].as_i64(), "{id}");
        let items = vector["out"]["items"].as_array().unwrap();
        assert_eq!(good.len() as u64, vector["out"]["count"].as_u64().unwrap(), "{id}");
        for (ours, theirs) in good.into_iter().map(Result::unwrap).zip(items) {
            let (tag, value) = match ours {
                Extended::ParticleId(value) => (0, value),
                Extended::M0(value) => (1, value),
                Extended::M2(value) => (2, value),
                other => panic!("{id}: {other:?}"),
            };
            assert_eq!(theirs["tag"].as_u64(), Some(tag), "{id}");
            let at = theirs["value"].as_u64().unwrap() as usize;
            assert_eq!(value.to_le_bytes(), block[at..at + 4], "{id}");
        }
        looked_at += 1;
    }
    assert!(looked_at > 50, "{looked_at}");
}

#[test]
fn no_buffer_makes_it_panic_or_read_outside() {
    // A small generator of our own: the same buffers in every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let seeds: Vec<Vec<u8>> = vectors("md_decode").iter().filter_map(slot).collect();
    let mut decoded = 0;
    for round in 0..200_000 {
        let mut slot = seeds[round % seeds.len()].clone();
        for _ in 0..random() % 4 {
            let length = slot.len().max(1);
            if let Some(byte) = slot.get_mut(random() as usize % length) {
                *byte = random() as u8;
            }
        }
        slot.truncate(random() as usize % (slot.len() + 1) + slot.len() / 2);
        if let Ok(frame) = decode(&slot) {
            let inside = frame
                .regions()
                .map(|region| region.offset + region.pixels.len())
                .all(|end| end <= slot.len());
            assert!(inside && frame.regions().len() == usize::from(frame.region_count()));
            let _ = (frame.bounds(), extended(frame.extended()).count());
            decoded += 1;
        }
    }
    assert!(decoded > 10_000, "the mutations leave enough of them whole: {decoded}");
}
