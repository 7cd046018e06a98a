//! The examples of AWS's manual: "Signature Calculations for the Authorization Header" in a single chunk, in
//! multiple chunks and with trailing headers, and "Authenticating Requests: Using Query Parameters".

use super::*;

const HOST: (&str, &str) = ("Host", "examplebucket.s3.amazonaws.com");
const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");

#[test]
fn aws_example_get_object() {
    let headers = [HOST, ("Range", "bytes=0-9"), ("x-amz-content-sha256", EMPTY), DATE];
    let request = Request::new("GET", "/test.txt", "", &headers).authorized(
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    let verified = request.verify().unwrap();
    assert_eq!(verified.access_key(), ACCESS_KEY);
    assert!(!verified.is_presigned());
    let unverified = request.parse_at(NOW).unwrap().unwrap();
    assert_eq!(
        unverified.string_to_sign_over(&unverified.canonical_hashes[0]),
        "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n\
         7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972"
    );
}

#[test]
fn aws_example_put_object() {
    let sha256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let headers = [
        HOST,
        ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
        DATE,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", sha256),
    ];
    let signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    for path in ["/test$file.text", "/test%24file.text"] {
        let request = Request::new("PUT", path, "", &headers)
            .authorized("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", signature);
        let verified = request.verify().unwrap();
        assert!(matches!(verified.payload(), PayloadMode::Sha256(hash) if hex::encode(hash) == sha256));
    }
}

#[test]
fn aws_example_get_bucket_lifecycle() {
    let headers = [HOST, ("x-amz-content-sha256", EMPTY), DATE];
    let request = Request::new("GET", "/", "lifecycle", &headers).authorized(
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    request.verify().unwrap();
}

#[test]
fn aws_example_list_objects() {
    let headers = [HOST, ("x-amz-content-sha256", EMPTY), DATE];
    let signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
    for query in ["max-keys=2&prefix=J", "prefix=%4a&max-keys=2"] {
        let request = Request::new("GET", "/", query, &headers)
            .authorized("host;x-amz-content-sha256;x-amz-date", signature);
        request.verify().unwrap();
    }
}

#[test]
fn aws_example_presigned() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                 &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let request = Request::new("GET", "/test.txt", query, &[HOST]);
    let verified = request.verify().unwrap();
    assert!(verified.is_presigned());
    assert_eq!(verified.payload(), PayloadMode::Unsigned);
    assert_eq!(Request::new("GET", "/test.txt", "", &[HOST]).presigned(86400).query, query);
    assert!(request.verify_at(NOW + 86400).is_ok());
    let expired = SigError::Expired { expired_at: NOW + 86400, server_time: NOW + 86401 };
    assert_eq!(request.verify_at(NOW + 86401).unwrap_err(), expired);
    assert!(request.verify_at(NOW - MAX_SKEW).is_ok());
    assert_eq!(request.verify_at(NOW - MAX_SKEW - 1).unwrap_err(), SigError::NotYetValid);
}

#[test]
fn aws_example_chunks() {
    let headers = [
        ("Host", "s3.amazonaws.com"),
        DATE,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("Content-Encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("Content-Length", "66824"),
    ];
    let request = Request::new("PUT", "/examplebucket/chunkObject.txt", "", &headers).authorized(
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
         x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    );
    let verified = request.verify().unwrap();
    assert_eq!(verified.payload(), PayloadMode::StreamingSigned);
    let mut chunks = verified.chunk_signer();
    let expected = [
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ];
    for (length, signature) in expected {
        assert_eq!(chunks.clone().sign_chunk(&sha256_of_a(length)), signature);
        assert!(chunks.verify_chunk(&sha256_of_a(length), signature));
    }
}

#[test]
fn aws_example_trailer() {
    let headers = [
        ("Host", "s3.amazonaws.com"),
        DATE,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        ("Content-Encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ("Content-Length", "66824"),
    ];
    let request = Request::new("PUT", "/examplebucket/chunkObject.txt", "", &headers).authorized(
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;\
         x-amz-trailer",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    );
    let verified = request.verify().unwrap();
    assert_eq!(verified.payload(), PayloadMode::StreamingSignedTrailer);
    let mut chunks = verified.chunk_signer();
    let expected = [
        (65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
        (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
        (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
    ];
    for (length, signature) in expected {
        assert!(chunks.verify_chunk(&sha256_of_a(length), signature));
    }
    let trailer = sha256(b"x-amz-checksum-crc32c:sOO8/Q==\n");
    let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
    assert!(chunks.verify_trailer(&trailer, signature));
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

fn sha256_of_a(length: usize) -> [u8; 32] {
    sha256(&vec![b'a'; length])
}
