//! The bad-input table of SSE-C, over the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::world::{Answer, Call, World, call};

const ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
const KEY: &str = "x-amz-server-side-encryption-customer-key";
const MD5: &str = "x-amz-server-side-encryption-customer-key-MD5";
/// The one algorithm.
const AES: (&str, &str) = (ALGORITHM, "AES256");
/// The key of the tests.
const A: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const B: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
const SHORT: &str = "MDEyMzQ1Njc4OQ==";

/// The MD5 of a key, as clients compute it.
fn md5(key: &str) -> String {
    STANDARD.encode(Md5::digest(STANDARD.decode(key).unwrap()))
}

fn with_key(call: Call, key: &str) -> Call {
    call.header(ALGORITHM, "AES256").header(KEY, key).header(MD5, &md5(key))
}

async fn world() -> World {
    let world = World::new().await;
    let put = world
        .send(with_key(call("PUT", "/bucket/c").body("secret"), A).header("x-amz-meta-a", "b"))
        .await
        .ok();
    assert_eq!(put.header(ALGORITHM), Some("AES256"));
    assert_eq!(put.header(MD5), Some(md5(A).as_str()));
    assert_eq!(put.header("x-amz-server-side-encryption"), None);
    assert_eq!(put.header("etag").unwrap().len(), 34);
    assert_ne!(put.header("etag"), Some("\"5ebe2294ecd0e0f08eab7690d2a6ee69\""));
    assert!(put.header("x-amz-checksum-crc64nvme").is_some());
    world.send(call("PUT", "/bucket/plain").body("plain")).await.ok();
    world
}

/// Headers, code, message, `ArgumentValue`.
type Row<'r> = (Vec<(&'r str, &'r str)>, &'static str, &'static str, Option<&'static str>);

fn says(answer: &Answer, status: u16, code: &str, message: &str) {
    assert_eq!((answer.fault(), answer.message()), ((status, code), message), "{}", answer.text());
}

#[tokio::test]
async fn right_key() {
    let world = world().await;
    for method in ["GET", "HEAD"] {
        let answer = world.send(with_key(call(method, "/bucket/c"), A)).await.ok();
        assert_eq!(answer.header(ALGORITHM), Some("AES256"));
        assert_eq!(answer.header(MD5), Some(md5(A).as_str()));
        assert_eq!(answer.header("x-amz-server-side-encryption"), None);
        assert_eq!(answer.header("x-amz-meta-a"), Some("b"));
        assert_eq!(answer.text(), if method == "GET" { "secret" } else { "" });
    }
    let part = world.send(with_key(call("GET", "/bucket/c").header("range", "bytes=1-2"), A)).await;
    assert_eq!((part.status, part.text()), (206, "ec"));
    for sub in ["tagging", "acl"] {
        world.send(call("GET", format!("/bucket/c?{sub}"))).await.ok();
    }
    world.send(call("DELETE", "/bucket/c")).await.ok();
}

#[tokio::test]
async fn bad_writes() {
    let world = world().await;
    let put = || call("PUT", "/bucket/new").body("x");
    let (a_md5, short_md5) = (md5(A), md5(SHORT));
    let rows: Vec<Row<'_>> = vec![
        (
            vec![("x-amz-server-side-encryption", "AES256"), (ALGORITHM, "KMS"), (KEY, A), (MD5, &a_md5)],
            "InvalidArgument",
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
            Some("AES256"),
        ),
        (
            vec![(ALGORITHM, "KMS"), (KEY, A), (MD5, &a_md5)],
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
            Some("KMS"),
        ),
        (
            vec![(KEY, A), (MD5, &a_md5)],
            "InvalidArgument",
            "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption \
             algorithm.",
            None,
        ),
        (
            vec![AES, (MD5, &a_md5)],
            "InvalidArgument",
            "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret \
             key.",
            None,
        ),
        (
            vec![AES, (KEY, SHORT), (MD5, &short_md5)],
            "InvalidArgument",
            "The secret key was invalid for the specified algorithm.",
            None,
        ),
        (
            vec![AES, (KEY, "not base64"), (MD5, &a_md5)],
            "InvalidArgument",
            "The secret key was invalid for the specified algorithm.",
            None,
        ),
        (
            vec![AES, (KEY, B), (MD5, &a_md5)],
            "InvalidArgument",
            "The calculated MD5 hash of the key did not match the hash that was provided.",
            None,
        ),
        (
            vec![AES, (KEY, A)],
            "InvalidArgument",
            "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated \
             MD5 of the secret key.",
            None,
        ),
    ];
    for (headers, code, message, value) in rows {
        let answer = world.send(put().headers(&headers)).await;
        says(&answer, 400, code, message);
        assert_eq!(answer.element("ArgumentName"), Some("x-amz-server-side-encryption"));
        assert_eq!(answer.element("ArgumentValue"), value);
    }
    let insecure = world.send(with_key(put(), A).insecure()).await;
    says(
        &insecure,
        400,
        "InvalidRequest",
        "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
    );
    assert_eq!(world.send(call("GET", "/bucket/new")).await.fault(), (404, "NoSuchKey"));
}

const WRONG: &str = "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.";
const NONE: &str = "The object was stored using a form of Server Side Encryption. The correct parameters must be \
                    provided to retrieve the object.";

#[tokio::test]
async fn bad_reads() {
    let world = world().await;
    let twice = STANDARD.encode(A);
    for method in ["GET", "HEAD"] {
        let read = |key: &str| call(method, format!("/bucket/{key}"));
        says(&world.send(read("c")).await, 400, "InvalidRequest", NONE);
        for key in [B, SHORT, twice.as_str()] {
            says(&world.send(with_key(read("c"), key)).await, 403, "AccessDenied", WRONG);
        }
        let algorithm = read("c").header(ALGORITHM, "KMS").header(KEY, A).header(MD5, &md5(A));
        assert_eq!(world.send(algorithm).await.fault(), (400, "InvalidEncryptionAlgorithmError"));
        let not_applicable = world.send(with_key(read("plain"), A)).await;
        let message = "The encryption parameters are not applicable to this object.";
        says(&not_applicable, 400, "InvalidRequest", message);
        let method_header = world.send(read("plain").header("x-amz-server-side-encryption", "AES256")).await;
        assert_eq!(method_header.fault(), (400, "InvalidArgument"));
        // The object comes first, whatever the key is.
        let missing = read("none").header(ALGORITHM, "KMS").header(KEY, A);
        assert_eq!(world.send(missing).await.fault(), (404, "NoSuchKey"));
        assert_eq!(world.send(with_key(read("none"), SHORT)).await.fault(), (404, "NoSuchKey"));
        assert_eq!(world.send(with_key(read("c"), A).insecure()).await.fault(), (400, "InvalidRequest"));
        // The key comes before the conditions.
        let condition = with_key(read("c"), B).header("if-match", "\"x\"");
        assert_eq!(world.send(condition).await.fault(), (403, "AccessDenied"));
    }
}
