//! Round trips over every way to cut the wire, and everything that must not be taken for a whole body.

use ::http::HeaderMap;
use proptest::prelude::*;

use super::encode::Encoder;
use super::*;
use crate::http::body::{LimitedError, read_limited};
use crate::http::checksum::Hasher;
use crate::s3::sigv4::sign::Signer;

const CRC32C: &str = "x-amz-checksum-crc32c";

/// Decodes a wire that comes in these pieces.
async fn read(
    pieces: Vec<Bytes>,
    framing: Framing,
    declared: Option<u64>,
    trailers: &[AnnouncedTrailer],
) -> Result<Bytes, BodyError> {
    let wire = Body::from_stream(None, stream::iter(pieces.into_iter().map(Ok)));
    match read_limited(decode(wire, framing, declared, trailers.to_vec()), usize::MAX).await {
        Ok(bytes) => Ok(bytes),
        Err(LimitedError::Body(error)) => Err(error),
        Err(LimitedError::TooLarge) => unreachable!("there is no limit"),
    }
}

fn read_now(
    pieces: Vec<Bytes>,
    framing: Framing,
    declared: Option<u64>,
    trailers: &[AnnouncedTrailer],
) -> Result<Bytes, BodyError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read(pieces, framing, declared, trailers))
}

fn read_text(wire: &str, framing: Framing, declared: u64) -> Result<Bytes, BodyError> {
    read_now(vec![Bytes::copy_from_slice(wire.as_bytes())], framing, Some(declared), &[])
}

