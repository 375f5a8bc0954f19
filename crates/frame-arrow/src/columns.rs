//! The small columns: what is known of a frame beside its pixels.

use std::sync::{Arc, OnceLock};

use arrow_array::types::{ArrowPrimitiveType, Int8Type, Int64Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int8Array, Int64Array, PrimitiveArray, StringArray,
    StructArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields};
use frame_pool::{Evidence, Lease, RegionLayout};

use crate::plan::{SchemaPlan, TimesOf};

/// Kinds of evidence, strongest first: the dictionary of the column.
const EVIDENCE: [&str; 6] = ["frozen", "locked", "tag", "time-only", "unproven", "other"];

fn key(evidence: Evidence) -> i8 {
    match evidence {
        Evidence::Frozen => 0,
        Evidence::Locked => 1,
        Evidence::Tag => 2,
        Evidence::TimeOnly => 3,
        Evidence::Unproven => 4,
        _ => 5,
    }
}

/// What the small columns say of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    number: u64,
    camera_number: Option<u64>,
    arrived_ns: u64,
    begin_ns: Option<i64>,
    end_ns: Option<i64>,
    exposure_ns: Option<u64>,
    lost_before: u64,
    epoch: u32,
    evidence: i8,
}

/// The driver counts in units of 100 us.
const DRIVER_TICK_NS: i64 = 100_000;

/// Columns that are the same for all frames, and those that were the same up to now.
#[derive(Debug)]
pub(crate) struct Columns {
    times: Option<TimesOf>,
    exposure_ns: Option<u64>,
    no_u64: ArrayRef,
    no_i64: ArrayRef,
    /// One array for each kind of evidence, over one dictionary.
    evidence: Vec<ArrayRef>,
    evidence_names: Arc<StringArray>,
    exposure: Remembered<u64>,
    lost_before: Remembered<u64>,
    epoch: Remembered<u32>,
    /// Camera, bit depth, regions, and the mark for torn frames: the columns at the end.
    pub(crate) constant: Vec<(Field, ArrayRef)>,
}

/// A column's first value, which is likely to be that of the next frame as well.
#[derive(Debug, Default)]
struct Remembered<T>(OnceLock<(T, ArrayRef)>);

impl<T: Copy + PartialEq> Remembered<T> {
    /// One whose likely value is known.
    fn of(value: T, make: impl Fn(T) -> ArrayRef) -> Self {
        Self(OnceLock::from((value, make(value))))
    }

    fn array(&self, value: T, make: impl Fn(T) -> ArrayRef) -> ArrayRef {
        let (known, array) = self.0.get_or_init(|| (value, make(value)));
        if *known == value { Arc::clone(array) } else { make(value) }
    }
}

impl Columns {
    pub(crate) fn new(plan: &SchemaPlan) -> Result<Self, ArrowError> {
        let names = Arc::new(StringArray::from(EVIDENCE.to_vec()));
        let evidence =
            (0..EVIDENCE.len() as i8).map(|key| dictionary(&[key], &names)).collect::<Result<_, _>>()?;
        Ok(Self {
            times: plan.times,
            exposure_ns: plan.exposure.map(|exposure| u64::try_from(exposure.as_nanos()).unwrap_or(u64::MAX)),
            no_u64: Arc::new(UInt64Array::new_null(1)),
            no_i64: Arc::new(Int64Array::new_null(1)),
            evidence,
            evidence_names: names,
            exposure: Remembered::default(),
            // Also if the first frame comes after a loss.
            lost_before: Remembered::of(0, u64_array),
            epoch: Remembered::default(),
            constant: constant(plan)?,
        })
    }

