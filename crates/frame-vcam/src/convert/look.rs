//! How frames are to be shown: what part, how bright, in which colours.

use frame_pool::{Colour, Element, Layout, Origin};

use super::error::ConvertError;
use super::overlay::Overlay;

/// How frames are to be shown. The default: the whole picture, upright, fitted into the target; grey; a window of brightness that
/// follows the picture ([`Level::default`]); no text.
///
/// The steps, in this order: crop, orientation, debayer, scaling, window, gamma, colours, overlay.
///
/// ```
/// use frame_vcam::{ColourMap, Level, Look, Orientation};
/// let look = Look::new()
///     .level(Level::Manual { black: 100, white: 4095 })
///     .colours(ColourMap::Fire)
///     .orientation(Orientation::Clockwise);
/// assert_eq!(look.gamma, 1.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Look {
    /// Which grey values are shown black and white.
    pub level: Level,
    /// Exponent 1 / gamma on what lies between black and white, 0.1 to 10. 1 shows grey values in proportion; above 1 lifts the
    /// dark ones. Other values than 1 go through a table of 4096 steps.
    pub gamma: f32,
    /// In which colours grey values are shown.
    pub colours: ColourMap,
    /// Turned and mirrored how.
    pub orientation: Orientation,
    /// The part to be shown, or all of it.
    pub crop: Option<Crop>,
    /// How the picture is brought to the target's size.
    pub scaling: Scaling,
    /// How a Bayer mosaic becomes colours. Without meaning for grey frames.
    pub debayer: Debayer,
    /// What is written over the picture.
    pub overlay: Option<Overlay>,
}

impl Default for Look {
    fn default() -> Self {
        Self::new()
    }
}

impl Look {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            level: Level::default(),
            gamma: 1.0,
            colours: ColourMap::Grey,
            orientation: Orientation::Upright,
            crop: None,
            scaling: Scaling::Fit,
            debayer: Debayer::Bilinear,
            overlay: None,
        }
    }

    /// With this window.
    #[must_use]
    pub const fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// With this gamma, 0.1 to 10.
    #[must_use]
    pub const fn gamma(mut self, gamma: f32) -> Self {
        self.gamma = gamma;
        self
    }

    /// In these colours.
    #[must_use]
    pub const fn colours(mut self, colours: ColourMap) -> Self {
        self.colours = colours;
        self
    }

    /// Turned and mirrored.
    #[must_use]
    pub const fn orientation(mut self, orientation: Orientation) -> Self {
        self.orientation = orientation;
        self
    }

    /// Only this part.
    #[must_use]
    pub const fn crop(mut self, crop: Crop) -> Self {
        self.crop = Some(crop);
        self
    }

    /// Brought to size this way.
    #[must_use]
    pub const fn scaling(mut self, scaling: Scaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// With this written over it.
    #[must_use]
    pub const fn overlay(mut self, overlay: Overlay) -> Self {
        self.overlay = Some(overlay);
        self
    }

    /// Colours of a mosaic made this way.
    #[must_use]
    pub const fn debayer(mut self, debayer: Debayer) -> Self {
        self.debayer = debayer;
        self
    }
}

/// Which grey value is shown black and which white. In counts as they lie in memory, not scaled to 16 bits; what lies outside is
/// shown black or white.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Level {
    /// 0 and the largest value of the bit depth.
    Full,
    /// These two values; `black` is below `white`.
    Manual {
        /// Shown black.
        black: u16,
        /// Shown white.
        white: u16,
    },
    /// The smallest and the largest value of the part that is shown, of each frame anew. Looks at every pixel.
    MinMax,
    /// Percentiles of a sample of at most 8192 pixels of the part that is shown.
    Percentile {
        /// So many percent of the pixels are shown black, 0 to below `high`.
        low: f32,
        /// So many percent of the pixels are not shown white, to 100.
        high: f32,
        /// The share of the last frame's window that is kept, from 0 to below 1, so that the picture does not flicker: with 0.9
        /// two thirds of a step are made up for after 10 frames. The first frame sets the window.
        smoothing: f32,
    },
}

impl Default for Level {
    /// Percentiles 0.1 and 99.9, smoothing 0.8.
    fn default() -> Self {
        Self::Percentile { low: 0.1, high: 99.9, smoothing: 0.8 }
    }
}

/// In which colours grey values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ColourMap {
    /// Black to white.
    #[default]
    Grey,
    /// White to black.
    Inverted,
    /// Black, blue, red, yellow, white.
    Fire,
    /// Dark violet, green, yellow: brightness rises evenly, also for who does not see all colours.
    Viridis,
    /// Black to white, and red where the sensor is saturated: the value is the largest of the bit depth. Where pixels were averaged
    /// by scaling, all of them are.
    Saturation,
}

impl ColourMap {
    /// Whether it has no colours, only greys.
    #[must_use]
    pub const fn is_grey(self) -> bool {
        matches!(self, Self::Grey | Self::Inverted)
    }
}

