//! A TIFF file as pages of pixels.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult};

use super::pixels::Pixels;

/// The pages of a grey 8- or 16-bit TIFF file, all of one size.
#[derive(Debug)]
pub(crate) struct TiffStack {
    pub(crate) file: PathBuf,
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    /// 8 or 16.
    pub(crate) bits: u8,
    /// At least one.
    pub(crate) pages: Vec<Pixels>,
}

impl TiffStack {
    /// Reads the whole file; the error names it and what was found in it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let named = |reason: String| format!("{}: {reason}", path.display());
        let file = File::open(path).map_err(|error| named(error.to_string()))?;
        let mut decoder = Decoder::new(BufReader::new(file)).map_err(|error| named(error.to_string()))?;
        let mut stack = Self { file: path.to_owned(), columns: 0, rows: 0, bits: 0, pages: Vec::new() };
        loop {
            stack.read_page(&mut decoder).map_err(&named)?;
            if !decoder.more_images() {
                return Ok(stack);
            }
            decoder.next_image().map_err(|error| named(error.to_string()))?;
        }
    }

    fn read_page(&mut self, decoder: &mut Decoder<BufReader<File>>) -> Result<(), String> {
        let page = self.pages.len() + 1;
        let (columns, rows) = decoder.dimensions().map_err(|error| error.to_string())?;
        let colour = decoder.colortype().map_err(|error| error.to_string())?;
        let bits = match colour {
            ColorType::Gray(bits @ (8 | 16)) => bits,
            other => {
                return Err(format!("page {page} is {other:?}; only 8- and 16-bit grey can be replayed"));
            }
        };
        if page > 1 && (columns, rows, bits) != (self.columns, self.rows, self.bits) {
            return Err(format!(
                "page {page} is {columns} x {rows} with {bits} bits, page 1 is {} x {} with {} bits",
                self.columns, self.rows, self.bits
            ));
        }
        let pixels = match decoder.read_image().map_err(|error| error.to_string())? {
            DecodingResult::U8(pixels) => Pixels::U8(pixels),
            DecodingResult::U16(pixels) => Pixels::U16(pixels),
            _ => return Err(format!("page {page} holds no unsigned 8- or 16-bit pixels")),
        };
        (self.columns, self.rows, self.bits) = (columns, rows, bits);
        self.pages.push(pixels);
        Ok(())
    }
}