    /// Fields of the columns between the pixels and the constant ones.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let (clock, remark) = match self.times {
            Some(_) => ("camera", "ns since the camera was powered up or reset"),
            None => ("driver", "arbitrary epoch, steps of 100 us"),
        };
        let on = |clock: &'static str, remark: &'static str| {
            [("unit", "ns"), ("clock", clock), ("remark", remark)]
        };
        vec![
            Field::new("number", DataType::UInt64, false),
            Field::new("camera_number", DataType::UInt64, true),
            Field::new("arrived_ns", DataType::UInt64, false)
                .with_metadata(on("CLOCK_MONOTONIC", "end of frame was announced to the host")),
            Field::new("begin_ns", DataType::Int64, true).with_metadata(on(clock, remark)),
            Field::new("end_ns", DataType::Int64, true).with_metadata(on(clock, remark)),
            Field::new("exposure_ns", DataType::UInt64, true).with_metadata([("unit", "ns")]),
            Field::new("lost_before", DataType::UInt64, false),
            Field::new("epoch", DataType::UInt32, false),
            Field::new("evidence", text_type(), false),
        ]
    }

    pub(crate) fn row(&self, lease: &Lease) -> Row {
        let record = lease.record();
        let times = self.times.and_then(|times| times(lease));
        let driver = |ticks: i64| self.times.is_none().then(|| ticks.saturating_mul(DRIVER_TICK_NS));
        let camera = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
        Row {
            number: record.number,
            camera_number: record.camera_number,
            arrived_ns: record.arrived_ns,
            begin_ns: times.map(|t| camera(t.begin_ns)).or_else(|| driver(record.bof_100us)),
            end_ns: times.map(|t| camera(t.end_ns)).or_else(|| driver(record.eof_100us)),
            exposure_ns: times.map(|t| t.exposure_ns).or(self.exposure_ns),
            lost_before: record.lost_before,
            epoch: record.epoch,
            evidence: key(record.evidence),
        }
    }

    /// Appends the columns of one frame. Its numbers share one allocation.
    pub(crate) fn one(&self, row: &Row, out: &mut Vec<ArrayRef>) {
        let bits = |value: Option<i64>| value.unwrap_or(0).cast_unsigned();
        let camera_number = row.camera_number.unwrap_or(0);
        let values = vec![row.number, camera_number, row.arrived_ns, bits(row.begin_ns), bits(row.end_ns)];
        let values = Buffer::from_vec(values);
        let if_known = |known: bool, array: fn(&Buffer, usize) -> ArrayRef, at, none: &ArrayRef| {
            if known { array(&values, at) } else { Arc::clone(none) }
        };
        out.push(nth::<UInt64Type>(&values, 0));
        out.push(if_known(row.camera_number.is_some(), nth::<UInt64Type>, 1, &self.no_u64));
        out.push(nth::<UInt64Type>(&values, 2));
        out.push(if_known(row.begin_ns.is_some(), nth::<Int64Type>, 3, &self.no_i64));
        out.push(if_known(row.end_ns.is_some(), nth::<Int64Type>, 4, &self.no_i64));
        out.push(match row.exposure_ns {
            Some(exposure) => self.exposure.array(exposure, u64_array),
            None => Arc::clone(&self.no_u64),
        });
        out.push(self.lost_before.array(row.lost_before, u64_array));
        out.push(self.epoch.array(row.epoch, |epoch| Arc::new(UInt32Array::from(vec![epoch]))));
        out.extend(self.evidence.get(usize::from(row.evidence.unsigned_abs())).map(Arc::clone));
        out.extend(self.constant.iter().map(|(_, array)| Arc::clone(array)));
    }

    /// Appends the columns of several frames.
    pub(crate) fn many(&self, rows: &[Row], out: &mut Vec<ArrayRef>) -> Result<(), ArrowError> {
        let u64s = |of: fn(&Row) -> Option<u64>| -> ArrayRef {
            Arc::new(rows.iter().map(of).collect::<UInt64Array>())
        };
        let i64s = |of: fn(&Row) -> Option<i64>| -> ArrayRef {
            Arc::new(rows.iter().map(of).collect::<Int64Array>())
        };
        out.extend([u64s(|r| Some(r.number)), u64s(|r| r.camera_number), u64s(|r| Some(r.arrived_ns))]);
        out.extend([i64s(|r| r.begin_ns), i64s(|r| r.end_ns)]);
        out.extend([u64s(|r| r.exposure_ns), u64s(|r| Some(r.lost_before))]);
        out.push(Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.epoch))));
        let keys: Vec<i8> = rows.iter().map(|r| r.evidence).collect();
        out.push(dictionary(&keys, &self.evidence_names)?);
        for (_, array) in &self.constant {
            out.push(repeated(array, rows.len())?);
        }
        Ok(())
    }
}

