//! Makes the vectors of sealed blobs.

use sha2::{Digest, Sha256};

use super::reference::{self, Blob};
use super::vectors::{Case, Hex, Piece, Sealed, Vector, Vectors};
use crate::pattern;

const CHUNK: usize = 65536;
const SEALED_CHUNK: usize = CHUNK + 16;
const HEADER: usize = 100;

/// `N` bytes that a label stands for: its SHA-256, repeated.
pub fn seeded<const N: usize>(label: &str) -> [u8; N] {
    let hash = Sha256::digest(label);
    std::array::from_fn(|at| hash[at % 32])
}

/// Adds all of them.
pub fn add(vectors: &mut Vectors) {
    let mut made = Made { vectors };
    made.whole();
    made.pieces();
    made.damaged_header();
    made.damaged_chunks();
    made.against_the_rules();
}

struct Made<'v> {
    vectors: &'v mut Vectors,
}

/// The blob most of the failing ones come from.
const SHORT: &[u8] = b"the door hinge";

fn data_key() -> [u8; 32] {
    seeded("data key")
}

fn blob_id() -> [u8; 24] {
    seeded("blob id")
}

fn short() -> Vec<u8> {
    reference::blob(&data_key(), &blob_id(), &seeded("salt"), SHORT)
}

impl Made<'_> {
    fn add(
        &mut self,
        name: &str,
        comment: &str,
        plain_len: usize,
        sealed: Sealed,
        outcome: Result<Vec<u8>, &str>,
    ) {
        let case = Case::Blob {
            data_key: data_key().into(),
            blob_id: blob_id().into(),
            plain_len: plain_len as u64,
            sealed,
        };
        let (gives, error) = match outcome {
            Ok(plain) => (Some(hex::encode(plain)), None),
            Err(error) => (None, Some(error.to_owned())),
        };
        self.vectors.insert(name.to_owned(), Vector { comment: comment.to_owned(), case, gives, error });
    }

    /// A failing vector of stored bytes.
    fn fail(&mut self, name: &str, comment: &str, plain_len: usize, sealed: Vec<u8>, error: &str) {
        self.add(&format!("fail_blob_{name}"), comment, plain_len, Sealed::Bytes(Hex(sealed)), Err(error));
    }

    /// The short blob with one byte changed.
    fn flip(&mut self, name: &str, comment: &str, at: usize, error: &str) {
        let mut sealed = short();
        sealed[at] ^= 0x10;
        self.fail(name, comment, SHORT.len(), sealed, error);
    }

    fn whole(&mut self) {
        for (name, comment, plain) in [
            ("blob_empty", "one empty chunk with the last flag", &b""[..]),
            ("blob_one_byte", "the shortest that is not empty", b"c"),
            ("blob_short", "one chunk", SHORT),
        ] {
            let sealed = reference::blob(&data_key(), &blob_id(), &seeded("salt"), plain);
            self.add(name, comment, plain.len(), Sealed::Bytes(Hex(sealed)), Ok(plain.to_vec()));
        }
        for (name, comment, len) in [
            ("blob_full_chunk", "exactly one chunk: it is the last, and no empty one follows", CHUNK),
            ("blob_two_chunks", "a full chunk, then one byte", CHUNK + 1),
            ("blob_three_chunks", "three chunks, the last one byte short", 3 * CHUNK - 1),
            ("blob_three_full_chunks", "three full chunks", 3 * CHUNK),
        ] {
            let salt = seeded(name);
            let sealed = reference::blob(&data_key(), &blob_id(), &salt, &pattern(len));
            let sha256 = Sha256::digest(sealed).to_vec();
            let sealed = Sealed::Pattern { pattern: len, salt: salt.into(), sha256: Hex(sha256) };
            self.add(name, comment, len, sealed, Ok(Sha256::digest(pattern(len)).to_vec()));
        }
    }

    fn pieces(&mut self) {
        let of = |from: usize, to: usize| Piece::Of { of: "blob_three_full_chunks".into(), from, to };
        let header = || of(0, HEADER);
        let chunk = |n: usize| of(HEADER + n * SEALED_CHUNK, HEADER + (n + 1) * SEALED_CHUNK);
        let twin = |n: usize| Piece::Of {
            of: "blob_three_chunks".into(),
            from: HEADER + n * SEALED_CHUNK,
            to: HEADER + (n + 1) * SEALED_CHUNK,
        };
        let flipped = {
            let sealed = reference::blob(
                &data_key(),
                &blob_id(),
                &seeded("blob_three_full_chunks"),
                &pattern(3 * CHUNK),
            );
            let at = HEADER + SEALED_CHUNK + 40_000;
            vec![of(0, at), Piece::Bytes(Hex(vec![sealed[at] ^ 1])), of(at + 1, HEADER + 3 * SEALED_CHUNK)]
        };
        for (name, comment, len, pieces) in [
            ("reordered", "the first two chunks swapped", 3, vec![header(), chunk(1), chunk(0), chunk(2)]),
            (
                "repeated",
                "the first chunk in place of the second",
                3,
                vec![header(), chunk(0), chunk(0), chunk(2)],
            ),
            ("dropped", "the middle chunk gone", 3, vec![header(), chunk(0), chunk(2)]),
            (
                "dropped_shorter",
                "the middle chunk gone, the length too",
                2,
                vec![header(), chunk(0), chunk(2)],
            ),
            ("truncated_chunk", "the last chunk gone", 3, vec![header(), chunk(0), chunk(1)]),
            (
                "truncated_chunk_shorter",
                "the last chunk gone, the length too",
                2,
                vec![header(), chunk(0), chunk(1)],
            ),
            (
                "appended_chunk",
                "the last chunk twice",
                3,
                vec![header(), chunk(0), chunk(1), chunk(2), chunk(2)],
            ),
            (
                "appended_longer",
                "the last chunk twice, the length too",
                4,
                vec![header(), chunk(0), chunk(1), chunk(2), chunk(2)],
            ),
            (
                "swapped_between_blobs",
                "a chunk of a blob with the same data key, id and place, but another salt",
                3,
                vec![header(), chunk(0), twin(1), chunk(2)],
            ),
            ("flipped_in_the_middle", "one bit of the second chunk", 3, flipped),
        ] {
            let name = format!("fail_blob_{name}");
            self.add(&name, comment, len * CHUNK, Sealed::Pieces { pieces }, Err("tampered"));
        }
    }

    fn damaged_header(&mut self) {
        self.flip("flipped_magic", "one bit of the magic", 3, "malformed");
        self.flip("flipped_version", "one bit of the version", 6, "unsupported_version");
        self.flip("flipped_cipher", "one bit of the cipher id", 7, "unsupported_version");
        self.flip("flipped_chunk_size", "one bit of the chunk size", 10, "unsupported_version");
        self.flip("flipped_blob_id", "one bit of the blob id", 20, "tampered");
        self.flip("flipped_salt", "one bit of the salt", 50, "tampered");
        self.flip("flipped_commitment", "one bit of the key commitment", 80, "tampered");

        let sealed = |at: usize, byte: u8| {
            let mut sealed = short();
            sealed[at] = byte;
            sealed
        };
        self.fail("version_2", "a version of the future", SHORT.len(), sealed(6, 2), "unsupported_version");
        self.fail("version_0", "no version", SHORT.len(), sealed(6, 0), "unsupported_version");
        self.fail("cipher_2", "an unknown cipher", SHORT.len(), sealed(7, 2), "unsupported_version");
        self.fail(
            "header_only",
            "nothing after the header",
            SHORT.len(),
            short()[..HEADER].to_vec(),
            "tampered",
        );
        self.fail("header_cut", "half a header", SHORT.len(), short()[..50].to_vec(), "malformed");
        self.fail("nothing", "no bytes at all, not even for an empty blob", 0, vec![], "malformed");

        let other = reference::blob(&seeded("another data key"), &blob_id(), &seeded("salt"), SHORT);
        self.fail("wrong_key", "sealed under another data key", SHORT.len(), other, "tampered");
        let other = reference::blob(&data_key(), &seeded("another blob id"), &seeded("salt"), SHORT);
        let mut renamed = other.clone();
        self.fail("wrong_id", "another blob in this one's place", SHORT.len(), other, "tampered");
        renamed[12..36].copy_from_slice(&blob_id());
        self.fail(
            "renamed",
            "another blob, its header's id replaced by this one's",
            SHORT.len(),
            renamed,
            "tampered",
        );
        let twin = reference::blob(&data_key(), &blob_id(), &seeded("another salt"), SHORT);
        let mixed = [&twin[..HEADER], &short()[HEADER..]].concat();
        self.fail(
            "header_of_another",
            "the header of a blob with another salt",
            SHORT.len(),
            mixed,
            "tampered",
        );
    }

    fn damaged_chunks(&mut self) {
        self.flip("flipped_ciphertext", "one bit of the ciphertext", HEADER, "tampered");
        self.flip("flipped_tag", "one bit of the tag", HEADER + SHORT.len() + 15, "tampered");

        let cut = |by: usize| short()[..short().len() - by].to_vec();
        self.fail("truncated_byte", "the last byte gone", SHORT.len(), cut(1), "tampered");
        self.fail(
            "truncated_byte_shorter",
            "the last byte gone, the length too",
            SHORT.len() - 1,
            cut(1),
            "tampered",
        );
        self.fail("truncated_tag", "the tag gone", SHORT.len(), cut(16), "tampered");
        self.fail("length_one_less", "the index says one byte less", SHORT.len() - 1, short(), "tampered");
        self.fail("length_one_more", "the index says one byte more", SHORT.len() + 1, short(), "tampered");
        self.fail("length_zero", "the index says that it is empty", 0, short(), "tampered");
        self.fail("length_too_large", "the index says 5 GiB and a byte", (5 << 30) + 1, short(), "too_large");

        let longer = |extra: &[u8]| [&short(), extra].concat();
        self.fail("appended_byte", "a byte after the end", SHORT.len(), longer(&[0]), "tampered");
        self.fail(
            "appended_byte_longer",
            "a byte after the end, the length too",
            SHORT.len() + 1,
            longer(&[0]),
            "tampered",
        );
        self.fail("appended_tag", "sixteen bytes after the end", SHORT.len(), longer(&[0; 16]), "tampered");

        let empty = reference::blob(&data_key(), &blob_id(), &seeded("salt"), b"");
        let mut no_tag = empty.clone();
        no_tag[HEADER..].fill(0);
        self.fail("empty_tag_zero", "an empty blob whose tag is zeros", 0, no_tag, "tampered");
        self.fail("empty_no_tag", "an empty blob without its tag", 0, empty[..HEADER].to_vec(), "tampered");
    }

    /// Sealed with the right key, but not as the format says: what a sealer with a fault might write.
    fn against_the_rules(&mut self) {
        let blob = || Blob::new(&data_key(), &blob_id(), &seeded("salt"));
        let not_last = blob().chunk(SHORT, false).sealed;
        self.fail("no_last_flag", "its only chunk lacks the last flag", SHORT.len(), not_last, "tampered");
        let empty = blob().chunk(b"", false).sealed;
        self.fail("empty_no_last_flag", "an empty chunk without the last flag", 0, empty, "tampered");
        let halves = blob().chunk(&SHORT[..7], false).chunk(&SHORT[7..], true).sealed;
        self.fail("short_chunks", "two chunks where one would do", SHORT.len(), halves, "tampered");
        let tail = blob().chunk(SHORT, false).chunk(b"", true).sealed;
        self.fail("empty_last_chunk", "an empty last chunk after another", SHORT.len(), tail, "tampered");
    }
}
