//! The key matrix of multipart uploads: right, wrong and missing keys at every operation.

use cardea::model::{ChecksumAlgorithm, ChecksumKind};
use cardea::ops::{
    CompleteUpload, CopyPart, Error, Face, GetObject, Keyless, ListParts, UploadPart, WriteEncryption,
};

use super::multipart_world::{
    MODES, Mode, checksum_of, chosen, complete, copy, list, named, object_parts, part, small_parts, source,
};
use super::world::{World, key, read};

#[tokio::test]
async fn a_part_needs_the_key_of_its_upload() {
    let world = small_parts().await;
    world.put("source", b"bytes", WriteEncryption::Managed).await.unwrap();
    for mode in MODES {
        let upload = world.begin("object", mode).await;
        for given in [None, Some(1), Some(2)] {
            let put = UploadPart { customer_key: given.map(key), ..part("object", upload, 1, b"x") };
            let put = world.run(put).await.map(drop);
            let copied = copy(source("source", None), "object", upload, 1);
            let copied = world.run(CopyPart { customer_key: given.map(key), ..copied }).await.map(drop);
            for outcome in [put, copied] {
                match (mode, given, outcome) {
                    (Mode::Managed, None, Ok(()))
                    | (Mode::Customer, Some(1), Ok(()))
                    | (Mode::Managed, Some(_), Err(Error::PartEncryptionDiffers))
                    | (Mode::Customer, None, Err(Error::PartEncryptionDiffers))
                    | (Mode::Customer, Some(2), Err(Error::PartKeyDiffers)) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn keys_need_a_secure_connection() {
    let world = small_parts().await;
    let upload = world.begin("object", Mode::Customer).await;
    let sent = world.parts("object", upload, Mode::Customer, &[b"one"]).await;
    let caller = world.caller(false);
    let put = UploadPart { customer_key: Some(key(1)), ..part("object", upload, 2, b"x") };
    let put = world.gateway.execute(&caller, put).await;
    assert!(matches!(put, Err(Error::InsecureTransport)));
    let listed = ListParts { customer_key: Some(key(1)), ..list("object", upload) };
    assert!(matches!(world.gateway.execute(&caller, listed).await, Err(Error::InsecureTransport)));
    let done = CompleteUpload { customer_key: Some(key(1)), ..complete("object", upload, sent.clone()) };
    assert!(matches!(world.gateway.execute(&caller, done).await, Err(Error::InsecureTransport)));
    // A request that needs no key needs no secure connection either.
    world.gateway.execute(&caller, list("object", upload)).await.unwrap();
    world.gateway.execute(&caller, complete("object", upload, sent)).await.unwrap();
}

/// Mode × whether a checksum was chosen × the key that Complete gets. Then the same request comes again, as
/// if the first answer was lost.
#[tokio::test]
async fn complete_needs_the_key_only_for_checksums() {
    let world = small_parts().await;
    let algorithm = ChecksumAlgorithm::Crc32;
    for mode in MODES {
        for checksum in [None, Some(chosen(algorithm, ChecksumKind::FullObject))] {
            for given in [None, Some(1), Some(2)] {
                let upload = world.create("object", mode.encryption(), checksum).await.unwrap().upload;
                let sent = world.parts("object", upload, mode, &[b"one", b"two"]).await;
                let run =
                    |key| CompleteUpload { customer_key: key, ..complete("object", upload, sent.clone()) };
                let first = world.run(run(given.map(key))).await;
                let succeeds = match mode {
                    Mode::Managed => given.is_none(),
                    Mode::Customer => given == Some(1) || (given.is_none() && checksum.is_none()),
                };
                assert_eq!(first.is_ok(), succeeds, "{mode:?} {checksum:?} {given:?}: {first:?}");
                if !succeeds {
                    assert_refusal(mode, given, &first.unwrap_err());
                    world.run(run(mode.key())).await.unwrap();
                }
                let again = world.run(run(given.map(key))).await;
                assert_eq!(again.is_ok(), succeeds, "{mode:?} {checksum:?} {given:?}: {again:?}");
                if !succeeds {
                    assert_refusal(mode, given, &again.unwrap_err());
                }
                let info = world.get("object", mode.key()).await.unwrap().info;
                let found = info.digests.checksums.iter().find(|found| found.algorithm == algorithm);
                let expected = checksum.map(|_| checksum_of(algorithm, b"onetwo"));
                assert_eq!(found, expected.as_ref());
                assert_eq!(world.whole("object", mode.key()).await, b"onetwo");
            }
        }
    }
}

fn assert_refusal(mode: Mode, given: Option<u8>, error: &Error) {
    match (mode, given, error) {
        (Mode::Managed, Some(_), Error::PartEncryptionDiffers)
        | (Mode::Customer, None, Error::KeyRequired)
        | (Mode::Customer, Some(2), Error::PartKeyDiffers) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn checksums_of_parts_are_shown_only_with_the_key() {
    let world = small_parts().await;
    let algorithm = ChecksumAlgorithm::Sha256;
    for mode in MODES {
        let kind = Some(chosen(algorithm, ChecksumKind::Composite));
        let upload = world.create("object", mode.encryption(), kind).await.unwrap().upload;
        let put = UploadPart { customer_key: mode.key(), ..part("object", upload, 1, b"data") };
        let outcome = world.run(put).await.unwrap();
        let checksum = checksum_of(algorithm, b"data");
        assert_eq!(outcome.checksums, std::slice::from_ref(&checksum));

        let listed = |key| world.run(ListParts { customer_key: key, ..list("object", upload) });
        let shown = listed(mode.key()).await.unwrap();
        assert_eq!((shown.checksum, &shown.parts[0].checksums), (kind, &vec![checksum.clone()]));
        match mode {
            Mode::Managed => {
                assert!(matches!(listed(Some(key(1))).await, Err(Error::PartEncryptionDiffers)));
            }
            Mode::Customer => {
                assert_eq!(listed(None).await.unwrap().parts[0].checksums, []);
                assert!(matches!(listed(Some(key(2))).await, Err(Error::PartKeyDiffers)));
            }
        }

        let mut sent = named(1, &outcome);
        sent.checksums.push(checksum.clone());
        let done = CompleteUpload { customer_key: mode.key(), ..complete("object", upload, vec![sent]) };
        world.run(done).await.unwrap();
        let shown = world.run(object_parts("object", mode.key())).await.unwrap();
        assert_eq!((shown.checksum, &shown.parts[0].checksums), (kind, &vec![checksum]));
        if mode == Mode::Customer {
            let keyless = world.run(object_parts("object", None)).await;
            assert!(matches!(keyless, Err(Error::KeyRequired)));
            assert!(matches!(world.run(object_parts("object", Some(key(2)))).await, Err(Error::WrongKey)));
        } else {
            let keyed = world.run(object_parts("object", Some(key(1)))).await;
            assert!(matches!(keyed, Err(Error::KeyNotApplicable { .. })));
        }
    }
}

#[tokio::test]
async fn a_completed_upload_is_read_only_with_its_key() {
    let world = small_parts().await;
    world.upload("object", Mode::Customer, &[b"one", b"two"]).await;
    for part in [None, Some(2)] {
        let get = |key, face| world.run(GetObject { part, face, ..read("object", key) });
        for face in [Face::S3, Face::Swift] {
            assert!(get(Some(key(1)), face).await.is_ok());
            assert!(matches!(get(Some(key(2)), face).await, Err(Error::WrongKey)));
            assert!(matches!(get(None, face).await, Err(Error::KeyRequired)));
        }
    }
    let described =
        GetObject { head: true, keyless: Keyless::Describe, face: Face::Swift, ..read("object", None) };
    let described = world.run(described).await.unwrap().info;
    assert_eq!((described.opened, described.size, described.part_count), (false, 6, Some(2)));
    assert!(described.digests.checksums.is_empty());
}

/// No bytes of a part, and nothing computed from them, are stored as plaintext.
#[tokio::test]
async fn plaintext_of_a_sealed_part_is_not_in_the_index() {
    let world: World = small_parts().await;
    let data = b"words that must not be found in the index";
    let algorithm = ChecksumAlgorithm::Sha256;
    let kind = Some(chosen(algorithm, ChecksumKind::Composite));
    let encryption = Mode::Customer.encryption();
    let upload = world.create("object", encryption, kind).await.unwrap().upload;
    let md5: [u8; 16] = <md5::Md5 as md5::Digest>::digest(data).into();
    let put =
        UploadPart { customer_key: Some(key(1)), expected_md5: Some(md5), ..part("object", upload, 1, data) };
    let outcome = world.run(put).await.unwrap();
    assert_ne!(outcome.etag, hex::encode(md5));
    let checksum = checksum_of(algorithm, data);
    world.rows().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let index = ["index.db", "index.db-wal"]
        .iter()
        .flat_map(|file| std::fs::read(world.dir.path().join(file)).unwrap_or_default())
        .collect::<Vec<u8>>();
    let found = |bytes: &[u8]| index.windows(bytes.len()).any(|window| window == bytes);
    assert!(found(outcome.etag.as_bytes()), "the index was read");
    let written = |bytes: &[u8]| serde_json::to_vec(bytes).unwrap();
    for secret in [
        data.to_vec(),
        md5.to_vec(),
        hex::encode(md5).into_bytes(),
        written(&md5),
        checksum.value.clone(),
        written(&checksum.value),
        vec![1; 32],
    ] {
        assert!(!found(&secret), "{}", hex::encode(&secret));
    }
}
