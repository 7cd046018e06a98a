use std::collections::BTreeMap;

use super::*;
use crate::model::{AccountId, BucketId, BucketName, EncryptionMode, ObjectKey, Timestamp, VersionId};
use crate::ops::Versioning;

fn bucket() -> BucketRecord {
    BucketRecord {
        id: BucketId([0; 16]),
        account: AccountId::new("acct"),
        name: BucketName::new("bkt").unwrap(),
        registered: true,
        created: Timestamp::from_seconds(0),
        modified: Timestamp::from_seconds(0),
        versioning: Versioning::Off,
        metadata: BTreeMap::new(),
        settings_generation: 0,
    }
}

fn page(truncated: bool) -> ObjectPage {
    let object = ObjectRow::Object {
        key: ObjectKey::new("a&b c").unwrap(),
        version_id: VersionId::Null,
        modified: Timestamp::from_seconds(1_700_000_000),
        size: 3,
        etag: "e".into(),
        part_count: None,
        mode: EncryptionMode::Managed,
        content_type: None,
    };
    ObjectPage { rows: vec![object, ObjectRow::Prefix("ü/".into())], truncated }
}

fn render(start: Start<'_>, url_encoding: bool, truncated: bool) -> String {
    let parameters =
        Parameters { prefix: String::new(), delimiter: Some("/".into()), max_keys: 2, url_encoding };
    let (bucket, page) = (bucket(), page(truncated));
    Listing { bucket: &bucket, parameters: &parameters, page: &page, owner: None, start }.render().finish()
}

#[test]
fn version_2() {
    let text = render(Start::V2 { token: None, start_after: Some("a") }, false, true);
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
         xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bkt</Name><Prefix></Prefix><StartAfter>a</StartAfter>\
         <KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>{}</NextContinuationToken><Contents><Key>a&amp;b c</Key>\
         <LastModified>2023-11-14T22:13:20.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>3</Size>\
         <StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>ü/</Prefix></CommonPrefixes>\
         </ListBucketResult>",
        continuation::encode("ü/")
    );
    assert_eq!(text, expected);
}

#[test]
fn version_1_with_encoded_names() {
    let text = render(Start::V1 { marker: "m m" }, true, true);
    for piece in [
        "<Marker>m%20m</Marker>",
        "<EncodingType>url</EncodingType>",
        "<NextMarker>%C3%BC/</NextMarker>",
        "<Key>a%26b%20c</Key>",
        "<CommonPrefixes><Prefix>%C3%BC/</Prefix></CommonPrefixes>",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    assert!(!text.contains("KeyCount") && !text.contains("Continuation"));
    assert!(!render(Start::V1 { marker: "" }, false, false).contains("NextMarker"));
}
