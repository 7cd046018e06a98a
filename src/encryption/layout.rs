//! Where things are in a sealed blob: a header, then chunks, each followed by its tag.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 6 | `CARDEA` |
//! | 6 | 1 | format version: 1 |
//! | 7 | 1 | cipher: 1 = AES-256-GCM |
//! | 8 | 4 | chunk size in bytes, big-endian: 65,536 |
//! | 12 | 24 | blob id |
//! | 36 | 32 | salt |
//! | 68 | 32 | key commitment |
//! | 100 | | the chunks |

use std::ops::Range;

use super::Error;

/// The header's length in bytes.
pub const HEADER_LEN: usize = 100;

/// The plaintext length of every chunk but the last, in bytes.
pub const CHUNK: usize = 65536;

/// The length of a chunk's tag in bytes.
pub const TAG: usize = 16;

/// The most plaintext bytes in one blob: 5 GiB, the largest part of either protocol. It also keeps a blob far
/// from the number of blocks one AES-GCM key may encrypt.
pub const MAX_BLOB: u64 = 5 << 30;

pub(super) const MAGIC: [u8; 6] = *b"CARDEA";
pub(super) const VERSION: u8 = 1;
/// Where the header's part that is bound into the blob's key ends, and the commitment starts.
pub(super) const BOUND_LEN: usize = 68;

const CHUNK_64: u64 = CHUNK as u64;
const TAG_64: u64 = TAG as u64;
const HEADER_64: u64 = HEADER_LEN as u64;
const CHUNK_FIELD: [u8; 4] = 65536_u32.to_be_bytes();

/// How many bytes a blob of `plain` bytes takes when sealed. Saturates far above [`MAX_BLOB`].
pub const fn sealed_len(plain: u64) -> u64 {
    HEADER_64.saturating_add(plain).saturating_add(chunk_count(plain) * TAG_64)
}

/// How many chunks a blob of `plain` bytes has. An empty blob has one, empty as well: its tag is verified
/// like any other.
pub const fn chunk_count(plain: u64) -> u64 {
    if plain == 0 { 1 } else { plain.div_ceil(CHUNK_64) }
}

/// How many bytes of plaintext a sealed blob of `sealed` bytes holds; `None` where no blob has that size.
pub const fn plain_len(sealed: u64) -> Option<u64> {
    let Some(body) = sealed.checked_sub(HEADER_64) else { return None };
    let Some(plain) = body.checked_sub(body.div_ceil(CHUNK_64 + TAG_64) * TAG_64) else { return None };
    if plain <= MAX_BLOB && sealed_len(plain) == sealed { Some(plain) } else { None }
}

/// Which part of a sealed blob holds a range of its plaintext.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The index of the first chunk to open.
    pub first_chunk: u64,
    /// How many chunks to open.
    pub chunks: u64,
    /// The bytes of the sealed blob, header counted, that hold exactly these chunks.
    pub sealed: Range<u64>,
    /// How many bytes to skip at the start of the first chunk's plaintext.
    pub skip: usize,
    /// How many bytes of plaintext to take from there.
    pub take: u64,
}

/// Finds the chunks that hold `range` of a blob of `plain_len` bytes.
///
/// A range that reaches beyond the end is cut there. An empty range needs no chunk, except in an empty blob:
/// its one chunk is named, so that its tag is verified.
pub fn span(plain_len: u64, range: Range<u64>) -> Span {
    let end = range.end.min(plain_len);
    let start = range.start.min(end);
    let take = end - start;

    let first_chunk = start / CHUNK_64;
    let chunks = match (plain_len, take) {
        (0, _) => 1,
        (_, 0) => 0,
        _ => (end - 1) / CHUNK_64 - first_chunk + 1,
    };
    let sealed_start = HEADER_64.saturating_add(first_chunk.saturating_mul(CHUNK_64 + TAG_64));
    let plain = chunks.saturating_mul(CHUNK_64).min(plain_len - first_chunk * CHUNK_64);
    Span {
        first_chunk,
        chunks,
        sealed: sealed_start..sealed_start.saturating_add(plain).saturating_add(chunks * TAG_64),
        // Less than a chunk, so it fits.
        skip: if chunks == 0 { 0 } else { usize::try_from(start % CHUNK_64).unwrap_or(0) },
        take,
    }
}

