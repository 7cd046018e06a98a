use poem::http::{HeaderName, HeaderValue};

use super::*;
use crate::model::{EncryptionMode, ObjectMetadata, Timestamp, VersionId};
use crate::ops::Digests;

fn info(size: u64) -> ObjectInfo {
    ObjectInfo {
        version_id: VersionId::Null,
        created: Timestamp::from_seconds(1_700_000_000),
        modified: Timestamp::from_seconds(1_700_000_000),
        size,
        mode: EncryptionMode::Managed,
        etag: "abc".into(),
        part_count: None,
        large: None,
        digests: Digests::default(),
        metadata: ObjectMetadata::default(),
        opened: true,
        versioned: false,
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap())).collect()
}

fn part(size: u64, query: &str, pairs: &[(&'static str, &str)]) -> Result<Part, Fault> {
    let headers = headers(pairs);
    let wanted = Wanted::read(&Query::parse(Some(query)).unwrap(), &headers)?;
    // What the domain says of an object of one piece.
    let span =
        wanted.number().filter(|number| *number == 1).map(|number| PartSpan { number, range: 0..size });
    wanted.resolve(&info(size), span.as_ref(), &headers)
}

#[test]
fn ranges() {
    for (header, range) in [
        ("bytes=0-0", 0..1),
        ("bytes=2-5", 2..6),
        ("bytes=2-", 2..10),
        ("bytes=-3", 7..10),
        ("bytes=5-100", 5..10),
        ("bytes=-100", 0..10),
    ] {
        let part = part(10, "", &[("range", header)]).unwrap();
        assert_eq!((part.partial, part.range.clone()), (true, range), "{header}");
        assert_eq!(
            part.content_range(10).unwrap(),
            format!("bytes {}-{}/10", part.range.start, part.range.end - 1)
        );
    }
    for header in ["bytes=0-1,4-5", "lines=1-2", "bytes=x"] {
        let part = part(10, "", &[("range", header)]).unwrap();
        assert_eq!((part.status(), part.is_whole(10)), (StatusCode::OK, true), "{header}");
    }
    for (size, header) in [(10, "bytes=10-"), (0, "bytes=0-0"), (10, "bytes=-0")] {
        assert!(matches!(part(size, "", &[("range", header)]), Err(Fault::InvalidRange { .. })), "{header}");
    }
}

#[test]
fn if_range() {
    let modified = date::format_http(1_700_000_000);
    for (condition, partial) in [
        ("\"abc\"", true),
        ("\"other\"", false),
        ("W/\"abc\"", false),
        (modified.as_str(), true),
        ("yesterday", false),
    ] {
        let part = part(10, "", &[("range", "bytes=1-2"), ("if-range", condition)]).unwrap();
        assert_eq!(part.partial, partial, "{condition}");
    }
}

#[test]
fn part_numbers() {
    let first = part(10, "partNumber=1", &[]).unwrap();
    assert_eq!(
        (first.status(), first.content_range(10).unwrap().as_str()),
        (StatusCode::PARTIAL_CONTENT, "bytes 0-9/10")
    );
    assert_eq!(part(0, "partNumber=1", &[]).unwrap().status(), StatusCode::OK);
    assert!(matches!(part(10, "partNumber=2", &[]), Err(Fault::InvalidPartNumber { asked: 2, count: 1 })));
    for bad in ["0", "10001", "x", ""] {
        assert!(
            matches!(part(10, &format!("partNumber={bad}"), &[]), Err(Fault::InvalidArgument { .. })),
            "{bad}"
        );
    }
    assert!(matches!(part(10, "partNumber=1", &[("range", "bytes=0-1")]), Err(Fault::InvalidRequest { .. })));
    let mut of_parts = info(10);
    of_parts.part_count = Some(3);
    let (wanted, span) = (Wanted::Number(2), PartSpan { number: 2, range: 4..7 });
    let second = wanted.resolve(&of_parts, Some(&span), &HeaderMap::new()).unwrap();
    assert_eq!(second.content_range(10).unwrap(), "bytes 4-6/10");
    let gone = wanted.resolve(&of_parts, None, &HeaderMap::new());
    assert!(matches!(gone, Err(Fault::InvalidPartNumber { asked: 2, count: 3 })));
}
