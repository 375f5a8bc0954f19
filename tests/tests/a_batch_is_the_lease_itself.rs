//! A record batch of one frame shows the lease's own memory, says of the frame what its record says, and gives the slot back when the
//! last of its arrays is dropped, on whatever thread.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use frame_arrow::{BatchError, FrameSchema, NotIntact};
use frame_bus::{Policy, Request};
use frame_pool::Lease;
use pvcam::{Plan, Region};
use pvcam_tests::{
    BusRig, Rig, Ring, SOON, assert_counter_scene, camera_times, frame, rest, scene_of, schema_plan,
};

fn start(ring: &Ring, lines: &str) -> (BusRig, FrameSchema) {
    let rig = BusRig::start_with(ring, &format!("scene = \"counter\"\n{lines}"), |plan| plan);
    let schema = schema_plan(rig.session.settings(), rig.session.regions(), "SIM-1")
        .build()
        .expect("the columns can be made");
    (rig, schema)
}

fn leases(rig: &BusRig, frames: u32) -> Vec<Lease> {
    let mut reader = rig.bus.subscribe(&Request::new("reader", Policy::Every { depth: 6 })).expect("room");
    rig.step(frames);
    (0..reader.unread()).map(|_| frame(&mut reader).into_lease()).collect()
}

fn column<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str, row: usize) -> Option<T::Native> {
    let array = batch.column_by_name(name).expect("a column of this name").as_primitive::<T>();
    array.is_valid(row).then(|| array.value(row))
}

fn text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> &'a str {
    let array = batch.column_by_name(name).expect("a column of this name").as_dictionary::<Int8Type>();
    array.values().as_string::<i32>().value(array.key(row).expect("not null"))
}

fn pixels(batch: &RecordBatch) -> &[u16] {
    batch.column(0).as_fixed_size_list().values().as_primitive::<UInt16Type>().values()
}

fn assert_row(batch: &RecordBatch, row: usize, lease: &Lease) {
    let record = lease.record();
    assert_eq!(column::<UInt64Type>(batch, "number", row), Some(record.number));
    assert_eq!(column::<UInt64Type>(batch, "camera_number", row), record.camera_number);
    assert_eq!(column::<UInt64Type>(batch, "arrived_ns", row), Some(record.arrived_ns));
    let times = camera_times(lease).expect("the camera tells its times");
    assert!(times.end_ns > times.begin_ns && times.exposure_ns > 0);
    assert_eq!(column::<Int64Type>(batch, "begin_ns", row), Some(times.begin_ns as i64));
    assert_eq!(column::<Int64Type>(batch, "end_ns", row), Some(times.end_ns as i64));
    assert_eq!(column::<UInt64Type>(batch, "exposure_ns", row), Some(times.exposure_ns));
    assert_eq!(column::<UInt64Type>(batch, "lost_before", row), Some(record.lost_before));
    assert_eq!(column::<UInt32Type>(batch, "epoch", row), Some(record.epoch));
    assert_eq!(text(batch, "evidence", row), format!("{:?}", record.evidence).to_lowercase());
    assert_eq!(text(batch, "camera", row), "SIM-1");
    assert_eq!(column::<UInt8Type>(batch, "bit_depth", row), Some(lease.layout().bit_depth));
    assert!(!batch.column_by_name("torn").expect("the mark").as_boolean().value(row));
    let size = batch.column(0).as_fixed_size_list().value_length() as usize;
    let shown = &pixels(batch)[row * size..][..size];
    assert!(shown == lease.pixels::<u16>().expect("16 bits a pixel"), "another picture");
}

#[test]
fn pixels_lie_where_the_camera_wrote_them_and_the_columns_tell_the_record() {
    for ring in Ring::all() {
        // Two frames of eight are lost on the way: the columns must tell.
        let (rig, schema) = start(&ring, "[camera.faults]\nlose_before_host = [3]\nlose_in_camera = [5]");
        let leases = leases(&rig, 8);
        assert!(leases.iter().any(|lease| lease.record().lost_before > 0), "else the column is not tried");
        let batches = schema.to_record_batches(&leases).expect("one batch each");
        for (batch, lease) in batches.iter().zip(&leases) {
            assert_eq!(pixels(batch).as_ptr().cast(), lease.bytes().expect("pixels").as_ptr());
            assert_counter_scene(lease);
            assert_row(batch, 0, lease);
            schema.verify_batch(batch, lease).expect("nobody wrote over it");
        }
        let wrong = schema.verify_batch(&batches[0], &leases[1]).expect_err("another frame's memory");
        assert!(matches!(wrong, NotIntact::OtherMemory { number: 2, .. }), "{wrong}");
    }
}

#[test]
fn several_in_one_batch_are_one_copy_each_and_it_is_counted() {
    let (rig, schema) = start(&Ring::all()[0], "");
    let leases = leases(&rig, 5);
    let many = schema.coalesce(&leases).expect("they fit");
    assert_eq!(many.batch.num_rows(), 5);
    assert_eq!(many.copied_bytes, 5 * leases[0].layout().pixel_bytes());
    assert!(many.torn.is_empty());
    for (row, lease) in leases.iter().enumerate() {
        assert_row(&many.batch, row, lease);
    }
    let holders: Vec<u64> = leases.iter().map(Lease::holders).collect();
    assert_eq!(holders, [1; 5], "a copy holds no frame");
    let copied = schema.verify_batch(&many.batch, &leases[0]).expect_err("it lies elsewhere");
    assert!(matches!(copied, NotIntact::OtherMemory { .. }));
    assert!(matches!(schema.coalesce(&[]), Err(BatchError::Empty)));
}