/// The nonce of a chunk: three zero bytes, its index, and 1 for the last.
pub(super) fn nonce(index: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

/// A header's fields up to the commitment: what the blob's key is derived from.
pub(super) fn bound_header(cipher_id: u8, blob_id: &[u8; 24], salt: &[u8; 32]) -> [u8; BOUND_LEN] {
    let mut header = [0; BOUND_LEN];
    header[..6].copy_from_slice(&MAGIC);
    header[6] = VERSION;
    header[7] = cipher_id;
    header[8..12].copy_from_slice(&CHUNK_FIELD);
    header[12..36].copy_from_slice(blob_id);
    header[36..].copy_from_slice(salt);
    header
}

/// The salt in a header.
pub(super) fn salt(bound: &[u8; BOUND_LEN]) -> &[u8; 32] {
    bound.last_chunk().expect("the salt's 32 of the header's 68 bytes")
}

/// Checks a header's shape, and that it is this blob's. Gives the part bound into the key, and the
/// commitment.
pub(super) fn parse_header<'h>(
    header: &'h [u8],
    cipher_id: u8,
    blob_id: &[u8; 24],
) -> Result<(&'h [u8; BOUND_LEN], &'h [u8; 32]), Error> {
    let (bound, commitment) =
        header.split_first_chunk::<BOUND_LEN>().ok_or(Error::Malformed("blob header"))?;
    let commitment = commitment.try_into().map_err(|_| Error::Malformed("blob header"))?;
    if bound[..6] != MAGIC {
        return Err(Error::Malformed("not a sealed blob"));
    }
    if bound[6] != VERSION || bound[7] != cipher_id || bound[8..12] != CHUNK_FIELD {
        return Err(Error::UnsupportedVersion);
    }
    if bound[12..36] != *blob_id {
        return Err(Error::Tampered("blob id"));
    }
    Ok((bound, commitment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!((chunk_count(0), sealed_len(0)), (1, 116));
        assert_eq!((chunk_count(1), sealed_len(1)), (1, 117));
        assert_eq!((chunk_count(65535), sealed_len(65535)), (1, 65651));
        assert_eq!((chunk_count(65536), sealed_len(65536)), (1, 65652));
        assert_eq!((chunk_count(65537), sealed_len(65537)), (2, 65669));
        assert!(chunk_count(MAX_BLOB) < 1 << 32);
        assert_eq!(sealed_len(u64::MAX), u64::MAX);
    }

    #[test]
    fn plain_len_inverts_sealed_len() {
        for plain in [0, 1, 65535, 65536, 65537, 131_071, 131_072, 131_073, MAX_BLOB] {
            assert_eq!(plain_len(sealed_len(plain)), Some(plain));
        }
        for no_blob in [
            0,
            99,
            100,
            115,
            sealed_len(65536) + 1,
            sealed_len(65536) + 16,
            sealed_len(MAX_BLOB + 1),
            u64::MAX,
        ] {
            assert_eq!(plain_len(no_blob), None, "{no_blob}");
        }
    }

    #[test]
    fn a_span_covers_its_range() {
        assert_eq!(
            span(200_000, 65_530..65_540),
            Span { first_chunk: 0, chunks: 2, sealed: 100..100 + 2 * 65_552, skip: 65_530, take: 10 }
        );
        assert_eq!(
            span(65_540, 65_536..1_000_000),
            Span { first_chunk: 1, chunks: 1, sealed: 65_652..65_672, skip: 0, take: 4 }
        );
        assert_eq!(span(0, 0..0), Span { first_chunk: 0, chunks: 1, sealed: 100..116, skip: 0, take: 0 });
        assert_eq!(span(10, 5..5).chunks, 0);
    }

    #[test]
    fn a_span_of_nonsense_does_not_panic() {
        #[expect(clippy::reversed_empty_ranges, reason = "hostile input")]
        let reversed = 9..3;
        assert_eq!(span(10, reversed).take, 0);
        assert_eq!(span(u64::MAX, 0..u64::MAX).take, u64::MAX);
        assert_eq!(span(u64::MAX, u64::MAX - 1..u64::MAX).take, 1);
        assert_eq!(span(0, u64::MAX - 1..u64::MAX).take, 0);
    }

    #[test]
    fn the_nonce_is_index_and_flag() {
        assert_eq!(nonce(0x0102_0304, false), [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0]);
        assert_eq!(nonce(0, true), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
