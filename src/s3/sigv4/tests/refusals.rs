//! What must not verify, and how it is refused.

use proptest::prelude::*;

use super::*;

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

fn get() -> Request {
    Request::new("GET", "/b/k", "", &[("host", "h")])
}

fn refusal(request: &Request) -> SigError {
    request.verify().unwrap_err()
}

#[test]
fn what_the_signer_signs_verifies() {
    let headers = [("host", "h"), ("x-amz-meta-a", "b  c"), ("x-object-meta-encryption-key", "k")];
    let request = Request::new("PUT", "/b/a%20b//c", "uploadId=%2F&partNumber=1", &headers);
    request.signed(UNSIGNED).verify().unwrap();
    let request = Request::new("PUT", "/b/a%20b//c", "uploadId=%2F&partNumber=1", &headers);
    request.presigned(1).verify().unwrap();
}

#[test]
fn no_signature_is_anonymous() {
    assert!(get().parse_at(NOW).unwrap().is_none());
    assert!(get().with("authorization", "").parse_at(NOW).unwrap().is_none());
}

#[test]
fn anything_changed_does_not_match() {
    let changes: [fn(&mut Request); 8] = [
        |r| r.method = "PUT",
        |r| r.path = "/b/K".into(),
        |r| r.path = "/b//k".into(),
        |r| r.path = "/b/./k".into(),
        |r| r.query = "acl".into(),
        |r| drop(r.headers.insert("host", "other".parse().unwrap())),
        |r| drop(r.headers.remove("host")),
        |r| drop(r.headers.insert("x-amz-content-sha256", EMPTY.parse().unwrap())),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut request = get().signed(UNSIGNED);
        change(&mut request);
        assert_eq!(refusal(&request), SigError::SignatureDoesNotMatch, "change {index}");
    }
    let unverified = get().signed(UNSIGNED).parse_at(NOW).unwrap().unwrap();
    assert_eq!(unverified.verify("other", REGION).unwrap_err(), SigError::SignatureDoesNotMatch);
}

#[test]
fn unsigned_amz_headers_are_refused_and_named() {
    let added = [
        "x-amz-copy-source",
        "x-amz-acl",
        "x_amz_acl",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-meta-encryption-key",
    ];
    for name in added {
        for request in [get().signed(UNSIGNED), get().presigned(60)] {
            let refused = refusal(&request.with(name, "v"));
            assert_eq!(refused, SigError::UnsignedHeaders(name.into()), "{name}");
        }
    }
    // Others may be added on the way.
    get().presigned(60).with("x-object-meta-a", "v").with("user-agent", "u").verify().unwrap();
    let no_host = Request::new("GET", "/b/k", "", &[]).signed(UNSIGNED);
    assert_eq!(refusal(&no_host), SigError::UnsignedHeaders("host".into()));
}

#[test]
fn clocks_and_dates() {
    let request = get().signed(UNSIGNED);
    for skew in [MAX_SKEW, -MAX_SKEW] {
        assert!(request.verify_at(NOW + skew).is_ok());
        let now = NOW + skew + skew.signum();
        let skewed = SigError::RequestTimeTooSkewed { request_time: NOW, server_time: now };
        assert_eq!(request.verify_at(now).unwrap_err(), skewed);
    }
    let mut other_day = get().signed(UNSIGNED);
    other_day.headers.insert("x-amz-date", "20130525T000000Z".parse().unwrap());
    assert!(matches!(refusal(&other_day), SigError::AuthorizationHeaderMalformed(_)));
    let mut no_date = get().signed(UNSIGNED);
    no_date.headers.remove("x-amz-date");
    assert_eq!(refusal(&no_date), SigError::MissingDate);
    let twice = get().signed(UNSIGNED).with("x-amz-date", "20130524T000000Z");
    assert_eq!(refusal(&twice), SigError::MissingDate);
}

#[test]
fn date_stands_in_for_x_amz_date() {
    let mut request =
        get().with("date", "Fri, 24 May 2013 00:00:00 GMT").with("x-amz-content-sha256", UNSIGNED);
    let view = RequestView {
        method: "GET",
        raw_path: "/b/k",
        raw_query: "",
        headers: &request.headers,
        secrets: &SecretHeaders::default(),
    };
    let signed = ["date", "host", "x-amz-content-sha256"].map(String::from);
    let scope = Scope::new("20130524", REGION);
    let hashes = canonical::hashes(&view, &signed, UNSIGNED).unwrap();
    let to_sign = verify::string_to_sign("20130524T000000Z", &scope, &hashes[0]);
    let signature = SigningKey::derive(SECRET, &scope).sign(&to_sign);
    request = request.authorized(&signed.join(";"), &signature);
    request.verify().unwrap();
}

#[test]
fn other_regions_and_services() {
    let unverified = get().signed(UNSIGNED).parse_at(NOW).unwrap().unwrap();
    let error = unverified.verify(SECRET, "eu-west-1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'"
    );
    let mut other_service = get().signed(UNSIGNED);
    let value = other_service.headers["authorization"].to_str().unwrap().replace("/s3/", "/ec2/");
    other_service.headers.insert("authorization", value.parse().unwrap());
    assert!(matches!(refusal(&other_service), SigError::AuthorizationHeaderMalformed(_)));
}