fn signer() -> ChunkSigner {
    let signer = Signer { access_key: "a", secret: "s", region: "r", now: 1_369_353_600 };
    signer.sign("PUT", "/b/k", "", &mut HeaderMap::new(), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD").unwrap()
}

fn crc32c() -> AnnouncedTrailer {
    AnnouncedTrailer { algorithm: ChecksumAlgorithm::Crc32c, value: Arc::default() }
}

fn crc32c_of(bytes: &[u8]) -> (Vec<u8>, String) {
    use base64::Engine;
    let mut hasher = Hasher::new(ChecksumAlgorithm::Crc32c);
    hasher.update(bytes);
    let value = hasher.finish();
    let text = base64::engine::general_purpose::STANDARD.encode(&value);
    (value, text)
}

/// One body in one framing, on the wire.
struct Wire {
    plain: Vec<u8>,
    encoded: Bytes,
    framing: Framing,
    trailers: Vec<AnnouncedTrailer>,
}

impl Wire {
    fn all(chunks: &[Vec<u8>]) -> [Self; 4] {
        let plain = chunks.concat();
        let (_, crc) = crc32c_of(&plain);
        let trailer = [(CRC32C, crc.as_str())];
        let chunked =
            |signer| chunks.iter().fold(Encoder::new(signer), |encoder, chunk| encoder.chunk(chunk));
        let wire = |encoded, framing, trailers| Self { plain: plain.clone(), encoded, framing, trailers };
        [
            wire(chunked(Some(signer())).finish(&[]), Framing::Signed(signer()), vec![]),
            wire(
                chunked(Some(signer())).finish_signed(&trailer),
                Framing::SignedTrailer(signer()),
                vec![crc32c()],
            ),
            wire(chunked(None).finish(&trailer), Framing::UnsignedTrailer, vec![crc32c()]),
            wire(chunked(None).finish(&[]), Framing::UnsignedTrailer, vec![]),
        ]
    }

    fn read(&self, pieces: Vec<Bytes>) -> Result<Bytes, BodyError> {
        read_now(pieces, self.framing.clone(), Some(self.plain.len() as u64), &self.trailers)
    }

    fn assert_whole(&self, pieces: Vec<Bytes>) {
        assert_eq!(self.read(pieces).unwrap(), self.plain);
        for trailer in &self.trailers {
            assert_eq!(trailer.value.get(), Some(&crc32c_of(&self.plain).0));
        }
    }
}

fn cut(bytes: &Bytes, at: &[usize]) -> Vec<Bytes> {
    let mut at: Vec<usize> = at.iter().map(|at| at % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| bytes.slice(pair[0]..pair[1])).collect()
}

#[test]
fn cut_anywhere_it_is_the_same() {
    let chunks = [b"hello ".to_vec(), b"world\r\n0\r\n".to_vec(), vec![b'x'; 300]];
    for chunks in [&chunks[..], &[]] {
        for wire in Wire::all(chunks) {
            // A cell takes one value: a fresh body for each run.
            let fresh =
                || Wire { trailers: wire.trailers.iter().map(|_| crc32c()).collect(), ..wire_of(&wire) };
            for at in 0..=wire.encoded.len() {
                fresh().assert_whole(cut(&wire.encoded, &[at]));
            }
            fresh().assert_whole(wire.encoded.chunks(1).map(Bytes::copy_from_slice).collect());
        }
    }
}

fn wire_of(wire: &Wire) -> Wire {
    Wire {
        plain: wire.plain.clone(),
        encoded: wire.encoded.clone(),
        framing: wire.framing.clone(),
        trailers: wire.trailers.clone(),
    }
}

#[test]
fn cut_short_anywhere_it_is_an_error() {
    for wire in Wire::all(&[b"hello".to_vec(), b"world".to_vec()]) {
        for end in 0..wire.encoded.len() {
            let error = wire.read(vec![wire.encoded.slice(..end)]).unwrap_err();
            assert!(matches!(error, BodyError::Incomplete | BodyError::TrailerMissing), "{end}: {error}");
            assert!(wire.trailers.iter().all(|trailer| trailer.value.get().is_none()), "{end}");
        }
    }
}

#[test]
fn a_changed_byte_is_an_error_where_signed() {
    for wire in Wire::all(&[b"hello".to_vec(), b"world".to_vec()]).iter().take(2) {
        for at in 0..wire.encoded.len() {
            let mut changed = wire.encoded.to_vec();
            changed[at] ^= 0x01;
            assert!(wire.read(vec![changed.into()]).is_err(), "{at}");
        }
    }
}

#[test]
fn bytes_after_the_end_are_an_error() {
    for wire in Wire::all(&[b"hello".to_vec()]) {
        let error = wire.read(vec![wire.encoded.clone(), Bytes::from_static(b"0")]).unwrap_err();
        assert!(matches!(error, BodyError::Malformed(_)), "{error}");
    }
}

#[test]
fn swapped_and_repeated_chunks_are_an_error() {
    let chunk = |signer: &mut ChunkSigner, bytes: &[u8]| {
        use sha2::Digest;
        let signature = signer.sign_chunk(&sha2::Sha256::digest(bytes).into()).to_owned();
        let text = std::str::from_utf8(bytes).unwrap();
        format!("{:x};chunk-signature={signature}\r\n{text}\r\n", bytes.len())
    };
    let mut chain = signer();
    let (a, b, end) = (chunk(&mut chain, b"a"), chunk(&mut chain, b"b"), chunk(&mut chain, b""));
    let read = |wire: String, length| read_text(&wire, Framing::Signed(signer()), length);
    assert_eq!(read(format!("{a}{b}{end}"), 2).unwrap(), "ab");
    assert_eq!(read(format!("{b}{a}{end}"), 2), Err(BodyError::ChunkSignature));
    assert_eq!(read(format!("{a}{a}{b}{end}"), 3), Err(BodyError::ChunkSignature));
    assert_eq!(read(format!("{a}{end}"), 1), Err(BodyError::ChunkSignature));
    assert_eq!(read(format!("{b}{end}"), 1), Err(BodyError::ChunkSignature));
}

#[test]
fn the_declared_length_holds() {
    let wire = "5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(read_text(wire, Framing::UnsignedTrailer, 5).unwrap(), "hello");
    assert_eq!(read_text(wire, Framing::UnsignedTrailer, 6), Err(BodyError::Incomplete));
    assert_eq!(read_text(wire, Framing::UnsignedTrailer, 4), Err(BodyError::TooLong));
    let pieces = vec![Bytes::from_static(wire.as_bytes())];
    assert_eq!(read_now(pieces, Framing::UnsignedTrailer, None, &[]).unwrap(), "hello");
}

#[test]
fn malformed_framing() {
    let bad = [
        "x\r\n",
        "\r\n",
        "-1\r\na\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1\na\r\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\na0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\na\r\r\n0\r\n\r\n",
    ];
    for wire in bad {
        let error = read_text(wire, Framing::UnsignedTrailer, 1).unwrap_err();
        assert!(matches!(error, BodyError::Malformed(_)), "{wire:?}: {error}");
    }
    let unsigned = read_text("1\r\na\r\n0\r\n\r\n", Framing::Signed(signer()), 1);
    assert_eq!(unsigned, Err(BodyError::Malformed("a chunk has no signature")));
    // What the framing does not sign may carry extensions: they mean nothing.
    assert_eq!(read_text("1;a=b\r\na\r\n0;c\r\n\r\n", Framing::UnsignedTrailer, 1).unwrap(), "a");
}

#[test]
fn sizes_and_lines_are_bounded() {
    let read = |wire: &str| {
        read_now(vec![Bytes::copy_from_slice(wire.as_bytes())], Framing::UnsignedTrailer, None, &[])
    };
    assert_eq!(read("140000001\r\n"), Err(BodyError::ChunkTooLarge));
    assert_eq!(read("ffffffffffffffff\r\n"), Err(BodyError::ChunkTooLarge));
    assert_eq!(read("10000000000000000\r\n"), Err(BodyError::ChunkTooLarge));
    assert!(matches!(read(&"0".repeat(MAX_CHUNK_LINE)), Err(BodyError::Malformed(_))));
    assert!(matches!(read(&format!("1;{}", "x".repeat(MAX_CHUNK_LINE))), Err(BodyError::Malformed(_))));
    let long = format!("0\r\n{CRC32C}:{}", "A".repeat(MAX_TRAILER_LINE));
    assert!(matches!(read(&long), Err(BodyError::Malformed(_))));
    let tiny = "1;xxxxxxxxxx\r\na\r\n".repeat(10_000);
    assert_eq!(read(&tiny), Err(BodyError::Malformed("the chunks are too small")));
}

#[test]
fn trailers_are_what_was_announced() {
    let read = |trailer: &str, announced: &[AnnouncedTrailer]| {
        let wire = Bytes::from(format!("1\r\na\r\n0\r\n{trailer}\r\n"));
        read_now(vec![wire], Framing::UnsignedTrailer, Some(1), announced)
    };
    let (_, crc) = crc32c_of(b"a");
    let good = format!("{CRC32C}:{crc}\r\n");
    assert_eq!(read(&good, &[crc32c()]).unwrap(), "a");
    assert_eq!(read(&good.to_uppercase().replace(&crc.to_uppercase(), &crc), &[crc32c()]).unwrap(), "a");
    assert_eq!(read(&format!("{CRC32C}: {crc} \n"), &[crc32c()]).unwrap(), "a");
    assert_eq!(read("", &[crc32c()]), Err(BodyError::TrailerMissing));
    let malformed = [
        (good.clone(), vec![]),
        (format!("{good}{good}"), vec![crc32c()]),
        (format!("{CRC32C}\r\n"), vec![crc32c()]),
        (format!("{CRC32C}:\r\n"), vec![crc32c()]),
        (format!("{CRC32C}:AAAA\r\n"), vec![crc32c()]),
        (format!("{CRC32C}:{}\r\n", crc.trim_end_matches('=')), vec![crc32c()]),
        (format!("{CRC32C}:????????\r\n"), vec![crc32c()]),
        (format!("{good}x-amz-checksum-sha1:{crc}\r\n"), vec![crc32c()]),
        (format!("{good}x-amz-trailer-signature:{}\r\n", "0".repeat(64)), vec![crc32c()]),
        (format!("{good}x-amz-meta-a:b\r\n"), vec![crc32c()]),
    ];
    for (trailer, announced) in malformed {
        let error = read(&trailer, &announced).unwrap_err();
        assert!(matches!(error, BodyError::TrailerMalformed(_)), "{trailer:?}: {error}");
    }
}

#[test]
fn what_botocore_sends() {
    let wires = [
        ("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "hello"),
        ("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", ""),
    ];
    for (wire, plain) in wires {
        let crc = AnnouncedTrailer { algorithm: ChecksumAlgorithm::Crc32, value: Arc::default() };
        let pieces = vec![Bytes::from_static(wire.as_bytes())];
        let read =
            read_now(pieces, Framing::UnsignedTrailer, Some(plain.len() as u64), std::slice::from_ref(&crc));
        assert_eq!(read.unwrap(), plain);
        let mut hasher = Hasher::new(ChecksumAlgorithm::Crc32);
        hasher.update(plain.as_bytes());
        assert_eq!(crc.value.get(), Some(&hasher.finish()));
    }
}

#[test]
fn signed_trailers() {
    let (_, crc) = crc32c_of(b"a");
    let encoder = || Encoder::new(Some(signer())).chunk(b"a");
    let read = |wire: Bytes| read_now(vec![wire], Framing::SignedTrailer(signer()), Some(1), &[crc32c()]);
    let good = encoder().finish_signed(&[(CRC32C, &crc)]);
    assert_eq!(read(good.clone()).unwrap(), "a");
    // AWS's manual shows one with `\n\r\n` before the signature.
    let text = String::from_utf8(good.to_vec()).unwrap();
    let documented = text.replace("\r\nx-amz-trailer-signature", "\n\r\nx-amz-trailer-signature");
    assert_eq!(read(documented.into()).unwrap(), "a");
    let other = text.replace(&crc, "AAAAAA==");
    assert_eq!(read(other.into()), Err(BodyError::TrailerSignature));
    let unsigned = encoder().finish(&[(CRC32C, &crc)]);
    assert_eq!(read(unsigned), Err(BodyError::TrailerMissing));
    assert_eq!(read(encoder().finish_signed(&[])), Err(BodyError::TrailerMissing));
    let (head, tail) = text.rsplit_once(CRC32C).unwrap();
    let (line, signature) = tail.split_once("\r\n").unwrap();
    let signature_first =
        format!("{head}{}{CRC32C}{line}\r\n\r\n", signature.trim_end_matches("\r\n").to_owned() + "\r\n");
    assert!(matches!(read(signature_first.into()), Err(BodyError::TrailerMalformed(_))));
}

#[tokio::test]
async fn plain_and_hashed_bodies() {
    use sha2::Digest;
    let pieces = || vec![Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
    let sha256 = sha2::Sha256::digest(b"abc").into();
    assert_eq!(read(pieces(), Framing::Plain, None, &[]).await.unwrap(), "abc");
    assert_eq!(read(pieces(), Framing::Sha256(sha256), None, &[]).await.unwrap(), "abc");
    assert_eq!(read(pieces(), Framing::Sha256([0; 32]), None, &[]).await, Err(BodyError::Sha256Mismatch));
    assert_eq!(read(vec![], Framing::Sha256(sha256), None, &[]).await, Err(BodyError::Sha256Mismatch));
    for framing in [Framing::Plain, Framing::Sha256(sha256)] {
        assert_eq!(read(pieces(), framing, None, &[crc32c()]).await, Err(BodyError::TrailerMissing));
    }
}

#[tokio::test]
async fn the_wires_own_errors_pass_and_the_length_is_the_decoded_one() {
    let broken = stream::iter([Ok(Bytes::from_static(b"5\r\nhel")), Err(BodyError::Stalled)]);
    let mut body = decode(Body::from_stream(Some(20), broken), Framing::UnsignedTrailer, Some(5), vec![]);
    assert_eq!(body.length, Some(5));
    assert_eq!(body.stream.next().await, Some(Ok(Bytes::from_static(b"hel"))));
    assert_eq!(body.stream.next().await, Some(Err(BodyError::Stalled)));
    assert_eq!(body.stream.next().await, None);
}

#[test]
fn signed_chunks_need_a_signer() {
    assert!(Framing::new(PayloadMode::StreamingSigned, None).is_none());
    assert!(Framing::new(PayloadMode::StreamingSignedTrailer, None).is_none());
    assert!(matches!(Framing::new(PayloadMode::StreamingSigned, Some(signer())), Some(Framing::Signed(_))));
    let modes = [PayloadMode::Unsigned, PayloadMode::Sha256([0; 32]), PayloadMode::StreamingUnsignedTrailer];
    assert!(modes.into_iter().all(|mode| Framing::new(mode, None).is_some()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn round_trips(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..2000), 0..8),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        for wire in Wire::all(&chunks) {
            wire.assert_whole(cut(&wire.encoded, &cuts));
        }
    }

    #[test]
    fn garbage_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        text in "[0-9a-f;:\r\n]{0,200}",
        cuts in prop::collection::vec(any::<usize>(), 0..5),
    ) {
        for bytes in [Bytes::from(bytes), Bytes::from(text)] {
            let framings = [Framing::UnsignedTrailer, Framing::Signed(signer()), Framing::SignedTrailer(signer())];
            for framing in framings {
                let announced = [crc32c()];
                prop_assert!(read_now(cut(&bytes, &cuts), framing, None, &announced).is_err());
            }
        }
    }
}
