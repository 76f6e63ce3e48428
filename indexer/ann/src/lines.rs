//! Bytes that start on a cache line.

const LINE: usize = 64;

/// Bytes whose first one lies on a multiple of 64.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    room: Vec<u8>,
    start: usize,
    len: usize,
}

impl Lines {
    /// `len` bytes, what was there before or zeros.
    pub fn resized(&mut self, len: usize) -> &mut [u8] {
        if self.room.len() < len + LINE {
            self.room = vec![0; len + LINE];
            self.start = self.room.as_ptr().align_offset(LINE).min(LINE);
        }
        self.len = len;
        &mut self.room[self.start..][..len]
    }

    /// The bytes.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        &self.room[self.start..][..self.len]
    }
}
