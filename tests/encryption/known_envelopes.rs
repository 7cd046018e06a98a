//! Makes the vectors of envelopes and part lists.

use super::known_blobs::seeded;
use super::reference;
use super::vectors::{BindingFields, Case, Hex, Part, Ring, Vector, Vectors};

const MANAGED: u8 = 1;
const CUSTOMER: u8 = 2;

/// A ring of one key.
pub fn ring() -> Ring {
    let id = seeded::<8>("ring key id");
    Ring { active: id.into(), keys: vec![(id.into(), seeded::<32>("ring secret").into())] }
}

/// Adds all of them.
pub fn add(vectors: &mut Vectors) {
    let mut made = Made { vectors };
    made.whole();
    made.wrong_holders();
    made.wrong_rings();
    made.wrong_places();
    made.wrong_parts();
    made.damaged();
    made.part_lists();
}

struct Made<'v> {
    vectors: &'v mut Vectors,
}

/// The inputs of a vector of an envelope.
#[derive(Clone)]
struct Sample {
    ring: Ring,
    customer_key: Option<Hex>,
    binding: BindingFields,
    envelope: Vec<u8>,
}

/// Name, comment, and what is done.
type Change<T> = (&'static str, &'static str, fn(&mut T));

fn part(label: &str, offset: u64, length: u64) -> Part {
    let blob_id = seeded::<24>(&format!("{label} blob")).into();
    let wrapped_key = seeded::<61>(&format!("{label} wrapped key")).into();
    Part { blob_id, offset, length, wrapped_key }
}

fn binding(mode: u8) -> BindingFields {
    BindingFields {
        account: "5f705ddd5f6a4b1f8f3c9a0b0e3b7a11".into(),
        bucket: seeded::<16>("bucket").into(),
        key: Hex("a//b/ünïcode".as_bytes().to_vec()),
        version_id: "null".into(),
        version_uid: seeded::<16>("version uid").into(),
        mode,
        total_length: 1150,
        parts: vec![part("first", 0, 1000), part("second", 10, 100), part("first", 1000, 50)],
    }
}

fn holder(mode: u8) -> ([u8; 8], [u8; 32]) {
    match mode {
        CUSTOMER => ([0; 8], seeded("customer key")),
        _ => (seeded("ring key id"), seeded("ring secret")),
    }
}

/// The inner layer for the mode's right holder.
fn inner(mode: u8, binding: &BindingFields) -> Vec<u8> {
    let (id, secret) = holder(mode);
    let ring_id = if mode == CUSTOMER { &[] } else { &id[..] };
    reference::inner(
        reference::Holder { mode, ring_id, secret: &secret },
        &binding.account,
        &binding.version_uid.0,
        &seeded::<32>("version key"),
        seeded("inner salt"),
        seeded("inner nonce"),
    )
}

/// The outer layer around any inner one.
fn outer(inner: &[u8], binding: &BindingFields) -> Vec<u8> {
    let parts: Vec<reference::Part> = binding.parts.iter().map(Part::to_reference).collect();
    let binding = reference::Binding {
        account: &binding.account,
        bucket: &binding.bucket.0,
        key: &binding.key.0,
        version_id: &binding.version_id,
        version_uid: &binding.version_uid.0,
        mode: binding.mode,
        total_length: binding.total_length,
        parts_hash: reference::parts_hash(&parts),
    };
    let (id, secret) = holder(MANAGED);
    reference::outer(&id, &secret, inner, &binding, seeded("outer nonce"))
}

fn sample(mode: u8) -> Sample {
    let binding = binding(mode);
    let envelope = outer(&inner(mode, &binding), &binding);
    let customer_key = (mode == CUSTOMER).then(|| seeded::<32>("customer key").into());
    Sample { ring: ring(), customer_key, binding, envelope }
}

/// An upload's: it has no parts and no version id yet.
fn upload() -> Sample {
    let mut upload = sample(CUSTOMER);
    upload.binding.parts.clear();
    upload.binding.total_length = 0;
    upload.binding.version_id = "upload".into();
    upload.envelope = outer(&inner(CUSTOMER, &upload.binding), &upload.binding);
    upload
}