/// How the picture is turned and mirrored, seen from the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// As the camera has it.
    #[default]
    Upright,
    /// Mirrored: left and right change places.
    LeftRight,
    /// Mirrored: top and bottom change places.
    UpsideDown,
    /// Turned by 180 degrees.
    HalfTurn,
    /// Turned by 90 degrees clockwise.
    Clockwise,
    /// Turned by 90 degrees counterclockwise.
    Counterclockwise,
    /// Rows become columns: mirrored along the diagonal from top left.
    Transposed,
    /// Mirrored along the diagonal from top right.
    AntiTransposed,
}

impl Orientation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::LeftRight,
        Self::UpsideDown,
        Self::HalfTurn,
        Self::Clockwise,
        Self::Counterclockwise,
        Self::Transposed,
        Self::AntiTransposed,
    ];

    /// Whether width and height change places.
    #[must_use]
    pub const fn is_turned(self) -> bool {
        matches!(self, Self::Clockwise | Self::Counterclockwise | Self::Transposed | Self::AntiTransposed)
    }

    /// Whether the camera's columns run backwards in what is shown.
    pub(super) const fn reverses_columns(self) -> bool {
        matches!(self, Self::LeftRight | Self::HalfTurn | Self::Counterclockwise | Self::AntiTransposed)
    }

    /// Whether the camera's rows run backwards in what is shown.
    pub(super) const fn reverses_rows(self) -> bool {
        matches!(self, Self::UpsideDown | Self::HalfTurn | Self::Clockwise | Self::AntiTransposed)
    }
}

/// A part of the picture, in the camera's columns and rows (before it is turned), from the top left of the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crop {
    /// First column.
    pub column: u32,
    /// First row.
    pub row: u32,
    /// Columns, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub height: u32,
}

impl Crop {
    /// The whole of a picture.
    pub(super) const fn whole(layout: &Layout) -> Self {
        Self { column: 0, row: 0, width: layout.columns, height: layout.rows }
    }

    /// Its columns of a row of the whole picture; nothing of a row that is shorter.
    pub(super) fn of<'a, T>(&self, row: &'a [T]) -> &'a [T] {
        row.get(self.column as usize..).and_then(|row| row.get(..self.width as usize)).unwrap_or(&[])
    }
}

/// How the picture is brought to the target's size. What remains of the target is black, the picture in its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Scaling {
    /// As large as fits, its sides in their proportion. Each pixel shown is the mean of the pixels that it covers (whole ones, so
    /// that their number differs by one where the sizes do not divide); of a picture that is smaller than the target, the nearest.
    #[default]
    Fit,
    /// Smaller by a whole factor, 1 to 64: each pixel shown is the mean of `factor` x `factor` pixels. A rest that does not fill a pixel is
    /// left out. With 1, pixel by pixel. Has to fit the target; one column or row too many, for a format that wants even sizes,
    /// is left out.
    Down(u32),
}

/// How a Bayer mosaic becomes colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Debayer {
    /// Full size: each missing colour is the mean of its nearest neighbours. At the edges the mosaic is mirrored.
    #[default]
    Bilinear,
    /// Half size: each 2 x 2 pixels are one, its green the mean of the two. Nothing is invented.
    Superpixel,
}

impl Look {
    /// Refuses what no frame could be shown with.
    pub(super) fn check(&self) -> Result<(), ConvertError> {
        if !(0.1..=10.0).contains(&self.gamma) {
            return Err(ConvertError::Gamma { gamma: self.gamma });
        }
        match self.level {
            Level::Manual { black, white } if black >= white => Err(ConvertError::Window { black, white }),
            Level::Percentile { low, high, smoothing }
                if !(low >= 0.0 && low < high && high <= 100.0 && (0.0..1.0).contains(&smoothing)) =>
            {
                Err(ConvertError::Percentile { low, high, smoothing })
            }
            _ => Ok(()),
        }
    }

    /// The part to be shown, if the picture has it, in the rows of memory.
    pub(super) fn part_of(&self, layout: &Layout) -> Result<Crop, ConvertError> {
        let part = self.crop.unwrap_or(Crop::whole(layout));
        let least = if layout.colour == Colour::Mono { 1 } else { 2 };
        let inside = |first: u32, size: u32, whole: u32| {
            size >= least && first.checked_add(size).is_some_and(|end| end <= whole)
        };
        if inside(part.column, part.width, layout.columns) && inside(part.row, part.height, layout.rows) {
            let row = match layout.origin {
                Origin::TopLeft => part.row,
                Origin::BottomLeft => layout.rows - part.row - part.height,
            };
            return Ok(Crop { row, ..part });
        }
        let Crop { column, row, width, height } = part;
        let (columns, rows) = (layout.columns, layout.rows);
        Err(ConvertError::Crop { column, row, width, height, columns, rows })
    }
}

/// The largest grey value that the elements can have.
pub(super) fn full_scale(layout: &Layout) -> Result<u16, ConvertError> {
    match (layout.element, layout.bit_depth) {
        (Element::U8, bits @ 1..=8) | (Element::U16, bits @ 1..=16) => Ok(u16::MAX >> (16 - bits)),
        (element, bits) => Err(ConvertError::Element { element, bits }),
    }
}
