//! The frame of TFRecord files: length, its checksum, data, their checksum.

/// `data` as a record. Numbers are little-endian; a checksum is CRC-32C (Castagnoli), turned and shifted, because
/// checksums of data that hold checksums are weak.
pub fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let parts: [&[u8]; 4] = [
        &length,
        &masked(&length).to_le_bytes(),
        data,
        &masked(data).to_le_bytes(),
    ];
    parts.concat()
}

fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_that_of_a_record_that_tensorboard_wrote() {
        // tensorboard 2.21's RecordWriter on b"sextant".
        let expected = "0700000000000000bbd79f1173657874616e74a37a54c9";
        let hex: String = framed(b"sextant")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, expected);
    }
}
