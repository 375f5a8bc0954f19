//! The columns of a run, and a lease as a batch of one row.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_schema::{Metadata, Schema, SchemaRef};
use frame_pool::{Lease, Picture, RegionLayout};

use crate::columns::{Columns, numbered};
use crate::error::{BatchError, SchemaError};
use crate::plan::SchemaPlan;
use crate::tensor::{LendError, Tensor};

/// Version of the columns and of the files, kept in the schema's metadata as `frame-arrow.version`.
pub const FORMAT_VERSION: &str = "1";

/// The columns of all frames of one set-up, made once. Share it between threads as you like (`Arc`).
///
/// What is the same for all frames is made here: batches only point to it.
#[derive(Debug)]
pub struct FrameSchema {
    arrow: SchemaRef,
    pub(crate) regions: Vec<RegionLayout>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) columns: Columns,
}

impl FrameSchema {
    pub(crate) fn new(plan: SchemaPlan) -> Result<Self, SchemaError> {
        if plan.regions.is_empty() {
            return Err(SchemaError::NoRegion);
        }
        let numbers = plan.regions.iter().enumerate();
        let tensors =
            numbers.map(|(i, region)| Tensor::new(region.layout, i + 1)).collect::<Result<Vec<_>, _>>()?;
        let columns = Columns::new(&plan)?;
        let pixels = tensors.iter().enumerate();
        let mut fields: Vec<_> =
            pixels.map(|(i, tensor)| tensor.field(&numbered("frame", i, tensors.len()))).collect();
        fields.extend(columns.fields());
        fields.extend(columns.constant.iter().map(|(field, _)| field.clone()));
        let version = ("frame-arrow.version".to_owned(), FORMAT_VERSION.to_owned());
        let metadata: Metadata = plan.settings.into_iter().chain([version]).collect();
        let arrow = Arc::new(Schema::new_with_metadata(fields, metadata));
        Ok(Self { arrow, regions: plan.regions, tensors, columns })
    }

    /// The schema as Arrow knows it.
    #[must_use]
    pub fn arrow(&self) -> &SchemaRef {
        &self.arrow
    }

    /// The frame as a batch of one row, without a copy: the buffer of the pixel column is the slot's memory, which the batch and
    /// everything made of it holds by a clone of the lease.
    ///
    /// On a ring that is overwritten in place (by consent), what was read counts only if [`Self::verify_batch`] says so afterwards.
    ///
    /// # Errors
    /// [`BatchError::Shape`] if the frame is not what the schema was made for, [`BatchError::View`] if it cannot be lent as it lies.
    ///
    /// ```
    /// # use frame_arrow::{BatchError, FrameSchema};
    /// # use frame_pool::Lease;
    /// fn largest(schema: &FrameSchema, lease: &Lease) -> Result<Option<u16>, BatchError> {
    ///     use arrow_array::cast::AsArray;
    ///     use arrow_array::types::UInt16Type;
    ///     let batch = schema.to_record_batch(lease)?;
    ///     let pixels = batch.column(0).as_fixed_size_list().values().as_primitive::<UInt16Type>();
    ///     assert_eq!(pixels.values().as_ptr().cast(), lease.bytes().unwrap().as_ptr());
    ///     Ok(pixels.values().iter().copied().max())
    /// }
    /// ```
    pub fn to_record_batch(&self, lease: &Lease) -> Result<RecordBatch, BatchError> {
        let slot = Buffer::from(bytes::Bytes::from_owner(lease.clone()));
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.arrow.fields().len());
        for (picture, tensor) in self.pictures(lease)? {
            columns.push(tensor.lend(&picture, &slot).map_err(|why| because(lease, why))?);
        }
        self.columns.one(&self.columns.row(lease), &mut columns);
        Ok(RecordBatch::try_new(Arc::clone(&self.arrow), columns)?)
    }

    /// Several frames as one batch each, without a copy: the chunks of a table.
    ///
    /// # Errors
    /// As [`Self::to_record_batch`] of any of them.
    pub fn to_record_batches<'a>(
        &self,
        leases: impl IntoIterator<Item = &'a Lease>,
    ) -> Result<Vec<RecordBatch>, BatchError> {
        leases.into_iter().map(|lease| self.to_record_batch(lease)).collect()
    }

    /// The regions of a frame and their columns.
    pub(crate) fn pictures<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> Result<impl Iterator<Item = (Picture<'a>, &'a Tensor)>, BatchError> {
        // A frame of one region tells where its pixels lie, which may change from frame to frame. One of several tells it of the first, by
        // which it is seen whether the table holds for it.
        let one = self.tensors.len() == 1;
        if let (Some(tensor), Some(first)) = (self.tensors.first(), self.regions.first())
            && (!tensor.fits(lease.layout()) || !one && lease.layout().offset != first.layout.offset)
        {
            let (expected, found) = (Box::new(first.layout), Box::new(*lease.layout()));
            return Err(BatchError::Shape { number: lease.record().number, expected, found });
        }
        let layout = move |region: &RegionLayout| if one { *lease.layout() } else { region.layout };
        let slot = lease.slot_bytes();
        let pictures = self.regions.iter().map(move |region| Picture::new(slot, layout(region)));
        Ok(pictures.zip(&self.tensors))
    }
}

pub(crate) fn because(lease: &Lease, why: LendError) -> BatchError {
    match why {
        LendError::View(source) => BatchError::View { number: lease.record().number, source },
        LendError::Arrow(why) => BatchError::Arrow(why),
    }
}
