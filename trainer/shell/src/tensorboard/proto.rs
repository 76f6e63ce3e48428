//! TensorFlow's `Event` message, as far as scalars need it, in Protocol Buffers' encoding.
//!
//! Six fields of three messages whose numbers have not changed since 2015; a generator and its runtime would be more than
//! this.

/// What an event is about.
pub enum Content<'a> {
    /// The file's first event: the format's version.
    Version(&'a str),
    /// A run begins.
    Start,
    /// Values by their names.
    Scalars(&'a [(&'static str, f64)]),
}

/// How the value of a field is written.
const VARINT: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const BYTES: u8 = 2;
const FOUR_BYTES: u8 = 5;

/// `Event`: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7.
pub fn event(seconds: f64, step: u64, content: &Content) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, EIGHT_BYTES);
    event.extend(seconds.to_le_bytes());
    key(&mut event, 2, VARINT);
    varint(&mut event, step);
    match content {
        Content::Version(version) => bytes(&mut event, 3, version.as_bytes()),
        Content::Start => bytes(&mut event, 7, &session_start()),
        Content::Scalars(values) => bytes(&mut event, 5, &summary(values)),
    }
    event
}

/// `Summary`: value = 1, repeated; `Summary.Value`: tag = 1, simple_value = 2.
fn summary(values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, tag.as_bytes());
        key(&mut entry, 2, FOUR_BYTES);
        entry.extend((*value as f32).to_le_bytes());
        bytes(&mut summary, 1, &entry);
    }
    summary
}

/// `SessionLog`: status = 1, of which START is 1.
fn session_start() -> Vec<u8> {
    let mut session = Vec::new();
    key(&mut session, 1, VARINT);
    varint(&mut session, 1);
    session
}

fn key(out: &mut Vec<u8>, field: u8, form: u8) {
    // Fields below 16 take one byte.
    out.push((field << 3) | form);
}

fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    key(out, field, BYTES);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_that_google_s_encoder_writes() {
        // tensorboard 2.21: Event(wall_time=1.5, step=300, …).SerializeToString().hex()
        for (content, expected) in [
            (
                Content::Version("brain.Event:2"),
                "09000000000000f83f10ac021a0d627261696e2e4576656e743a32",
            ),
            (Content::Start, "09000000000000f83f10ac023a020801"),
            (
                Content::Scalars(&[("train/loss", 0.25), ("eval/x", -2.0)]),
                "09000000000000f83f10ac022a220a110a0a747261696e2f6c6f7373150000803e0a0d0a066576616c2f7815000000c0",
            ),
        ] {
            let hex: String = event(1.5, 300, &content)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(hex, expected);
        }
    }
}
