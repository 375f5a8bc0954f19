//! From a picture in memory to the lines that are painted: crop, orientation, debayer, scaling.

use frame_pool::{Layout, Picture, ViewError};

use super::bayer::Bayer;
use super::look::{Crop, Look};
use super::scale::{Span, Sums, spans};
use super::view::View;
use super::yuv;

/// Makes the lines, and has room for those that do not lie in memory as they are.
#[derive(Debug)]
pub(super) struct Lines {
    view: View,
    bayer: Option<Bayer>,
    scale: Option<Scale>,
    /// Columns that are painted, where nothing is scaled.
    width: usize,
    /// Room for a line of grey made of colours.
    grey: Vec<u16>,
}

#[derive(Debug)]
struct Scale {
    columns: Vec<Span>,
    rows: Vec<Span>,
    /// The first is that of grey, if there are no colours.
    channels: [Sums; 3],
}

impl Lines {
    /// `part` is in the rows of memory.
    pub(super) fn new(layout: &Layout, part: Crop, look: &Look) -> Self {
        let view = View::new(layout, part, look.orientation);
        let bayer = Bayer::new(layout.colour, look.debayer, &view);
        let width = bayer.as_ref().map_or(view.size(), Bayer::size).0 as usize;
        Self { view, bayer, scale: None, width, grey: vec![0; width] }
    }

    /// Columns and rows before scaling.
    pub(super) fn size(&self) -> (u32, u32) {
        self.bayer.as_ref().map_or(self.view.size(), Bayer::size)
    }

    /// Whether there are three lines, of red, green and blue, for each.
    pub(super) const fn are_coloured(&self) -> bool {
        self.bayer.is_some()
    }

    /// Brings the first `from` columns and rows to the size `to`.
    pub(super) fn scale(&mut self, from: (u32, u32), to: (u32, u32)) {
        self.width = from.0 as usize;
        if from != to {
            self.scale = Some(Scale {
                columns: spans(from.0, to.0),
                rows: spans(from.1, to.1),
                channels: [(); 3].map(|()| Sums::new(from.0, to.0)),
            });
        }
    }

    /// Another frame: what was made of the last one is stale.
    pub(super) fn begin(&mut self) {
        self.view.begin();
        if let Some(bayer) = &mut self.bayer {
            bayer.begin();
        }
    }

    /// Line `y` of grey. Of colours, their luma.
    pub(super) fn grey<'a>(&'a mut self, picture: &Picture<'a>, y: u32) -> Result<&'a [u16], ViewError> {
        if self.bayer.is_some() {
            let mut grey = core::mem::take(&mut self.grey);
            let made = self.colours(picture, y).map(|channels| {
                yuv::grey(channels, &mut grey);
                channels[0].len()
            });
            self.grey = grey;
            return Ok(self.grey.get(..made?).unwrap_or(&[]));
        }
        plain(&mut self.view, &mut self.scale, self.width, picture, y)
    }

    /// Line `y` in red, green and blue. Of grey, three times the same.
    pub(super) fn colours<'a>(
        &'a mut self,
        picture: &Picture<'a>,
        y: u32,
    ) -> Result<[&'a [u16]; 3], ViewError> {
        let (view, width) = (&mut self.view, self.width);
        let Some(bayer) = &mut self.bayer else {
            return plain(view, &mut self.scale, width, picture, y).map(|line| [line; 3]);
        };
        let Some(scale) = &mut self.scale else {
            let lines = bayer.lines(view, picture, y)?;
            return Ok(lines.map(|line| line.get(..width).unwrap_or(line)));
        };
        let rows = scale.rows[y as usize];
        scale.channels.iter_mut().for_each(Sums::clear);
        for row in rows.first..rows.first + rows.count {
            for (line, sums) in bayer.lines(view, picture, row)?.into_iter().zip(&mut scale.channels) {
                sums.add(line);
            }
        }
        let Scale { columns, channels, .. } = scale;
        Ok(channels.each_mut().map(|sums| sums.finish(columns, rows.count)))
    }
}

/// Line `y` of what has one value a pixel.
fn plain<'a>(
    view: &'a mut View,
    scale: &'a mut Option<Scale>,
    width: usize,
    picture: &Picture<'a>,
    y: u32,
) -> Result<&'a [u16], ViewError> {
    let Some(scale) = scale else {
        let line = view.line(picture, y)?;
        return Ok(line.get(..width).unwrap_or(line));
    };
    let (sums, rows) = (&mut scale.channels[0], scale.rows[y as usize]);
    sums.clear();
    for row in rows.first..rows.first + rows.count {
        sums.add(view.line(picture, row)?);
    }
    Ok(sums.finish(&scale.columns, rows.count))
}