impl Made<'_> {
    fn add(&mut self, name: &str, comment: &str, sample: Sample, error: Option<&str>) {
        let Sample { ring, customer_key, binding, envelope } = sample;
        let case = Case::Envelope { ring, customer_key, binding, envelope: Hex(envelope) };
        let gives = error.is_none().then(|| hex::encode(seeded::<32>("version key")));
        let vector = Vector { comment: comment.to_owned(), case, gives, error: error.map(str::to_owned) };
        self.vectors.insert(name.to_owned(), vector);
    }

    /// A sample of that mode, changed so that it fails.
    fn fail(&mut self, name: &str, comment: &str, mode: u8, error: &str, change: impl FnOnce(&mut Sample)) {
        let mut changed = sample(mode);
        change(&mut changed);
        self.add(&format!("fail_envelope_{name}"), comment, changed, Some(error));
    }

    fn whole(&mut self) {
        self.add("envelope_managed", "the ring opens it", sample(MANAGED), None);
        self.add("envelope_customer", "the customer's key opens it", sample(CUSTOMER), None);

        let mut rotated = sample(CUSTOMER);
        let newer = seeded::<8>("newer ring key id");
        rotated.ring.keys.push((newer.into(), seeded::<32>("newer ring secret").into()));
        rotated.ring.active = newer.into();
        self.add(
            "envelope_older_ring_key",
            "sealed under a ring key that is no longer active",
            rotated,
            None,
        );

        let mut empty = sample(MANAGED);
        empty.binding.parts.clear();
        empty.binding.total_length = 0;
        empty.envelope = outer(&inner(MANAGED, &empty.binding), &empty.binding);
        self.add("envelope_no_parts", "an empty part list", empty, None);

        let upload = upload();
        self.add("envelope_upload", "of a multipart upload, before it is completed", upload, None);
    }

    fn wrong_holders(&mut self) {
        self.fail("wrong_key", "another customer key", CUSTOMER, "wrong_key", |sample| {
            sample.customer_key = Some(seeded::<32>("another customer key").into());
        });
        self.fail("close_key", "a customer key with one bit changed", CUSTOMER, "wrong_key", |sample| {
            let mut key = seeded::<32>("customer key");
            key[31] ^= 1;
            sample.customer_key = Some(key.into());
        });
        self.fail("no_key", "a customer's, and no key given", CUSTOMER, "wrong_holder", |sample| {
            sample.customer_key = None;
        });
        self.fail(
            "key_not_asked_for",
            "managed, and a customer key given",
            MANAGED,
            "wrong_holder",
            |sample| {
                sample.customer_key = Some(seeded::<32>("customer key").into());
            },
        );
        self.fail(
            "other_holder_inside",
            "the place says customer, the inner layer managed",
            CUSTOMER,
            "wrong_holder",
            |sample| {
                sample.envelope = outer(&inner(MANAGED, &sample.binding), &sample.binding);
            },
        );
        for (mode, name, error) in [(MANAGED, "managed", "tampered"), (CUSTOMER, "customer", "wrong_key")] {
            let comment = "the inner layer of another account, in an outer one that is right";
            self.fail(&format!("inner_of_another_account_{name}"), comment, mode, error, |sample| {
                let other = BindingFields { account: "another account".into(), ..sample.binding.clone() };
                sample.envelope = outer(&inner(mode, &other), &sample.binding);
            });
            let comment = "the inner layer of another version, in an outer one that is right";
            self.fail(&format!("inner_of_another_version_{name}"), comment, mode, error, |sample| {
                let other = BindingFields {
                    version_uid: seeded::<16>("another uid").into(),
                    ..sample.binding.clone()
                };
                sample.envelope = outer(&inner(mode, &other), &sample.binding);
            });
        }
    }

    fn wrong_rings(&mut self) {
        self.fail("unknown_ring_key", "a ring without the key", MANAGED, "unknown_ring_key", |sample| {
            let id = seeded::<8>("newer ring key id");
            sample.ring.keys[0].0 = id.into();
            sample.ring.active = id.into();
        });
        for (mode, name) in [(MANAGED, "managed"), (CUSTOMER, "customer")] {
            let comment = "a ring with another secret under the same id";
            self.fail(&format!("wrong_ring_{name}"), comment, mode, "tampered", |sample| {
                sample.ring.keys[0].1 = seeded::<32>("newer ring secret").into();
            });
        }
    }

    fn wrong_places(&mut self) {
        let changes: [Change<BindingFields>; 8] = [
            ("account", "another account", |binding| binding.account = "another account".into()),
            ("bucket", "another bucket", |binding| binding.bucket = seeded::<16>("another bucket").into()),
            ("key", "another object key", |binding| binding.key = Hex(b"a/b".to_vec())),
            ("version_id", "another public version id", |binding| binding.version_id = "nulm".into()),
            ("version_uid", "another version uid", |binding| {
                binding.version_uid = seeded::<16>("another uid").into();
            }),
            ("mode", "another mode", |binding| binding.mode = MANAGED),
            ("length", "a byte more", |binding| binding.total_length += 1),
            ("shifted", "the key's last byte moved to the version id", |binding| {
                binding.key.0.pop();
                binding.version_id = "enull".into();
            }),
        ];
        for (name, comment, change) in changes {
            self.fail(&format!("wrong_{name}"), comment, CUSTOMER, "tampered", |sample| {
                change(&mut sample.binding);
            });
        }
    }

    fn wrong_parts(&mut self) {
        let changes: [Change<Vec<Part>>; 9] = [
            ("dropped", "the middle part gone", |parts| drop(parts.remove(1))),
            ("dropped_last", "the last part gone", |parts| drop(parts.pop())),
            ("none", "no parts left", Vec::clear),
            ("repeated", "the first part twice", |parts| parts.insert(0, parts[0].clone())),
            ("swapped", "the first two parts swapped", |parts| parts.swap(0, 1)),
            ("offset", "a part that starts a byte later", |parts| parts[1].offset += 1),
            ("length", "a part that is a byte longer", |parts| parts[1].length += 1),
            ("blob", "a part of another blob", |parts| parts[1].blob_id = parts[0].blob_id.clone()),
            ("wrapped_key", "a part with another's key", |parts| {
                parts[1].wrapped_key = parts[0].wrapped_key.clone();
            }),
        ];
        for (name, comment, change) in changes {
            self.fail(&format!("part_{name}"), comment, MANAGED, "tampered", |sample| {
                change(&mut sample.binding.parts);
            });
        }
    }

    fn damaged(&mut self) {
        for (name, comment, at, error) in [
            ("flipped_version", "one bit of the version", 0, "unsupported_version"),
            ("flipped_ring_id", "one bit of the ring key's id", 3, "unknown_ring_key"),
            ("flipped_nonce", "one bit of the nonce", 12, "tampered"),
            ("flipped_ciphertext", "one bit of the sealed inner layer", 60, "tampered"),
            ("flipped_tag", "one bit of the tag", 162, "tampered"),
        ] {
            self.fail(name, comment, CUSTOMER, error, |sample| sample.envelope[at] ^= 0x10);
        }
        self.fail("version_2", "a version of the future", CUSTOMER, "unsupported_version", |sample| {
            sample.envelope[0] = 2;
        });
        self.fail("truncated", "the last byte gone", CUSTOMER, "tampered", |sample| {
            sample.envelope.truncate(162);
        });
        self.fail("cut_in_id", "five bytes", CUSTOMER, "malformed", |sample| sample.envelope.truncate(5));
        self.fail("nothing", "no bytes at all", CUSTOMER, "malformed", |sample| sample.envelope.clear());
        self.fail("appended", "a byte after the end", CUSTOMER, "tampered", |sample| sample.envelope.push(0));

        // The inner layer damaged, then sealed into a right outer one: what only the ring's holder could do.
        for (name, comment, at, error) in [
            ("inner_version_2", "an inner layer of the future", 0, "unsupported_version"),
            ("inner_salt", "one bit of the inner salt", 10, "wrong_key"),
            ("inner_commitment", "one bit of the inner commitment", 50, "wrong_key"),
            ("inner_nonce", "one bit of the inner nonce", 70, "tampered"),
            ("inner_ciphertext", "one bit of the sealed version key", 90, "tampered"),
            ("inner_tag", "one bit of the inner tag", 125, "tampered"),
        ] {
            self.fail(name, comment, CUSTOMER, error, |sample| {
                let mut inner = inner(CUSTOMER, &sample.binding);
                inner[at] ^= 3;
                sample.envelope = outer(&inner, &sample.binding);
            });
        }
        self.fail("inner_cut", "an inner layer that ends in its salt", CUSTOMER, "malformed", |sample| {
            sample.envelope = outer(&inner(CUSTOMER, &sample.binding)[..20], &sample.binding);
        });
        self.fail(
            "inner_unknown_ring_key",
            "the inner layer names a ring key that is not there",
            MANAGED,
            "unknown_ring_key",
            |sample| {
                let mut inner = inner(MANAGED, &sample.binding);
                inner[2] ^= 1;
                sample.envelope = outer(&inner, &sample.binding);
            },
        );
    }

    fn part_lists(&mut self) {
        let manifest = || Some(Hex(br#"{"leaves":0,"depth":1,"segments":[]}"#.to_vec()));
        for (name, comment, parts, manifest) in [
            ("part_list_empty", "no parts", vec![], None),
            ("part_list_three", "three slices of two blobs", binding(MANAGED).parts, None),
            ("part_list_manifest", "no parts, and a manifest", vec![], manifest()),
            ("part_list_manifest_data", "a manifest that carries bytes", binding(MANAGED).parts, manifest()),
            ("part_list_manifest_empty", "an empty manifest is not no manifest", vec![], Some(Hex(vec![]))),
        ] {
            let reference: Vec<reference::Part> = parts.iter().map(Part::to_reference).collect();
            let mut hash = reference::parts_hash(&reference);
            if let Some(manifest) = &manifest {
                hash = reference::manifest_hash(&hash, &manifest.0);
            }
            let (gives, case) = (Some(hex::encode(hash)), Case::PartList { parts, manifest });
            let vector = Vector { comment: comment.into(), case, gives, error: None };
            self.vectors.insert(name.to_owned(), vector);
        }
    }
}
