//! Numbers in the headers of files.

/// The little-endian number at `offset` of a header; 0 behind its end.
pub(crate) fn header_u32(header: &[u8], offset: usize) -> u32 {
    header
        .get(offset..offset + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}
