//! Rows as bytes: what a backup's chunks hold, and what digests are taken of.
//!
//! ```text
//! row    = varint(number of values) value…
//! value  = 0x00                                    nothing
//!        | 0x01 varint(zigzag(number))
//!        | 0x02 varint(length) bytes
//!        | 0x03 varint(length) UTF-8
//! varint = seven bits a byte, the lowest first, the high bit set on all but the last; as short as possible
//! ```
//!
//! A row has one encoding, so that equal rows give equal bytes.

use bytes::Bytes;

use super::{Row, Value};

const NULL: u8 = 0;
const INT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;

/// The most values of a row. No table has as many columns; hostile bytes reserve no more memory.
const MOST_VALUES: u64 = 256;

/// The bytes are not rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("bytes that are no rows")]
pub struct Unreadable;

/// Appends a row.
pub fn encode(row: &[Value], out: &mut Vec<u8>) {
    varint(row.len() as u64, out);
    for value in row {
        match value {
            Value::Null => out.push(NULL),
            Value::Int(number) => {
                out.push(INT);
                varint(((number << 1) ^ (number >> 63)).cast_unsigned(), out);
            }
            Value::Bytes(bytes) => {
                out.push(BYTES);
                varint(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Value::Text(text) => {
                out.push(TEXT);
                varint(text.len() as u64, out);
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Takes the first row; `None` at the end.
pub fn decode(rest: &mut &[u8]) -> Result<Option<Row>, Unreadable> {
    if rest.is_empty() {
        return Ok(None);
    }
    let count = read_varint(rest)?;
    if count > MOST_VALUES {
        return Err(Unreadable);
    }
    (0..count).map(|_| value(rest)).collect::<Result<_, _>>().map(Some)
}

fn value(rest: &mut &[u8]) -> Result<Value, Unreadable> {
    Ok(match byte(rest)? {
        NULL => Value::Null,
        INT => {
            let folded = read_varint(rest)?;
            Value::Int((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
        }
        BYTES => Value::Bytes(Bytes::copy_from_slice(taken(rest)?)),
        TEXT => Value::Text(std::str::from_utf8(taken(rest)?).map_err(|_| Unreadable)?.to_owned()),
        _ => return Err(Unreadable),
    })
}

fn taken<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let length = usize::try_from(read_varint(rest)?).map_err(|_| Unreadable)?;
    let (taken, after) = rest.split_at_checked(length).ok_or(Unreadable)?;
    *rest = after;
    Ok(taken)
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn read_varint(rest: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let next = byte(rest)?;
        let bits = u64::from(next & 0x7F);
        if bits << shift >> shift != bits {
            return Err(Unreadable);
        }
        number |= bits << shift;
        if next & 0x80 == 0 {
            return if next == 0 && shift > 0 { Err(Unreadable) } else { Ok(number) };
        }
    }
    Err(Unreadable)
}

fn byte(rest: &mut &[u8]) -> Result<u8, Unreadable> {
    let (&first, after) = rest.split_first().ok_or(Unreadable)?;
    *rest = after;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Int),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Value::Bytes(bytes.into())),
            ".{0,40}".prop_map(Value::Text),
        ]
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        proptest::collection::vec(proptest::collection::vec(values(), 1..30), 0..8)
    }

    fn all(mut bytes: &[u8]) -> Result<Vec<Row>, Unreadable> {
        std::iter::from_fn(|| decode(&mut bytes).transpose()).collect()
    }

    proptest! {
        #[test]
        fn rows_read_back(rows in rows()) {
            let mut bytes = Vec::new();
            for row in &rows {
                encode(row, &mut bytes);
            }
            prop_assert_eq!(all(&bytes), Ok(rows));
        }

        #[test]
        fn what_reads_has_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(rows) = all(&bytes) {
                let mut again = Vec::new();
                for row in &rows {
                    encode(row, &mut again);
                }
                prop_assert_eq!(again, bytes);
            }
        }

        #[test]
        fn what_is_cut_does_not_read(row in proptest::collection::vec(values(), 1..10), cut in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            encode(&row, &mut bytes);
            let cut = cut.index(bytes.len());
            prop_assert_eq!(all(&bytes[..cut]).is_ok(), cut == 0);
        }
    }

    #[test]
    fn the_ends_of_numbers() {
        for number in [i64::MIN, -1, 0, 1, i64::MAX] {
            let mut bytes = Vec::new();
            encode(&[Value::Int(number)], &mut bytes);
            assert_eq!(all(&bytes), Ok(vec![vec![Value::Int(number)]]));
        }
        for wrong in
            [&[1, 1, 0x80, 0][..], &[1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2], &[1, 9]]
        {
            assert_eq!(all(wrong), Err(Unreadable), "{wrong:?}");
        }
    }
}
