//! Requests as botocore 1.43 signs them (`S3SigV4Auth`, `S3SigV4QueryAuth`), down to the customer's key
//! headers.

use super::*;

const HOST: (&str, &str) = ("host", "localhost:8443");
const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");
const SSE_C: [(&str, &str); 3] = [
    ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
    ("x-amz-server-side-encryption-customer-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ("x-amz-server-side-encryption-customer-key-MD5", "tP/LI3N87DFaSk0aoqYgzg=="),
];
const SSE_C_SIGNED: &str = "x-amz-server-side-encryption-customer-algorithm;\
                            x-amz-server-side-encryption-customer-key;x-amz-server-side-encryption-customer-key-md5";

#[test]
fn puts_with_a_customers_key() {
    let payload = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let plain = [
        HOST,
        DATE,
        ("x-amz-meta-note", "  two  spaces   here "),
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("x-amz-content-sha256", payload),
    ];
    let signed = format!("content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-note;{SSE_C_SIGNED}");
    // As botocore sends it, which is what it signs, and as something on the way may have encoded it anew.
    for path in
        ["/b/dir%20one//..%2Fx%2B~%27%28%29%2A%21/%C3%A9", "/b/dir%20one//..%2fx+~%27%28%29*%21/%c3%a9"]
    {
        let request = Request::new("PUT", path, "", &[&plain[..], &SSE_C].concat())
            .authorized(&signed, "8931225dbe55f8d49fc5f5239d6687a9701e5b937b51e21485fc2eb15ddb907c");
        request.verify().unwrap();
    }
}

#[test]
fn lists() {
    let query = "list-type=2&prefix=a%2Fb%20c&delimiter=%2F&encoding-type=url&continuation-token=x%2B%2F%3D";
    let request = Request::new("GET", "/b", query, &[HOST, DATE, ("x-amz-content-sha256", EMPTY)])
        .authorized(
            "host;x-amz-content-sha256;x-amz-date",
            "4ec040ffbdcbce4df66fd1eb33eba14f7dae8a7c8525da8dd868b46a44d6a1a8",
        );
    request.verify().unwrap();
}

#[test]
fn copies_without_signing_the_payload() {
    let source = ("x-amz-copy-source", "/b/s%20k?versionId=1");
    let request =
        Request::new("PUT", "/b/k", "", &[HOST, DATE, source, ("x-amz-content-sha256", payload::UNSIGNED)])
            .authorized(
                "host;x-amz-content-sha256;x-amz-copy-source;x-amz-date",
                "1e89f2bbd8ce2cb7c4f7b4ebb15560228337e6f00182a0c4e0d9f661d1620780",
            );
    assert_eq!(request.verify().unwrap().payload(), PayloadMode::Unsigned);
}

const CREDENTIAL: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
                          &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                          &X-Amz-Date=20130524T000000Z";

#[test]
fn presigned_get() {
    let query = format!(
        "versionId=3&response-content-type=text%2Fplain&{CREDENTIAL}&X-Amz-Expires=600&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=1b9b05a3e0e86e4d570e094f991a5d1e0f8230b82f8d26053b53ed1913b9913a"
    );
    Request::new("GET", "/b/a%2Bb", &query, &[HOST]).verify().unwrap();
    Request::new("GET", "/b/a+b", &query, &[HOST]).verify().unwrap();
    let other = Request::new("GET", "/b/a%20b", &query, &[HOST]).verify();
    assert_eq!(other.unwrap_err(), SigError::SignatureDoesNotMatch);
}

#[test]
fn presigned_put_with_a_customers_key() {
    let query = format!(
        "{CREDENTIAL}&X-Amz-Expires=604800&X-Amz-SignedHeaders=host%3B{}\
         &X-Amz-Signature=46e8a49d066a00184adc0e0bf1861d6a22ea81cee10a3b7567852b0784c3d9e2",
        SSE_C_SIGNED.replace(';', "%3B")
    );
    let request = Request::new("PUT", "/b/k", &query, &[&[HOST][..], &SSE_C].concat());
    assert!(request.verify().unwrap().is_presigned());
    let without_key = Request::new("PUT", "/b/k", &query, &[HOST]);
    assert_eq!(without_key.verify().unwrap_err(), SigError::SignatureDoesNotMatch);
}
