//! Makes the vectors of the sealed records of parts of a multipart upload.

use super::known_blobs::seeded;
use super::known_envelopes::ring;
use super::reference;
use super::vectors::{Case, Hex, Part, UploadPart, Vector, Vectors};

const FACTS: &[u8] = b"md5=0123456789abcdef";

/// Adds all of them.
pub fn add(vectors: &mut Vectors) {
    let mut made = Made { vectors };
    made.part_facts();
    made.upload_parts();
}

struct Made<'v> {
    vectors: &'v mut Vectors,
}

/// Name, comment, what is done, and the error that must come of it.
type Change = (&'static str, &'static str, fn(&mut UploadPart), &'static str);

fn part(label: &str, length: u64) -> Part {
    let blob_id = seeded::<24>(&format!("{label} blob")).into();
    Part { blob_id, offset: 0, length, wrapped_key: seeded::<61>(&format!("{label} wrapped key")).into() }
}

fn sample(mode: u8, facts: &[u8]) -> UploadPart {
    let mut part = UploadPart {
        ring: ring(),
        account: "5f705ddd5f6a4b1f8f3c9a0b0e3b7a11".into(),
        bucket: seeded::<16>("bucket").into(),
        key: Hex("a//b/ünïcode".as_bytes().to_vec()),
        version_uid: seeded::<16>("version uid").into(),
        mode,
        number: 3,
        length: 1100,
        etag: "d41d8cd98f00b204e9800998ecf8427e".into(),
        parts: vec![part("first", 1000), part("second", 100)],
        sealed: Hex(vec![]),
    };
    part.sealed = Hex(seal(&part, facts));
    part
}

fn seal(part: &UploadPart, facts: &[u8]) -> Vec<u8> {
    let parts: Vec<reference::Part> = part.parts.iter().map(Part::to_reference).collect();
    reference::upload_part(
        &seeded::<8>("ring key id"),
        &seeded::<32>("ring secret"),
        &reference::UploadPart {
            account: &part.account,
            bucket: &part.bucket.0,
            key: &part.key.0,
            version_uid: &part.version_uid.0,
            mode: part.mode,
            number: part.number.into(),
            length: part.length,
            contents: reference::part_contents(&parts, &part.etag),
        },
        facts,
        seeded("nonce"),
    )
}

impl Made<'_> {
    fn add(&mut self, name: &str, comment: &str, case: Case, outcome: Result<String, &str>) {
        let name = if outcome.is_ok() { name.to_owned() } else { format!("fail_{name}") };
        let error = outcome.as_ref().err().map(|error| (*error).to_owned());
        self.vectors.insert(name, Vector { comment: comment.to_owned(), case, gives: outcome.ok(), error });
    }

    fn part_facts(&mut self) {
        let (key, uid) = (seeded::<32>("version key"), seeded::<16>("version uid"));
        let sealed = reference::part_facts(&key, &uid, 3, FACTS, seeded("nonce"));
        let case = |number, sealed: Vec<u8>| Case::PartFacts {
            version_key: key.into(),
            version_uid: uid.into(),
            number,
            sealed: Hex(sealed),
        };
        let whole = reference::facts(&key, &uid, FACTS, seeded("nonce"));
        self.add("part_facts", "facts about a part", case(3, sealed.clone()), Ok(hex::encode(FACTS)));
        self.add("part_facts_wrong_number", "another part's", case(4, sealed), Err("tampered"));
        self.add("part_facts_of_the_whole", "facts of the whole", case(3, whole), Err("tampered"));
    }

    fn upload_parts(&mut self) {
        for (name, comment, mode) in
            [("upload_part_managed", "managed", 1), ("upload_part_customer", "the customer's", 2)]
        {
            let case = Case::UploadPart(sample(mode, FACTS));
            self.add(name, comment, case, Ok(hex::encode(FACTS)));
        }
        let changes: [Change; 13] = [
            ("account", "in another account", |part| part.account.push('0'), "tampered"),
            ("bucket", "in another bucket", |part| part.bucket = seeded::<16>("another").into(), "tampered"),
            ("key", "under another key", |part| part.key.0.push(b'x'), "tampered"),
            (
                "uid",
                "of another upload",
                |part| part.version_uid = seeded::<16>("another").into(),
                "tampered",
            ),
            ("mode", "of an upload of another mode", |part| part.mode = 1, "tampered"),
            ("number", "under another number", |part| part.number = 4, "tampered"),
            ("length", "of another length", |part| part.length += 1, "tampered"),
            ("etag", "by another ETag", |part| part.etag.replace_range(0..1, "e"), "tampered"),
            ("swapped", "its references in another order", |part| part.parts.swap(0, 1), "tampered"),
            ("dropped", "one reference gone", |part| part.parts.truncate(1), "tampered"),
            ("flipped", "one bit of the ciphertext", |part| part.sealed.0[60] ^= 1, "tampered"),
            ("version", "another version of the format", |part| part.sealed.0[0] = 2, "unsupported_version"),
            ("truncated", "no more than its header", |part| part.sealed.0.truncate(26), "tampered"),
        ];
        for (name, comment, change, error) in changes {
            let mut part = sample(2, FACTS);
            change(&mut part);
            self.add(&format!("upload_part_{name}"), comment, Case::UploadPart(part), Err(error));
        }
        let mut mode = sample(2, FACTS);
        mode.sealed.0[1] = 1;
        mode.mode = 1;
        let comment = "the mode in its header changed with the upload's";
        self.add("upload_part_header_mode", comment, Case::UploadPart(mode), Err("tampered"));
    }
}
