//! The encryption core from outside: its promises, and the known answers in `tests/vectors/encryption`.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod encryption {
    mod blob;
    mod envelope;
    mod known_blobs;
    mod known_envelopes;
    mod known_parts;
    mod known_secrets;
    mod reference;
    mod tampering;
    mod vectors;
}

use cardea::encryption::layout::{CHUNK, HEADER_LEN, TAG, chunk_count};
use cardea::encryption::{Cipher, DataKey, Error, Opener, Sealer};

const CIPHERS: [Cipher; 2] = [Cipher::AwsLc, Cipher::Portable];

/// Bytes that repeat with a period which divides no chunk.
fn pattern(len: usize) -> Vec<u8> {
    (0..251_u8).cycle().take(len).collect()
}

/// Seals a whole blob.
fn seal(cipher: Cipher, key: &DataKey, blob_id: &[u8; 24], plain: &[u8]) -> Vec<u8> {
    let mut sealer = Sealer::new(cipher, key, blob_id);
    let mut bytes = sealer.header().to_vec();
    let mut rest = plain;
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK));
        rest = after;
        let mut chunk = chunk.to_vec();
        let tag = sealer.seal_chunk(&mut chunk, rest.is_empty()).expect("chunks in order");
        bytes.extend_from_slice(&chunk);
        bytes.extend_from_slice(&tag);
        if rest.is_empty() {
            return bytes;
        }
    }
}

/// Opens a whole blob, whatever its size. The last chunk is all that is left.
fn open(
    cipher: Cipher,
    key: &DataKey,
    blob_id: &[u8; 24],
    plain_len: u64,
    sealed: &[u8],
) -> Result<Vec<u8>, Error> {
    let (header, mut body) = sealed.split_at(sealed.len().min(HEADER_LEN));
    let opener = Opener::new(cipher, key, blob_id, header, plain_len)?;
    let mut plain = Vec::new();
    let chunks = chunk_count(plain_len);
    for index in 0..chunks {
        let len = if index + 1 == chunks { body.len() } else { body.len().min(CHUNK + TAG) };
        let (chunk, after) = body.split_at(len);
        body = after;
        let mut chunk = chunk.to_vec();
        let len = opener.open_chunk(index, &mut chunk)?;
        plain.extend_from_slice(&chunk[..len]);
    }
    Ok(plain)
}
