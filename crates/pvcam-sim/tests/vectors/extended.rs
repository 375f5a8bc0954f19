//! `pl_md_read_extended`.

use std::ffi::{c_char, c_void};

use serde_json::{Map, Value, json};

use crate::memory::{bytes, call, code, expect, number, text};

#[repr(C)]
struct Info {
    tag: i32,
    value_type: u16,
    size: u16,
    name: *const c_char,
}

#[repr(C)]
struct Item {
    info: *const Info,
    value: *const u8,
}

#[repr(C)]
struct Collection {
    list: [Item; 255],
    map: [*const Item; 255],
    count: u16,
}

pub fn check(vector: &Value, slip: bool) {
    let (input, out) = (&vector["in"], &vector["out"]);
    let mut block = if input["buffer"].is_null() { None } else { Some(bytes(&input["buffer"])) };
    let start = block.as_mut().map_or(std::ptr::null_mut(), |block| block.as_mut_ptr());
    let mut memory = vec![0xAA_u8; size_of::<Collection>() + 8];
    let aligned = memory.as_mut_ptr().wrapping_add(memory.as_ptr().align_offset(8)).cast::<Collection>();
    let target = if input["output"].is_null() { std::ptr::null_mut() } else { aligned };
    let size = u32::try_from(number(&input["size"])).unwrap();
    let ret = call!(pl_md_read_extended(
        target => *mut Collection, start.cast() => *mut c_void, size => u32));
    let id = &vector["id"];
    if slip {
        assert_eq!((ret, code()), (0, 172), "{id}");
        // SAFETY: the library filled it.
        assert_eq!(unsafe { &*aligned }.count, 255, "{id}");
        return;
    }
    expect(vector, out, ret);
    if out["output_untouched"] == true {
        assert!(memory.iter().all(|&byte| byte == 0xAA), "{id}");
        return;
    }
    // SAFETY: the library filled it.
    let found = unsafe { &*aligned };
    assert_eq!(json!(found.count), out["count"], "{id}");
    let shown = out["items_shown"].as_u64().map_or(usize::from(found.count), |count| count as usize);
    let base = start as usize;
    let items: Vec<Value> = found.list[..shown].iter().map(|item| describe(item, base)).collect();
    assert_eq!(json!(items), out["items"], "{id}");
    if let Some(expected) = out.get("map") {
        let mut map = Map::new();
        for (tag, entry) in found.map.iter().enumerate().filter(|(_, entry)| !entry.is_null()) {
            let index = (*entry as usize - found.list.as_ptr() as usize) / size_of::<Item>();
            map.insert(tag.to_string(), json!(index));
        }
        assert_eq!(&Value::Object(map), expected, "{id}");
    }
}

fn describe(item: &Item, base: usize) -> Value {
    // SAFETY: the library points at its own table.
    let info = unsafe { &*item.info };
    json!({
        "tag": info.tag,
        "type": info.value_type,
        "size": info.size,
        "name": text(info.name),
        "value": item.value as usize - base,
    })
}
