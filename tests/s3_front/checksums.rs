//! Bodies: the five payload modes, `Content-MD5`, checksums in headers and trailers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardea::s3::testing::Encoder;
use sha2::{Digest, Sha256};

use super::world::{World, call};

const CRC32: &str = "y/Q5Jg==";
const CRC64NVME: &str = "rosUhgp5mIg=";

#[tokio::test]
async fn payload_modes() {
    let world = World::new().await;
    let sha256 = hex::encode(Sha256::digest(b"123456789"));
    let put = || call("PUT", "/bucket/k");
    let calls = [
        put().body("123456789"),
        put().body("123456789").payload(&sha256),
        put().framed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 9, |chunks| {
            Encoder::new(Some(chunks)).chunk(b"12345").chunk(b"6789").finish(&[])
        }),
        put().header("x-amz-trailer", "x-amz-checksum-crc32").framed(
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            9,
            |chunks| {
                Encoder::new(Some(chunks))
                    .chunk(b"123456789")
                    .finish_signed(&[("x-amz-checksum-crc32", CRC32)])
            },
        ),
        put().header("x-amz-trailer", "x-amz-checksum-crc32").framed(
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            9,
            |_| Encoder::new(None).chunk(b"123456789").finish(&[("x-amz-checksum-crc32", CRC32)]),
        ),
    ];
    for (mode, call_) in calls.into_iter().enumerate() {
        let has_trailer = mode >= 3;
        let put = world.send(call_).await.ok();
        assert_eq!(put.header("x-amz-checksum-crc32"), has_trailer.then_some(CRC32), "{mode}");
        assert_eq!(put.header("x-amz-checksum-crc64nvme"), (!has_trailer).then_some(CRC64NVME), "{mode}");
        let got = world.send(call("GET", "/bucket/k").header("x-amz-checksum-mode", "ENABLED")).await.ok();
        assert_eq!(got.text(), "123456789", "{mode}");
        assert_eq!(got.header("x-amz-checksum-crc32"), has_trailer.then_some(CRC32), "{mode}");
        assert_eq!(got.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        world.send(call("DELETE", "/bucket/k")).await.ok();
    }
    let part = call("GET", "/bucket/k").header("x-amz-checksum-mode", "ENABLED").header("range", "bytes=0-1");
    world.send(call("PUT", "/bucket/k").body("123456789")).await.ok();
    assert_eq!(world.send(part).await.ok().header("x-amz-checksum-crc64nvme"), None);
}

#[tokio::test]
async fn bodies_that_do_not_match() {
    let world = World::new().await;
    let put = || call("PUT", "/bucket/k").body("123456789");
    let trailer = |value: &'static str| {
        let frame: fn(cardea::s3::testing::ChunkSigner) -> bytes::Bytes = match value {
            "wrong" => {
                |_| Encoder::new(None).chunk(b"123456789").finish(&[("x-amz-checksum-crc32", "AAAAAA==")])
            }
            _ => |_| Encoder::new(None).chunk(b"123456789").finish(&[]),
        };
        call("PUT", "/bucket/k").header("x-amz-trailer", "x-amz-checksum-crc32").framed(
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            9,
            frame,
        )
    };
    let rows = [
        (put().payload(&"00".repeat(32)), 400, "XAmzContentSHA256Mismatch"),
        (put().payload("NO-SUCH-MODE"), 400, "InvalidArgument"),
        (put().header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="), 400, "BadDigest"),
        (put().header("content-md5", "AAAA"), 400, "InvalidDigest"),
        (put().header("x-amz-checksum-crc32", "AAAAAA=="), 400, "BadDigest"),
        (put().header("x-amz-checksum-crc32", "AAAA"), 400, "InvalidRequest"),
        (put().header("x-amz-sdk-checksum-algorithm", "CRC32"), 400, "InvalidRequest"),
        (
            put().header("x-amz-checksum-crc32", CRC32).header("x-amz-checksum-crc64nvme", CRC64NVME),
            400,
            "InvalidRequest",
        ),
        (trailer("wrong"), 400, "BadDigest"),
        (trailer("none"), 400, "MalformedTrailerError"),
        (put().header("x-amz-trailer", "x-amz-checksum-crc32"), 400, "MalformedTrailerError"),
        (
            call("PUT", "/bucket/k").framed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 9, |mut chunks| {
                let _ = chunks.sign_chunk(&[0; 32]);
                Encoder::new(Some(chunks)).chunk(b"123456789").finish(&[])
            }),
            403,
            "SignatureDoesNotMatch",
        ),
    ];
    for (row, (call_, status, code)) in rows.into_iter().enumerate() {
        let answer = world.send(call_).await;
        assert_eq!(answer.fault(), (status, code), "row {row}: {}", answer.text());
        assert_eq!(world.send(call("GET", "/bucket/k")).await.fault(), (404, "NoSuchKey"), "row {row}");
    }
    let good = STANDARD.encode(<md5::Md5 as md5::Digest>::digest(b"123456789"));
    world.send(put().header("content-md5", &good).header("x-amz-checksum-crc32", CRC32)).await.ok();
}