fn u64_array(value: u64) -> ArrayRef {
    Arc::new(UInt64Array::from(vec![value]))
}

/// The `at`-th of the 64-bit values.
fn nth<T: ArrowPrimitiveType>(values: &Buffer, at: usize) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::new(values.clone(), at, 1), None))
}

fn text_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8))
}

fn dictionary(keys: &[i8], names: &Arc<StringArray>) -> Result<ArrayRef, ArrowError> {
    let names: ArrayRef = Arc::<StringArray>::clone(names);
    Ok(Arc::new(DictionaryArray::<Int8Type>::try_new(Int8Array::from(keys.to_vec()), names)?))
}

/// A constant column of one row, for `rows` rows.
fn repeated(array: &ArrayRef, rows: usize) -> Result<ArrayRef, ArrowError> {
    let one = array.to_data();
    let mut many = arrow_data::transform::MutableArrayData::new(vec![&one], false, rows);
    for _ in 0..rows {
        many.try_extend(0, 0, 1)?;
    }
    Ok(arrow_array::make_array(many.freeze()))
}

fn constant(plan: &SchemaPlan) -> Result<Vec<(Field, ArrayRef)>, ArrowError> {
    let camera = Arc::new(StringArray::from(vec![plan.camera.as_str()]));
    let mut columns = vec![(Field::new("camera", text_type(), false), dictionary(&[0], &camera)?)];
    let depth = plan.regions.first().map_or(0, |region| region.layout.bit_depth);
    let depth: ArrayRef = Arc::new(UInt8Array::from(vec![depth]));
    columns.push((Field::new("bit_depth", DataType::UInt8, false), depth));
    for (index, region) in plan.regions.iter().enumerate() {
        let place = place(region)?;
        let name = numbered("region", index, plan.regions.len());
        let field = Field::new(name, place.data_type().clone(), false);
        columns.push((field.with_metadata([("unit", "unbinned sensor pixels, from 0")]), Arc::new(place)));
    }
    // Last of all columns: whether a frame was torn is known only after its pixels were written (see `sink::tail`).
    let intact: ArrayRef = Arc::new(BooleanArray::from(vec![false]));
    columns.push((Field::new("torn", DataType::Boolean, false), intact));
    Ok(columns)
}

/// The name of a column for one region: plain if there is only one.
pub(crate) fn numbered(name: &str, index: usize, count: usize) -> String {
    if count == 1 { name.to_owned() } else { format!("{name}_{}", index + 1) }
}

/// Where on the sensor a region lies.
fn place(region: &RegionLayout) -> Result<StructArray, ArrowError> {
    let RegionLayout { layout, column, row, bin_columns, bin_rows } = *region;
    let wide = |name: &str| Field::new(name, DataType::UInt32, false);
    let narrow = |name: &str| Field::new(name, DataType::UInt16, false);
    let one = |value: u32| -> ArrayRef { Arc::new(UInt32Array::from(vec![value])) };
    let small = |value: u16| -> ArrayRef { Arc::new(UInt16Array::from(vec![value])) };
    let fields = vec![
        wide("column"),
        wide("row"),
        wide("columns"),
        wide("rows"),
        narrow("bin_columns"),
        narrow("bin_rows"),
    ];
    let columns = layout.columns.saturating_mul(bin_columns.into());
    let rows = layout.rows.saturating_mul(bin_rows.into());
    let values = vec![one(column), one(row), one(columns), one(rows), small(bin_columns), small(bin_rows)];
    StructArray::try_new(Fields::from(fields), values, None)
}
