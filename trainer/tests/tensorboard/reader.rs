//! Reads event files as TensorBoard does, with nothing of what writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// For each name the values by their steps.
pub type Curves = BTreeMap<String, Vec<(u64, f32)>>;

/// A field of a message: a number, or bytes.
#[derive(Debug, Clone)]
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The curves of all event files in a folder, in the order of their names. Where a run starts, what was told of its
/// steps before is dropped.
pub fn curves(folder: &Path) -> Curves {
    let mut curves = Curves::new();
    for file in files(folder) {
        let events = records(&fs::read(folder.join(file)).unwrap());
        assert_eq!(text(&events[0], 3), "brain.Event:2");
        for event in &events[1..] {
            let step = number(event, 2);
            if bytes(event, 7).is_some_and(|session| number(&fields(&session), 1) == 1) {
                curves
                    .values_mut()
                    .for_each(|curve| curve.retain(|(told, _)| *told < step));
            }
            let Some(summary) = bytes(event, 5) else { continue };
            for (_, value) in fields(&summary) {
                let Value::Bytes(value) = value else {
                    panic!("{value:?}")
                };
                let value = fields(&value);
                let figure = f32::from_bits(number(&value, 2) as u32);
                curves.entry(text(&value, 1)).or_default().push((step, figure));
            }
        }
    }
    curves
}

/// Sorted names of the files.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(
        names.iter().all(|name| name.starts_with("events.out.tfevents.")),
        "{names:?}"
    );
    names
}

/// The messages of a file of records, whose checksums have to be right.
fn records(mut file: &[u8]) -> Vec<Vec<(u64, Value)>> {
    let mut records = Vec::new();
    while !file.is_empty() {
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        assert_eq!(
            u32::from_le_bytes(file[8..12].try_into().unwrap()),
            masked(&file[..8])
        );
        let (data, rest) = file[12..].split_at(length);
        assert_eq!(u32::from_le_bytes(rest[..4].try_into().unwrap()), masked(data));
        records.push(fields(data));
        file = &rest[4..];
    }
    records
}

/// CRC-32C bit by bit, masked.
fn masked(data: &[u8]) -> u32 {
    let mut crc = !0u32;
    for &byte in data {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0x82F6_3B78
            } else {
                crc >> 1
            };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// Number and value of each field of a message.
fn fields(mut message: &[u8]) -> Vec<(u64, Value)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let value = match key & 7 {
            0 => Value::Number(varint(&mut message)),
            1 => Value::Number(u64::from_le_bytes(take(&mut message, 8).try_into().unwrap())),
            5 => Value::Number(u32::from_le_bytes(take(&mut message, 4).try_into().unwrap()).into()),
            2 => {
                let length = varint(&mut message) as usize;
                Value::Bytes(take(&mut message, length).to_vec())
            }
            form => panic!("form {form}"),
        };
        fields.push((key >> 3, value));
    }
    fields
}

fn take<'a>(message: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = message.split_at(count);
    *message = rest;
    taken
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = take(message, 1)[0];
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn number(fields: &[(u64, Value)], field: u64) -> u64 {
    match fields.iter().find(|(there, _)| *there == field) {
        Some((_, Value::Number(number))) => *number,
        other => panic!("field {field}: {other:?}"),
    }
}

fn bytes(fields: &[(u64, Value)], field: u64) -> Option<Vec<u8>> {
    fields.iter().find_map(|(there, value)| match value {
        Value::Bytes(bytes) if *there == field => Some(bytes.clone()),
        _ => None,
    })
}

fn text(fields: &[(u64, Value)], field: u64) -> String {
    String::from_utf8(bytes(fields, field).unwrap()).unwrap()
}
