//! The way out of a writer: large pieces go straight through, small ones are gathered, and the last piece of each message waits.
//!
//! Whether a frame was torn is known only when its pixels were read for the last time, and by then they are written. So the mark is
//! the last buffer of the last column, and the 64 bytes that hold it (64 is the alignment of every buffer) are kept back until
//! the frame was looked at again. That works for pipes as well, where nothing can be taken back.

use std::io::{self, Write};

/// Every buffer of a message begins at a multiple of this.
pub(super) const ALIGNMENT: usize = 64;

/// From here on bytes are handed to the system where they lie.
const DIRECT: usize = 4096;

/// Small pieces that wait at most.
const CAPACITY: usize = 64 * 1024;

/// Where bytes end up.
pub(super) trait Target: Write + Send {
    /// Takes back everything from byte `length` on; false if that cannot be done here.
    fn cut_at(&mut self, length: u64) -> io::Result<bool>;

    /// All of it is where it shall stay.
    fn close(&mut self) -> io::Result<()>;
}

/// A target that takes nothing back.
pub(super) struct OneWay<W>(pub(super) W);

impl<W: Write> Write for OneWay<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send> Target for OneWay<W> {
    fn cut_at(&mut self, _length: u64) -> io::Result<bool> {
        Ok(false)
    }

    fn close(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A target, and what waits before it.
pub(super) struct Tail {
    target: Box<dyn Target>,
    waiting: Vec<u8>,
    pushed: u64,
}

impl Tail {
    pub(super) fn new(target: Box<dyn Target>) -> Self {
        Self { target, waiting: Vec::with_capacity(CAPACITY), pushed: 0 }
    }

    /// Bytes written up to now, those included that wait.
    pub(super) fn position(&self) -> u64 {
        self.pushed + self.waiting.len() as u64
    }

    /// Sets the lowest bit of the last buffer, which has the value of a column of one row; `compressed`: behind the eight bytes that
    /// say that so short a buffer was not compressed.
    pub(super) fn mark(&mut self, compressed: bool) -> bool {
        let prefix = if compressed { 8 } else { 0 };
        let last = self.waiting.len().checked_sub(ALIGNMENT).and_then(|at| self.waiting.get_mut(at..));
        match last {
            Some(last) if !compressed || last.starts_with(&(-1_i64).to_le_bytes()) => {
                last.iter_mut().skip(prefix).take(1).for_each(|byte| *byte |= 1);
                true
            }
            _ => false,
        }
    }

    /// Hands over what waits.
    pub(super) fn push(&mut self) -> io::Result<()> {
        self.push_all_but(0)
    }

    fn push_all_but(&mut self, keep: usize) -> io::Result<()> {
        let ready = self.waiting.len().saturating_sub(keep);
        if let Some(bytes) = self.waiting.get(..ready).filter(|bytes| !bytes.is_empty()) {
            self.target.write_all(bytes)?;
            self.pushed += ready as u64;
            self.waiting.drain(..ready);
        }
        Ok(())
    }

    /// Forgets everything from byte `length` on; false if the target cannot.
    pub(super) fn cut_at(&mut self, length: u64) -> io::Result<bool> {
        self.waiting.clear();
        let cut = self.target.cut_at(length)?;
        self.pushed = length;
        Ok(cut)
    }

    pub(super) fn close(&mut self) -> io::Result<()> {
        self.push()?;
        self.target.close()
    }
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() >= DIRECT {
            self.push()?;
            self.target.write_all(bytes)?;
            self.pushed += bytes.len() as u64;
            return Ok(bytes.len());
        }
        if self.waiting.len() + bytes.len() > CAPACITY {
            self.push_all_but(ALIGNMENT)?;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing goes out before [`Tail::push`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn tail() -> (Tail, Shared) {
        let shared = Shared::default();
        (Tail::new(Box::new(OneWay(shared.clone()))), shared)
    }

    #[test]
    fn order_is_kept_and_the_end_waits() {
        let (mut tail, out) = tail();
        let pieces: Vec<Vec<u8>> = [10, 5000, 64, 4096, 100, 64].iter().map(|n| vec![*n as u8; *n]).collect();
        pieces.iter().for_each(|piece| tail.write_all(piece).unwrap());
        assert_eq!(out.0.lock().unwrap().len(), 10 + 5000 + 64 + 4096);
        assert_eq!(tail.position(), 10 + 5000 + 64 + 4096 + 100 + 64);
        tail.push().unwrap();
        assert_eq!(*out.0.lock().unwrap(), pieces.concat());
    }

    #[test]
    fn the_mark_is_the_first_bit_of_the_last_buffer_however_much_went_before() {
        for before in [0, 1000, CAPACITY + 1000] {
            let (mut tail, out) = tail();
            for _ in 0..before.div_ceil(1000) {
                tail.write_all(&[0; 1000]).unwrap();
            }
            tail.write_all(&[0; 1]).unwrap();
            tail.write_all(&[0; 63]).unwrap();
            assert!(tail.mark(false));
            tail.push().unwrap();
            let out = out.0.lock().unwrap();
            let marked: Vec<usize> = (0..out.len()).filter(|at| out[*at] != 0).collect();
            assert_eq!(marked, [out.len() - 64]);
        }
    }

    #[test]
    fn what_is_not_the_mark_is_left_alone() {
        let (mut tail, _) = tail();
        tail.write_all(&[0; 63]).unwrap();
        assert!(!tail.mark(false), "no whole buffer waits");
        tail.write_all(&[0; 64]).unwrap();
        assert!(!tail.mark(true), "no word that it was not compressed");
    }
}