#[test]
fn other_mechanisms() {
    let both = get().presigned(60).signed(UNSIGNED);
    assert_eq!(refusal(&both), SigError::TwoMechanisms);
    let twice = get().signed(UNSIGNED).with("authorization", "Bearer x");
    assert_eq!(refusal(&twice), SigError::TwoMechanisms);
    let v2 = get().with("authorization", "AWS AKID:frJIUN8DYpKDtOLCwo//yllqDzg=");
    assert_eq!(refusal(&v2), SigError::UnsupportedV2);
    let mut v2_query = get();
    v2_query.query = "AWSAccessKeyId=a&Expires=1&Signature=s".into();
    assert_eq!(refusal(&v2_query), SigError::UnsupportedV2);
    for other in ["Bearer x", "AWS HAHAHA", "AWS4-ECDSA-P256-SHA256 Credential=a", "x"] {
        assert_eq!(
            refusal(&get().with("authorization", other)),
            SigError::UnsupportedAuthorization,
            "{other}"
        );
    }
    assert_eq!(refusal(&get().signed(UNSIGNED).with("x-amz-security-token", "t")), SigError::InvalidToken);
    let mut token = get();
    token.query = "X-Amz-Security-Token=t".into();
    assert_eq!(refusal(&token.presigned(60)), SigError::InvalidToken);
}

#[test]
fn malformed_headers() {
    let scope = "AKID/20130524/us-east-1/s3/aws4_request";
    let bad = [
        "AWS4-HMAC-SHA256".to_owned(),
        "AWS4-HMAC-SHA256 Credential".to_owned(),
        "AWS4-HMAC-SHA256 Credential=HAHAHA, SignedHeaders=host, Signature=0".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"),
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0, Signature=0"),
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0, Other=0"),
    ];
    for bad in bad {
        let request = get().with("authorization", &bad).with("x-amz-date", "20130524T000000Z");
        assert!(matches!(refusal(&request), SigError::AuthorizationHeaderMalformed(_)), "{bad}");
    }
    let repeated = get()
        .with("x-amz-date", "20130524T000000Z")
        .with("x-amz-content-sha256", UNSIGNED)
        .authorized("host;host;x-amz-content-sha256;x-amz-date", &"0".repeat(64));
    assert!(matches!(refusal(&repeated), SigError::AuthorizationHeaderMalformed(_)));
    let mut no_hash = get().signed(UNSIGNED);
    no_hash.headers.remove("x-amz-content-sha256");
    assert_eq!(refusal(&no_hash), SigError::XAmzContentSha256Missing);
    assert_eq!(refusal(&get().signed("nonsense")), SigError::XAmzContentSha256Invalid);
}

#[test]
fn malformed_queries() {
    let good = get().presigned(60).query;
    let swaps = [
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=99999999999999999999"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60", "X-Amz-Expires=%2B60"),
        ("X-Amz-Expires=60", "X-Amz-Expires="),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=61"),
        ("X-Amz-Expires=60", "a=b"),
        ("X-Amz-Date=2013", "X-Amz-Date=13"),
        ("X-Amz-Date=20130524", "X-Amz-Date=20130523"),
        ("%2Fs3%2F", "%2Fiam%2F"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Bhost"),
        ("X-Amz-Signature=", "X-Amz-Other="),
    ];
    for (from, to) in swaps {
        let mut request = get();
        request.query = good.replacen(from, to, 1);
        assert!(matches!(refusal(&request), SigError::AuthorizationQueryParametersError(_)), "{to}");
    }
}

#[test]
fn debug_shows_no_signature() {
    let request = get().presigned(60);
    let (_, signature) = request.query.rsplit_once('=').unwrap();
    let unverified = request.parse_at(NOW).unwrap().unwrap();
    assert!(!format!("{unverified:?}").contains(signature));
    assert!(!format!("{:?}", request.verify().unwrap()).contains(signature));
}

proptest! {
    #[test]
    fn garbage_never_panics(authorization in "[ -~]{0,120}", query in "[ -~]{0,120}", date in "[ -~]{0,20}") {
        let request = Request::new("GET", "/b/k", &query, &[("host", "h")])
            .with("x-amz-date", &date)
            .with("authorization", &format!("AWS4-HMAC-SHA256 {authorization}"));
        prop_assert!(request.parse_at(NOW).is_err());
        let mut presigned = get();
        presigned.query = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&{query}");
        prop_assert!(presigned.parse_at(NOW).is_err());
    }

    #[test]
    fn any_path_and_query_round_trip(path in "/[ -~]{0,40}", query in "[ -~]{0,40}", meta in "[ -~]{0,40}") {
        let (path, query) = (path.replace(['?', '#'], "_"), query.replace('#', "_"));
        let request = Request::new("GET", &path, &query, &[("host", "h"), ("x-amz-meta-a", &meta)]);
        request.signed(UNSIGNED).verify().unwrap();
    }
}
