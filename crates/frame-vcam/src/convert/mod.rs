//! From a camera's frame to the bytes of a video format, in one pass over memory.

mod bayer;
mod canvas;
mod colour;
mod error;
mod font;
mod grey;
mod kernels;
mod lines;
mod look;
mod overlay;
mod scale;
mod tables;
mod tone;
mod view;
mod window;
mod yuv;

use frame_pool::{Colour, Layout, Lease, Picture, Record};

use crate::{Geometry, PixelFormat};
use canvas::{Canvas, Place};
use colour::ColourPaint;
use grey::GreyPaint;
use lines::Lines;
use overlay::Stamp;
use window::Leveller;

pub use error::ConvertError;
pub use look::{ColourMap, Crop, Debayer, Level, Look, Orientation, Scaling};
pub use overlay::Overlay;
pub use window::Window;

/// Turns frames of one layout into frames of one geometry.
///
/// All memory that it needs is allocated when it is made, none for a frame. A frame is read once (with [`Level::MinMax`] twice, with
/// percentiles one time and a sample of it), line by line, and the result is written straight into the caller's buffer, which
/// may be one that a device shares. Results are the same on every processor.
///
/// Use it from one thread at a time; it may move between threads.
///
/// # What a grey value becomes
///
/// The window's black is shown black and its white is shown white, exactly, in steps of even size: Y from 16 to 235 for YUYV, NV12
/// and I420 (BT.601, limited range, U and V 128), 0 to 255 for GREY and RGB24, 0 to 65535 for Y16. In 8 bits a value is less
/// than 1/2 + 1/128 away from the true one, in Y16 less than 1.
///
/// ```
/// use frame_pool::{Element, Layout, Picture};
/// use frame_vcam::{Converter, Geometry, Level, Look, PixelFormat};
///
/// let pixels = [0_u8, 20, 70, 220];
/// let source = Layout::mono(Element::U8, 8, 1, 4);
/// let target = Geometry::new(4, 1, PixelFormat::Yuyv)?;
/// let look = Look::new().level(Level::Manual { black: 20, white: 220 });
/// let mut converter = Converter::new(&source, target, &look)?;
/// let mut out = vec![0; target.frame_bytes()];
/// converter.convert_picture(&Picture::new(&pixels, source), &mut out)?;
/// assert_eq!(out, [16, 128, 16, 128, 71, 128, 235, 128]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Converter {
    source: Layout,
    target: Geometry,
    place: Place,
    leveller: Leveller,
    lines: Lines,
    paint: Paint,
    stamp: Option<Stamp>,
    window: Option<Window>,
}

#[derive(Debug)]
enum Paint {
    Grey(GreyPaint),
    Colour(ColourPaint),
}

impl Converter {
    /// Prepares for frames of layout `source` (its offset may differ from frame to frame), to be shown as `target` with this look.
    ///
    /// # Errors
    /// A [`ConvertError`] that says what does not go together.
    pub fn new(source: &Layout, target: Geometry, look: &Look) -> Result<Self, ConvertError> {
        let (part, mut lines) = plan(source, look)?;
        let full_scale = look::full_scale(source)?;
        let (whole, size) = fit(lines.size(), look.scaling, Some(target), target.format)?;
        lines.scale(whole, size);
        let coloured = lines.are_coloured();
        if !look.colours.is_grey() && (coloured || !has_colours(target.format)) {
            return Err(ConvertError::NoColours { format: target.format, colour: source.colour });
        }
        let paint = if has_colours(target.format) && (coloured || !look.colours.is_grey()) {
            Paint::Colour(ColourPaint::new(target.format, look, full_scale, size.0))
        } else {
            Paint::Grey(GreyPaint::new(target.format, look, size.0))
        };
        // A pixel of a superpixel picture is two of the camera's wide.
        let halved = if coloured && look.debayer == Debayer::Superpixel { 2.0 } else { 1.0 };
        let shrunk = halved * f64::from(whole.0) / f64::from(size.0);
        let stamp = look.overlay.map(|overlay| Stamp::new(overlay, size, shrunk)).transpose()?;
        let leveller = Leveller::new(look.level, full_scale, part);
        let place = Place::centred(size, target);
        Ok(Self { source: *source, target, place, leveller, lines, paint, stamp, window: None })
    }

    /// What frames are turned into.
    #[must_use]
    pub const fn target(&self) -> Geometry {
        self.target
    }

    /// Whether frames of this layout can be converted: it differs from the one that the converter was made for in the offset, at most.
    #[must_use]
    pub fn takes(&self, layout: &Layout) -> bool {
        layout.at_offset(0) == self.source.at_offset(0)
    }

    /// The window of the last frame that was converted.
    #[must_use]
    pub const fn window(&self) -> Option<Window> {
        self.window
    }

    /// Converts a frame. `out` has exactly [`Geometry::frame_bytes`] bytes, all of which are written.
    ///
    /// # Errors
    /// [`ConvertError::Layout`] if the frame is of another shape, [`ConvertError::Buffer`] for a buffer of another size,
    /// [`ConvertError::View`] if the pixels do not lie where the layout says.
    pub fn convert(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), ConvertError> {
        self.write(&frame.picture(), Some(frame.record()), out)
    }

