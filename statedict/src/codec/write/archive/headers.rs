//! The bytes around the contents, as miniz writes them for PyTorch.

use crate::codec::write::archive::name::Spelling;
use crate::codec::write::archive::plan::Plan;
use crate::codec::write::archive::record::{PADDING_HEADER, Record, zip64_extra_len};

/// Bit 11: names are UTF-8.
const UTF8: u16 = 0x0800;
/// Bit 3: checksum and sizes follow the content.
const DESCRIPTOR: u16 = 0x0008;

fn flags(record: &Record) -> u16 {
    if record.size == 0 { UTF8 } else { UTF8 | DESCRIPTOR }
}

/// The number, or the mark that says to look into the zip64 field.
fn capped(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn push_zip64_extra(out: &mut Vec<u8>, record: &Record, compressed: u64) {
    if !record.is_zip64() {
        return;
    }
    let len: u16 = if record.has_large_size() { 16 } else { 0 };
    let len = len + if record.has_large_offset() { 8 } else { 0 };
    out.extend_from_slice(&1u16.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
    if record.has_large_size() {
        out.extend_from_slice(&record.size.to_le_bytes());
        out.extend_from_slice(&compressed.to_le_bytes());
    }
    if record.has_large_offset() {
        out.extend_from_slice(&record.header_at.to_le_bytes());
    }
}

/// Appends what precedes the content: the header, and the padding that aligns the content.
#[inline]
pub(super) fn push_local_header(out: &mut Vec<u8>, names: &mut Spelling, record: &Record) {
    let extra = zip64_extra_len(record) + PADDING_HEADER + u64::from(record.padding);
    let [flags, more_flags] = flags(record).to_le_bytes();
    let [name, name_high] = record.name_len.to_le_bytes();
    // At most 28 + 4 + 32767, by the plan's limit for the alignment.
    let [extra, extra_high] = u16::try_from(extra).unwrap_or(u16::MAX).to_le_bytes();
    // Method, time, date, checksum and both sizes: all zero, the descriptor has them.
    out.extend_from_slice(&[
        b'P', b'K', 3, 4, 0, 0, flags, more_flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, name, name_high, extra, extra_high,
    ]);
    names.push(out, record.name);
    // The compressed size is not known to miniz here.
    push_zip64_extra(out, record, 0);
    let [padding, padding_high] = record.padding.to_le_bytes();
    out.extend_from_slice(&[b'F', b'B', padding, padding_high]);
    out.resize(out.len() + usize::from(record.padding), b'Z');
}

/// Appends what follows the content.
#[inline]
pub(super) fn push_descriptor(out: &mut Vec<u8>, record: &Record, crc: u32) {
    if record.size == 0 {
        return;
    }
    let [a, b, c, d] = crc.to_le_bytes();
    out.extend_from_slice(&[b'P', b'K', 7, 8, a, b, c, d]);
    if record.is_zip64() {
        out.extend_from_slice(&record.size.to_le_bytes());
        out.extend_from_slice(&record.size.to_le_bytes());
    } else {
        let [a, b, c, d] = capped(record.size);
        out.extend_from_slice(&[a, b, c, d, a, b, c, d]);
    }
}

/// The record's entry in the directory.
#[inline]
pub(super) fn push_directory_entry(
    out: &mut Vec<u8>,
    names: &mut Spelling,
    record: &Record,
    crc: u32,
) {
    let [flags, more_flags] = flags(record).to_le_bytes();
    // Before the checksum: method, time and date.
    out.extend_from_slice(&[b'P', b'K', 1, 2, 0, 0, 0, 0, flags, more_flags, 0, 0, 0, 0, 0, 0]);
    let [c0, c1, c2, c3] = crc.to_le_bytes();
    let [s0, s1, s2, s3] = capped(record.size);
    let [name, name_high] = record.name_len.to_le_bytes();
    // At most 28.
    let extra = u16::try_from(zip64_extra_len(record)).unwrap_or(0);
    let [extra, extra_high] = extra.to_le_bytes();
    let [h0, h1, h2, h3] = capped(record.header_at);
    // Before the place of the header: comment, disk and attributes.
    out.extend_from_slice(&[
        c0, c1, c2, c3, s0, s1, s2, s3, s0, s1, s2, s3, name, name_high, extra, extra_high, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, h0, h1, h2, h3,
    ]);
    names.push(out, record.name);
    push_zip64_extra(out, record, record.size);
}

/// Appends what follows the directory: always with its zip64 form, however small the archive.
pub(super) fn push_end(out: &mut Vec<u8>, plan: &Plan<'_>) {
    let count = plan.count() as u64;
    out.extend_from_slice(b"PK\x06\x06");
    out.extend_from_slice(&44u64.to_le_bytes());
    out.extend_from_slice(b"\x1e\x03\x2d\0\0\0\0\0\0\0\0\0");
    for number in [count, count, plan.directory_len, plan.directory_at] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    out.extend_from_slice(&(plan.directory_at + plan.directory_len).to_le_bytes());
    out.extend_from_slice(&1u32.to_le_bytes());

    let short = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&short);
    out.extend_from_slice(&short);
    out.extend_from_slice(&capped(plan.directory_len));
    out.extend_from_slice(&capped(plan.directory_at));
    out.extend_from_slice(&[0; 2]);
}
