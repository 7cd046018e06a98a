//! Makes the vectors of wrapped keys, facts, sealed secrets, key rings and customer keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::known_blobs::seeded;
use super::known_envelopes::ring;
use super::reference;
use super::vectors::{Case, Hex, Ring, Vector, Vectors};

/// Adds all of them.
pub fn add(vectors: &mut Vectors) {
    let mut made = Made { vectors };
    made.wrapped_keys();
    made.facts();
    made.secrets();
    made.key_rings();
    made.exports();
    made.customer_keys();
}

struct Made<'v> {
    vectors: &'v mut Vectors,
}

type Outcome<'a> = Result<String, &'a str>;

fn version_key() -> [u8; 32] {
    seeded("version key")
}

fn version_uid() -> [u8; 16] {
    seeded("version uid")
}

impl Made<'_> {
    fn add(&mut self, name: &str, comment: &str, case: Case, outcome: Outcome<'_>) {
        let name = if outcome.is_ok() { name.to_owned() } else { format!("fail_{name}") };
        let error = outcome.as_ref().err().map(|error| (*error).to_owned());
        self.vectors.insert(name, Vector { comment: comment.to_owned(), case, gives: outcome.ok(), error });
    }

    fn wrapped_keys(&mut self) {
        let blob_id = seeded::<24>("blob id");
        let data_key = seeded::<32>("data key");
        let wrapped =
            reference::wrapped_key(&version_key(), &version_uid(), &blob_id, &data_key, seeded("nonce"));
        let case = |version_key: [u8; 32], version_uid: [u8; 16], blob_id: [u8; 24], wrapped: Vec<u8>| {
            Case::WrappedKey {
                version_key: version_key.into(),
                version_uid: version_uid.into(),
                blob_id: blob_id.into(),
                wrapped: Hex(wrapped),
            }
        };
        let right = |wrapped| case(version_key(), version_uid(), blob_id, wrapped);
        let flip = |at: usize| {
            let mut wrapped = wrapped.clone();
            wrapped[at] ^= 0x10;
            right(wrapped)
        };
        let short = reference::wrapped_key(
            &version_key(),
            &version_uid(),
            &blob_id,
            &data_key[..31],
            seeded("nonce"),
        );
        let facts = reference::facts(&version_key(), &version_uid(), &data_key, seeded("nonce"));

        self.add("wrapped_key", "a data key", right(wrapped.clone()), Ok(hex::encode(data_key)));
        for (name, comment, case, error) in [
            (
                "wrong_key",
                "another version's key",
                case(seeded("another key"), version_uid(), blob_id, wrapped.clone()),
                "tampered",
            ),
            (
                "wrong_uid",
                "another version uid",
                case(version_key(), seeded("another uid"), blob_id, wrapped.clone()),
                "tampered",
            ),
            (
                "wrong_blob",
                "another blob",
                case(version_key(), version_uid(), seeded("another blob"), wrapped.clone()),
                "tampered",
            ),
            ("flipped_version", "one bit of the version", flip(0), "unsupported_version"),
            ("flipped_nonce", "one bit of the nonce", flip(5), "tampered"),
            ("flipped_ciphertext", "one bit of the sealed key", flip(20), "tampered"),
            ("flipped_tag", "one bit of the tag", flip(60), "tampered"),
            ("truncated", "the last byte gone", right(wrapped[..60].to_vec()), "tampered"),
            ("nothing", "no bytes at all", right(vec![]), "malformed"),
            ("31_bytes", "authentic, but not a key's length", right(short), "malformed"),
            ("facts", "facts in a key's place", right(facts), "tampered"),
        ] {
            self.add(&format!("wrapped_key_{name}"), comment, case, Err(error));
        }
    }

    fn facts(&mut self) {
        let plain = b"md5=0123456789abcdef";
        let sealed = reference::facts(&version_key(), &version_uid(), plain, seeded("nonce"));
        let case = |version_uid: [u8; 16], sealed: Vec<u8>| Case::Facts {
            version_key: version_key().into(),
            version_uid: version_uid.into(),
            sealed: Hex(sealed),
        };
        let mut flipped = sealed.clone();
        flipped[15] ^= 1;
        let key = reference::wrapped_key(
            &version_key(),
            &version_uid(),
            &seeded::<24>("blob id"),
            plain,
            seeded("nonce"),
        );

        self.add(
            "facts",
            "facts about the plaintext",
            case(version_uid(), sealed.clone()),
            Ok(hex::encode(plain)),
        );
        self.add(
            "facts_wrong_uid",
            "another version uid",
            case(seeded("another uid"), sealed),
            Err("tampered"),
        );
        self.add("facts_flipped", "one bit of the ciphertext", case(version_uid(), flipped), Err("tampered"));
        self.add(
            "facts_wrapped_key",
            "a wrapped key in their place",
            case(version_uid(), key),
            Err("tampered"),
        );
    }

    fn secrets(&mut self) {
        let plain = b"wJalrXUtnFEMI/K7MDENG";
        let (id, secret) = (seeded::<8>("ring key id"), seeded::<32>("ring secret"));
        let sealed = reference::secret(
            &id,
            &secret,
            "s3-secret",
            b"AKIDEXAMPLE",
            plain,
            seeded("salt"),
            seeded("nonce"),
        );
        let case = |ring: Ring, purpose: &str, context: &[u8], sealed: Vec<u8>| Case::Secret {
            ring,
            purpose: purpose.to_owned(),
            context: context.into(),
            sealed: Hex(sealed),
        };
        let right = |sealed| case(ring(), "s3-secret", b"AKIDEXAMPLE", sealed);
        let flip = |at: usize| {
            let mut sealed = sealed.clone();
            sealed[at] ^= 0x10;
            right(sealed)
        };
        let mut other_ring = ring();
        other_ring.keys[0].1 = seeded::<32>("newer ring secret").into();

        self.add("secret", "an S3 secret key", right(sealed.clone()), Ok(hex::encode(plain)));
        for (name, comment, case, error) in [
            (
                "wrong_purpose",
                "another purpose",
                case(ring(), "token-key", b"AKIDEXAMPLE", sealed.clone()),
                "tampered",
            ),
            (
                "wrong_context",
                "another row",
                case(ring(), "s3-secret", b"AKIDEXAMPLF", sealed.clone()),
                "tampered",
            ),
            (
                "wrong_ring",
                "another ring secret",
                case(other_ring, "s3-secret", b"AKIDEXAMPLE", sealed.clone()),
                "tampered",
            ),
            ("flipped_version", "one bit of the version", flip(0), "unsupported_version"),
            ("flipped_ring_id", "one bit of the ring key's id", flip(1), "unknown_ring_key"),
            ("flipped_salt", "one bit of the salt", flip(20), "tampered"),
            ("flipped_nonce", "one bit of the nonce", flip(45), "tampered"),
            ("flipped_ciphertext", "one bit of the ciphertext", flip(60), "tampered"),
            ("truncated", "the last byte gone", right(sealed[..sealed.len() - 1].to_vec()), "tampered"),
            ("cut", "half a salt", right(sealed[..20].to_vec()), "malformed"),
        ] {
            self.add(&format!("secret_{name}"), comment, case, Err(error));
        }
    }

    fn key_rings(&mut self) {
        let mut two = ring();
        two.keys.push((seeded::<8>("newer ring key id").into(), seeded::<32>("newer ring secret").into()));
        let file = two.to_toml();
        let (id, other) =
            (hex::encode(seeded::<8>("ring key id")), hex::encode(seeded::<8>("newer ring key id")));
        let case = |file: String| Case::KeyRing { file };

        self.add("key_ring", "two keys, the first active", case(file.clone()), Ok(id.clone()));
        for (name, comment, file, error) in [
            (
                "version_2",
                "a version of the future",
                file.replace("version = 1", "version = 2"),
                "unsupported_version",
            ),
            (
                "no_active",
                "the active key is missing",
                file.replacen(&id, "0000000000000000", 1),
                "malformed",
            ),
            ("id_twice", "two keys with one id", file.replace(&other, &id), "malformed"),
            (
                "short_secret",
                "a secret of 31 bytes",
                {
                    let right = STANDARD.encode(seeded::<32>("ring secret"));
                    file.replace(&right, &STANDARD.encode(seeded::<31>("ring secret")))
                },
                "malformed",
            ),
            ("unknown_setting", "a setting that is not known", format!("other = 1\n{file}"), "malformed"),
            ("empty", "an empty file", String::new(), "malformed"),
        ] {
            self.add(&format!("key_ring_{name}"), comment, case(file), Err(error));
        }
    }

    fn exports(&mut self) {
        let export = |cost| {
            reference::export(&ring().to_toml(), "correct horse", cost, seeded("salt"), seeded("nonce"))
        };
        let armour = |bytes: &[u8]| {
            let begin = "-----BEGIN CARDEA KEY RING-----";
            format!("{begin}\n{}\n-----END CARDEA KEY RING-----\n", STANDARD.encode(bytes))
        };
        let case =
            |passphrase: &str, export: String| Case::KeyRingExport { passphrase: passphrase.into(), export };
        // A cost that a test can pay; real ones are higher.
        let right = export([32, 1, 1]);
        let flip = |at: usize| {
            let mut bytes = right.clone();
            bytes[at] ^= 0x80;
            armour(&bytes)
        };

        let gives = hex::encode(seeded::<8>("ring key id"));
        self.add("key_ring_export", "at a low cost", case("correct horse", armour(&right)), Ok(gives));
        for (name, comment, passphrase, text, error) in [
            ("wrong_passphrase", "another passphrase", "battery staple", armour(&right), "wrong_passphrase"),
            ("flipped_salt", "one bit of the salt", "correct horse", flip(20), "wrong_passphrase"),
            (
                "flipped_ciphertext",
                "one bit of the ciphertext",
                "correct horse",
                flip(80),
                "wrong_passphrase",
            ),
            ("flipped_version", "one bit of the version", "correct horse", flip(0), "unsupported_version"),
            ("forged_cost", "a cost that would exhaust the machine", "correct horse", flip(1), "malformed"),
            ("no_armour", "the digits alone", "correct horse", STANDARD.encode(&right), "malformed"),
        ] {
            self.add(&format!("key_ring_export_{name}"), comment, case(passphrase, text), Err(error));
        }
    }

    fn customer_keys(&mut self) {
        let key = seeded::<32>("customer key");
        let text = STANDARD.encode(key);
        let case = |text: &str| Case::CustomerKey { text: text.to_owned() };
        self.add("customer_key", "as the headers carry it", case(&text), Ok(hex::encode(key)));
        for (name, comment, text, error) in [
            ("no_padding", "its padding gone", text.trim_end_matches('='), "not_base64"),
            ("space", "a space after it", &format!("{text} "), "not_base64"),
            (
                "url_alphabet",
                "in the alphabet for URLs",
                &STANDARD.encode([0xff; 32]).replace('/', "_"),
                "not_base64",
            ),
            ("31_bytes", "a byte short", &STANDARD.encode(&key[..31]), "wrong_length"),
            ("33_bytes", "a byte long", &STANDARD.encode([&key[..], &[0]].concat()), "wrong_length"),
            ("empty", "nothing", "", "wrong_length"),
        ] {
            self.add(&format!("customer_key_{name}"), comment, case(text), Err(error));
        }
    }
}
