//! The bad-input table of the SSE-C semantics, row by row.

use super::*;

const KEY: &str = OWN.key;
const KEY_B64: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn md5_of(key: &str) -> String {
    CustomerKey::from_base64(key).unwrap().md5_base64()
}

fn split(pairs: &[(&'static str, &str)]) -> (HeaderMap, SecretHeaders) {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let secrets = SecretHeaders::lift(&mut headers);
    (headers, secrets)
}

fn write(pairs: &[(&'static str, &str)]) -> Result<WriteSse, Fault> {
    let (headers, secrets) = split(pairs);
    for_write(&headers, &secrets)
}

fn read(pairs: &[(&'static str, &str)]) -> ReadKey {
    let (headers, secrets) = split(pairs);
    for_read(&headers, &secrets).unwrap()
}

fn refused(result: Result<WriteSse, Fault>) -> (&'static str, Option<String>) {
    match result {
        Err(Fault::InvalidArgument { message, name: METHOD, value }) => (message, value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_write() {
    let md5 = md5_of(KEY_B64);
    let sse = write(&[(ALGORITHM, "AES256"), (KEY, KEY_B64), (KEY_MD5, &md5)]).unwrap();
    assert!(matches!(sse.encryption, WriteEncryption::Customer(_)));
    assert_eq!(sse.shown, Shown::Customer(md5));
    for pairs in [&[][..], &[(METHOD, "AES256")]] {
        let sse = write(pairs).unwrap();
        assert!(matches!(sse.encryption, WriteEncryption::Managed));
        assert_eq!(sse.shown, Shown::Managed);
    }
    assert!(matches!(write(&[(METHOD, "aws:kms")]).unwrap().encryption, WriteEncryption::Kms));
}

#[test]
fn the_order_on_a_write() {
    let md5 = md5_of(KEY_B64);
    // Each row is wrong in everything that the rows below it are wrong in, too.
    let row = refused(write(&[(METHOD, "AES256"), (ALGORITHM, "KMS")]));
    assert_eq!(row, (INCOMPATIBLE, Some("AES256".into())));
    assert_eq!(refused(write(&[(KEY, "c2hvcnQ="), (KEY_MD5, "x")])), (NO_ALGORITHM, None));
    assert_eq!(refused(write(&[(KEY_MD5, "x")])), (NO_ALGORITHM, None));
    assert_eq!(refused(write(&[(ALGORITHM, "KMS"), (KEY_MD5, "x")])), (NO_KEY, None));
    let bad = write(&[(ALGORITHM, "KMS"), (KEY, "c2hvcnQ="), (KEY_MD5, "x")]);
    assert!(matches!(bad, Err(Fault::InvalidEncryptionAlgorithm { value }) if value == "KMS"));
    assert_eq!(
        refused(write(&[(ALGORITHM, "AES256"), (KEY, "MDEyMzQ1Njc4OQ=="), (KEY_MD5, &md5)])),
        (BAD_KEY, None)
    );
    assert_eq!(
        refused(write(&[(ALGORITHM, "AES256"), (KEY, "not base64!"), (KEY_MD5, &md5)])),
        (BAD_KEY, None)
    );
    assert_eq!(refused(write(&[(ALGORITHM, "AES256"), (KEY, KEY_B64)])), (NO_MD5, None));
    let wrong = STANDARD.encode([0; 16]);
    assert_eq!(refused(write(&[(ALGORITHM, "AES256"), (KEY, KEY_B64), (KEY_MD5, &wrong)])), (BAD_MD5, None));
}

#[test]
fn twice_is_refused() {
    let md5 = md5_of(KEY_B64);
    let twice = write(&[(ALGORITHM, "AES256"), (KEY, KEY_B64), (KEY, KEY_B64), (KEY_MD5, &md5)]);
    assert_eq!(refused(twice), (TWICE, None));
}

#[test]
fn a_key_in_the_wrong_header_is_not_shown_again() {
    let bad = write(&[(ALGORITHM, KEY_B64), (KEY, KEY_B64)]);
    assert!(matches!(bad, Err(Fault::InvalidEncryptionAlgorithm { value }) if value == "(not shown)"));
}

#[test]
fn other_methods() {
    assert_eq!(refused(write(&[(METHOD, "aes")])), (BAD_METHOD, Some("aes".into())));
    for name in KMS_ONLY {
        assert_eq!(refused(write(&[(name, "x")])).0, KMS_HEADER);
        assert_eq!(refused(write(&[(METHOD, "AES256"), (name, "true")])).0, KMS_HEADER);
    }
    assert!(write(&[(KMS_ONLY[2], "false")]).is_ok());
}

#[test]
fn reads() {
    let md5 = md5_of(KEY_B64);
    assert!(matches!(read(&[]), ReadKey::None));
    let good = CustomerKey::from_base64(KEY_B64).unwrap();
    match read(&[(ALGORITHM, "AES256"), (KEY, KEY_B64), (KEY_MD5, &md5)]) {
        ReadKey::Given(key) => assert_eq!(key.expose(), good.expose()),
        other => panic!("{other:?}"),
    }
    // A key of another length is a wrong key, not a malformed one.
    match read(&[(ALGORITHM, "AES256"), (KEY, "MDEyMzQ1Njc4OQ=="), (KEY_MD5, &md5)]) {
        ReadKey::Given(key) => assert_ne!(key.expose(), good.expose()),
        other => panic!("{other:?}"),
    }
    for pairs in [
        &[(ALGORITHM, "KMS"), (KEY, KEY_B64), (KEY_MD5, md5.as_str())][..],
        &[(KEY, KEY_B64), (KEY_MD5, md5.as_str())],
        &[(ALGORITHM, "AES256"), (KEY_MD5, md5.as_str())],
        &[(ALGORITHM, "AES256"), (KEY, KEY_B64)],
        &[(ALGORITHM, "AES256"), (KEY, KEY_B64), (KEY_MD5, "AAAA")],
    ] {
        assert!(matches!(read(pairs), ReadKey::Refused(_)), "{pairs:?}");
    }
    let (headers, secrets) = split(&[(METHOD, "AES256")]);
    assert!(matches!(
        for_read(&headers, &secrets),
        Err(Fault::InvalidArgument { message: NOT_ON_READS, .. })
    ));
}

#[test]
fn reserved_names() {
    for name in [
        "x-amz-meta-encryption-key",
        "x-object-meta-encryption-key",
        "x-amz-copy-source-server-side-encryption-customer-key",
    ] {
        let (_, secrets) = split(&[(name, KEY_B64)]);
        assert!(matches!(check_names(&secrets, false), Err(Fault::InvalidRequest { .. })), "{name}");
    }
    let (_, secrets) = split(&[(ALGORITHM, "AES256"), (KEY, KEY_B64)]);
    assert!(check_names(&secrets, false).is_ok());
    let (_, secrets) = split(&[(SOURCE.algorithm, "AES256"), (SOURCE.key, KEY_B64), (KEY, KEY_B64)]);
    assert!(check_names(&secrets, true).is_ok() && check_names(&secrets, false).is_err());
    let (_, secrets) = split(&[("x-copy-from-encryption-key", KEY_B64)]);
    assert!(check_names(&secrets, true).is_err());
}

#[test]
fn the_key_of_a_source() {
    let md5 = md5_of(KEY_B64);
    let source = |pairs: &[(&'static str, &str)]| for_source(&split(pairs).1);
    let key = source(&[(SOURCE.algorithm, "AES256"), (SOURCE.key, KEY_B64), (SOURCE.md5, &md5)]).unwrap();
    assert_eq!(key.map(|key| key.md5_base64()), Some(md5.clone()));
    // The destination's triple opens nothing.
    assert!(source(&[(ALGORITHM, "AES256"), (KEY, KEY_B64), (KEY_MD5, &md5)]).unwrap().is_none());
    // A key of the wrong length is a wrong one, as on a read.
    assert!(source(&[(SOURCE.algorithm, "AES256"), (SOURCE.key, "c2hvcnQ="), (SOURCE.md5, &md5)]).is_ok());
    let unknown = source(&[(SOURCE.algorithm, "KMS"), (SOURCE.key, KEY_B64), (SOURCE.md5, &md5)]);
    assert!(matches!(unknown, Err(Fault::InvalidEncryptionAlgorithm { value }) if value == "KMS"));
    for (pairs, expected) in [
        (&[(SOURCE.key, KEY_B64), (SOURCE.md5, md5.as_str())][..], NO_ALGORITHM),
        (&[(SOURCE.algorithm, "AES256"), (SOURCE.md5, md5.as_str())], NO_KEY),
        (&[(SOURCE.algorithm, "AES256"), (SOURCE.key, KEY_B64)], NO_MD5),
        (&[(SOURCE.algorithm, "AES256"), (SOURCE.key, KEY_B64), (SOURCE.md5, "AAAA")], BAD_MD5),
        (&[(SOURCE.key, KEY_B64), (SOURCE.key, KEY_B64)], TWICE),
    ] {
        let refused = source(pairs);
        assert!(
            matches!(refused, Err(Fault::InvalidArgument { message, .. }) if message == expected),
            "{expected}"
        );
    }
}

#[test]
fn what_answers_show() {
    let mut headers = HeaderMap::new();
    Shown::of(EncryptionMode::Customer, Some("bWQ1".into())).write(&mut headers);
    assert_eq!(
        (headers.len(), &headers[ALGORITHM], &headers[KEY_MD5]),
        (2, &"AES256".parse().unwrap(), &"bWQ1".parse().unwrap())
    );
    let mut headers = HeaderMap::new();
    Shown::of(EncryptionMode::Managed, None).write(&mut headers);
    assert_eq!((headers.len(), &headers[METHOD]), (1, &"AES256".parse().unwrap()));
}