#[test]
fn the_slot_goes_back_when_the_last_array_is_dropped_on_any_thread() {
    let (rig, schema) = start(&Ring::all()[0], "");
    let lease = leases(&rig, 1).remove(0);
    let batch = schema.to_record_batch(&lease).expect("a batch");
    let slice = batch.slice(0, 1);
    let values = batch.column(0).as_fixed_size_list().values().slice(5, 7);
    assert_eq!(lease.holders(), 2, "all arrays of a batch share one hold");
    drop(batch);
    drop(slice);
    assert_eq!(lease.holders(), 2, "seven pixels hold the frame");
    assert_eq!(values.as_primitive::<UInt16Type>().values(), &lease.pixels::<u16>().expect("16 bits")[5..12]);
    std::thread::spawn(move || drop(values)).join().expect("the thread ends");
    assert_eq!(lease.holders(), 1);
}

#[test]
fn another_picture_than_planned_is_refused_by_name() {
    let (rig, _) = start(&Ring::all()[0], "");
    let lease = leases(&rig, 1).remove(0);
    let mut layout = *lease.layout();
    layout.rows -= 1;
    let schema = frame_arrow::SchemaPlan::new(layout).build().expect("columns");
    match schema.to_record_batch(&lease) {
        Err(BatchError::Shape { number: 1, expected, found }) => {
            assert_eq!((expected.rows + 1, *found), (found.rows, *lease.layout()));
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn each_region_of_a_frame_is_a_column() {
    let cells = [Region::new(1000, 900, 40, 30), Region::new(10, 20, 16, 48)];
    let rig = Rig::stepped("scene = \"counter\"");
    let plan = Plan::sequence(3).regions(cells).exposure(Duration::from_millis(1));
    let armed = rig.open("pvcamUSB_0").arm(plan).expect("the plan is good");
    let schema = schema_plan(armed.settings(), armed.regions(), "SIM-1").build().expect("columns");
    let (session, frames) = armed.start().expect("it starts");
    rig.step(0, 3);
    assert_eq!(
        (schema.arrow().field(0).name().as_str(), schema.arrow().field(1).name().as_str()),
        ("frame_1", "frame_2")
    );
    for lease in rest(&frames) {
        let batch = schema.to_record_batch(&lease).expect("a batch");
        schema.verify_batch(&batch, &lease).expect("nobody wrote over it");
        for (index, region) in lease.regions(session.regions()).enumerate() {
            let values = batch.column(index).as_fixed_size_list().values().as_primitive::<UInt16Type>();
            let lent = region.pixels::<u16>().expect("16 bits a pixel");
            assert_eq!((values.values().as_ptr(), values.len()), (lent.as_ptr(), lent.len()));
            let number = lease.record().camera_number.expect("metadata is on");
            assert!(values.values()[..] == scene_of(number, region.layout()), "another picture");
            let name = format!("region_{}", index + 1);
            let place = batch.column_by_name(&name).expect("the place").as_struct();
            let told: Vec<u32> =
                place.columns()[..4].iter().map(|c| c.as_primitive::<UInt32Type>().value(0)).collect();
            let Region { column, row, columns, rows, .. } = cells[index];
            assert_eq!(told, [column, row, columns, rows].map(u32::from));
        }
        let copy = schema.coalesce(std::slice::from_ref(&lease)).expect("one copy");
        assert_eq!(copy.copied_bytes, (40 * 30 + 16 * 48) * 2);
        assert_eq!(lease.holders(), 2, "one hold for all regions");
        // A table of another set-up is not believed.
        let mut moved = session.regions().to_vec();
        moved[0].layout.offset += 2;
        let wrong = schema_plan(session.settings(), &moved, "SIM-1").build().expect("columns");
        assert!(matches!(wrong.to_record_batch(&lease), Err(BatchError::Shape { .. })));
    }
}

#[test]
fn time_runs_on_the_clock_that_the_schema_says() {
    let (rig, schema) = start(&Ring::all()[0], "");
    let lease = leases(&rig, 1).remove(0);
    let clock = |schema: &FrameSchema, name: &str| {
        schema.arrow().field_with_name(name).expect("a column").metadata().get("clock").cloned()
    };
    assert_eq!(clock(&schema, "begin_ns").as_deref(), Some("camera"));
    assert_eq!(clock(&schema, "arrived_ns").as_deref(), Some("CLOCK_MONOTONIC"));
    let drivers = frame_arrow::SchemaPlan::new(*lease.layout()).exposure(SOON).build().expect("columns");
    assert_eq!(clock(&drivers, "end_ns").as_deref(), Some("driver"));
    let batch = drivers.to_record_batch(&lease).expect("a batch");
    assert_eq!(column::<Int64Type>(&batch, "end_ns", 0), Some(lease.record().eof_100us * 100_000));
    assert_eq!(column::<UInt64Type>(&batch, "exposure_ns", 0), Some(SOON.as_nanos() as u64));
}