    /// The same for a picture that is not a lease: a copy, or pixels from elsewhere.
    ///
    /// # Errors
    /// As [`Converter::convert`].
    pub fn convert_picture(&mut self, picture: &Picture<'_>, out: &mut [u8]) -> Result<(), ConvertError> {
        self.write(picture, None, out)
    }

    fn write(
        &mut self,
        picture: &Picture<'_>,
        record: Option<&Record>,
        out: &mut [u8],
    ) -> Result<(), ConvertError> {
        if !self.takes(picture.layout()) {
            return Err(ConvertError::Layout { expected: self.source, actual: *picture.layout() });
        }
        if out.len() != self.target.frame_bytes() {
            return Err(ConvertError::Buffer { target: self.target, actual: out.len() });
        }
        let window = self.leveller.window(picture)?;
        self.window = Some(window);
        self.lines.begin();
        let mut canvas = Canvas::new(self.target, self.place, out);
        canvas.prepare(matches!(self.paint, Paint::Colour(_)));
        match &mut self.paint {
            Paint::Grey(paint) => {
                let brush = paint.brush(window);
                for y in 0..self.place.height {
                    paint.row(&brush, self.lines.grey(picture, y)?, canvas.row(y));
                }
            }
            Paint::Colour(paint) => {
                for y in 0..self.place.height {
                    paint.row(window, y, self.lines.colours(picture, y)?, &mut canvas);
                }
            }
        }
        if let Some(stamp) = &mut self.stamp {
            stamp.draw(record, &mut canvas);
        }
        Ok(())
    }
}

impl Look {
    /// The geometry in which frames of this layout are shown without black around them: their own size after cropping, turning,
    /// debayering and scaling down by a whole factor, and less an odd column or row if the format needs even sizes.
    ///
    /// ```
    /// use frame_pool::{Element, Layout};
    /// use frame_vcam::{Look, PixelFormat, Scaling};
    /// let camera = Layout::mono(Element::U16, 12, 1001, 1601);
    /// let geometry = Look::new().scaling(Scaling::Down(2)).geometry(&camera, PixelFormat::I420)?;
    /// assert_eq!((geometry.width, geometry.height), (800, 500));
    /// # Ok::<(), frame_vcam::ConvertError>(())
    /// ```
    ///
    /// # Errors
    /// A [`ConvertError`] as [`Converter::new`] has it; [`ConvertError::Geometry`] for a picture that no virtual camera shows.
    pub fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, ConvertError> {
        let (_, lines) = plan(source, self)?;
        let (_, (width, height)) = fit(lines.size(), self.scaling, None, format)?;
        Ok(Geometry::new(width, height, format)?)
    }
}

const fn has_colours(format: PixelFormat) -> bool {
    !matches!(format, PixelFormat::Grey | PixelFormat::Y16)
}

/// The part to be shown, in the rows of memory, and how its lines are made.
fn plan(source: &Layout, look: &Look) -> Result<(Crop, Lines), ConvertError> {
    look.check()?;
    look::full_scale(source)?;
    let mosaic = matches!(
        source.colour,
        Colour::BayerRggb | Colour::BayerGrbg | Colour::BayerGbrg | Colour::BayerBggr
    );
    if source.colour != Colour::Mono && !mosaic {
        return Err(ConvertError::Colour { colour: source.colour });
    }
    let part = look.part_of(source)?;
    Ok((part, Lines::new(source, part, look)))
}

/// Columns and rows.
type Size = (u32, u32);

/// How much of a picture of this size is shown, and how large; without a target, as large as it is.
fn fit(
    size: Size,
    scaling: Scaling,
    target: Option<Geometry>,
    format: PixelFormat,
) -> Result<(Size, Size), ConvertError> {
    let (columns, rows) = format.multiples();
    let even =
        |(width, height): Size| ((width / columns * columns).max(columns), (height / rows * rows).max(rows));
    let (width, height) = size;
    let refused = |factor| ConvertError::Factor { factor, width, height };
    if width < columns || height < rows {
        return Err(refused(1));
    }
    match scaling {
        Scaling::Down(factor) => {
            if !(1..=scale::LARGEST_FACTOR).contains(&factor)
                || width / factor < columns
                || height / factor < rows
            {
                return Err(refused(factor));
            }
            let small = even((width / factor, height / factor));
            match target {
                Some(target) if small.0 > target.width || small.1 > target.height => {
                    Err(ConvertError::TooLarge { width: small.0, height: small.1, factor, target })
                }
                _ => Ok(((small.0 * factor, small.1 * factor), small)),
            }
        }
        Scaling::Fit => {
            let whole = even(size);
            let Some(target) = target else { return Ok((whole, whole)) };
            let across = |a: u32, b: u32, c: u32| (u64::from(a) * u64::from(b) / u64::from(c)) as u32;
            let full_width =
                u64::from(target.width) * u64::from(whole.1) <= u64::from(target.height) * u64::from(whole.0);
            let fitted = even(if full_width {
                (target.width, across(whole.1, target.width, whole.0))
            } else {
                (across(whole.0, target.height, whole.1), target.height)
            });
            let factor = (whole.0 / fitted.0).max(whole.1 / fitted.1);
            if factor > scale::LARGEST_FACTOR { Err(refused(factor)) } else { Ok((whole, fitted)) }
        }
    }
}
