//! Reads what a request says of who signed it, and refuses everything that can be refused without the secret.

use ::http::header::{AUTHORIZATION, DATE};

use super::canonical::{self, SIGNATURE_PARAMETER};
use super::error::SigError;
use super::payload::{self, PayloadMode};
use super::scope::Scope;
use super::verify::Unverified;
use super::{ALGORITHM, MAX_EXPIRES, MAX_SKEW, RequestView};
use crate::http::date;
use crate::http::query::Query;

const AMZ_DATE: &str = "x-amz-date";
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// Reads the signature of a request; `None` when there is none. `now` is in seconds since the epoch.
pub(crate) fn parse(request: &RequestView<'_>, now: i64) -> Result<Option<Unverified>, SigError> {
    let query = Query::parse(request.raw_query);
    let mut authorizations = request.headers.get_all(AUTHORIZATION).iter().filter(|value| !value.is_empty());
    let authorization = authorizations.next();
    let in_query = is_presigned(&query) || is_presigned_v2(&query);
    if authorizations.next().is_some() || (authorization.is_some() && in_query) {
        return Err(SigError::TwoMechanisms);
    }
    if let Some(value) = authorization {
        let value = value.to_str().map_err(|_| SigError::UnsupportedAuthorization)?;
        return in_header(request, value, now).map(Some);
    }
    if is_presigned(&query) {
        return in_query_parameters(request, &query, now).map(Some);
    }
    if is_presigned_v2(&query) { Err(SigError::UnsupportedV2) } else { Ok(None) }
}

fn is_presigned(query: &Query) -> bool {
    ["X-Amz-Algorithm", "X-Amz-Credential", SIGNATURE_PARAMETER].iter().any(|name| query.has(name))
}

fn is_presigned_v2(query: &Query) -> bool {
    query.has("AWSAccessKeyId") && query.has("Signature")
}

/// AWS, "Authenticating Requests: Using the Authorization Header".
fn in_header(request: &RequestView<'_>, authorization: &str, now: i64) -> Result<Unverified, SigError> {
    let fields = Fields::parse(authorization)?;
    let (access_key, scope) =
        Scope::parse_credential(fields.credential).map_err(SigError::AuthorizationHeaderMalformed)?;
    if request.headers.contains_key(SECURITY_TOKEN) {
        return Err(SigError::InvalidToken);
    }
    let (seconds, amz_date) = request_date(request)?;
    if amz_date.get(..8) != Some(scope.date()) {
        let what = "Invalid credential date. This date is not the same as X-Amz-Date.";
        return Err(SigError::AuthorizationHeaderMalformed(what));
    }
    if now.abs_diff(seconds) > MAX_SKEW.unsigned_abs() {
        return Err(SigError::RequestTimeTooSkewed { request_time: seconds, server_time: now });
    }
    let (content_sha256, payload) =
        PayloadMode::in_headers(request.headers)?.ok_or(SigError::XAmzContentSha256Missing)?;
    let signed_headers = signed_headers(fields.signed_headers)
        .ok_or(SigError::AuthorizationHeaderMalformed("a header is repeated in SignedHeaders."))?;
    refuse_unsigned_headers(request, &signed_headers)?;
    Ok(Unverified {
        access_key: access_key.to_owned(),
        scope,
        amz_date,
        canonical_hashes: canonical_hashes(request, &signed_headers, content_sha256)?,
        signature: fields.signature.to_owned(),
        payload,
        presigned: false,
    })
}

/// AWS, "Authenticating Requests: Using Query Parameters".
fn in_query_parameters(request: &RequestView<'_>, query: &Query, now: i64) -> Result<Unverified, SigError> {
    const INCOMPLETE: &str = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                              X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
    let malformed = SigError::AuthorizationQueryParametersError;
    let single = |name| {
        let mut values = query.all(name);
        values.next().filter(|_| values.next().is_none()).ok_or(malformed(INCOMPLETE))
    };
    if single("X-Amz-Algorithm")? != ALGORITHM {
        return Err(malformed("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
    }
    let (credential, signed) = (single("X-Amz-Credential")?, single("X-Amz-SignedHeaders")?);
    let (amz_date, expires) = (single("X-Amz-Date")?, single("X-Amz-Expires")?);
    let signature = single(SIGNATURE_PARAMETER)?;
    let (access_key, scope) = Scope::parse_credential(credential).map_err(malformed)?;
    if query.has("X-Amz-Security-Token") || request.headers.contains_key(SECURITY_TOKEN) {
        return Err(SigError::InvalidToken);
    }
    let seconds = date::parse_amz(amz_date)
        .ok_or(malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""))?;
    if amz_date.get(..8) != Some(scope.date()) {
        return Err(malformed("Invalid credential date. This date is not the same as X-Amz-Date."));
    }
    refuse_out_of_time(seconds, expires, now)?;
    let (content_sha256, payload) = match (query.get("X-Amz-Content-Sha256"), request.headers) {
        (Some(text), _) => (text, PayloadMode::parse(text)?),
        (None, headers) => {
            PayloadMode::in_headers(headers)?.unwrap_or((payload::UNSIGNED, PayloadMode::Unsigned))
        }
    };
    let signed_headers =
        signed_headers(signed).ok_or(malformed("a header is repeated in X-Amz-SignedHeaders."))?;
    refuse_unsigned_headers(request, &signed_headers)?;
    Ok(Unverified {
        access_key: access_key.to_owned(),
        scope,
        amz_date: amz_date.to_owned(),
        canonical_hashes: canonical_hashes(request, &signed_headers, content_sha256)?,
        signature: signature.to_owned(),
        payload,
        presigned: true,
    })
}

/// A presigned URL is valid from its date, less our tolerance, until so many seconds after it.
fn refuse_out_of_time(seconds: i64, expires: &str, now: i64) -> Result<(), SigError> {
    let malformed = SigError::AuthorizationQueryParametersError;
    if expires.is_empty() || !expires.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed(match expires.strip_prefix('-') {
            Some(rest) if rest.parse::<u64>().is_ok() => "X-Amz-Expires must be non-negative",
            _ => "X-Amz-Expires should be a number",
        }));
    }
    let expires = expires.parse().unwrap_or(i64::MAX);
    if expires > MAX_EXPIRES {
        return Err(malformed("X-Amz-Expires must be less than a week (in seconds) that is 604800"));
    }
    if expires == 0 {
        return Err(malformed("X-Amz-Expires must be at least 1"));
    }
    if seconds > now.saturating_add(MAX_SKEW) {
        return Err(SigError::NotYetValid);
    }
    let expired_at = seconds.saturating_add(expires);
    if now > expired_at {
        return Err(SigError::Expired { expired_at, server_time: now });
    }
    Ok(())
}

/// The fields of the `Authorization` header.
struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Fields<'a> {
    fn parse(authorization: &'a str) -> Result<Self, SigError> {
        let malformed = SigError::AuthorizationHeaderMalformed;
        let authorization = authorization.trim();
        let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        match scheme {
            ALGORITHM => {}
            "AWS" if rest.contains(':') => return Err(SigError::UnsupportedV2),
            _ => return Err(SigError::UnsupportedAuthorization),
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in rest.split(',').map(str::trim).filter(|field| !field.is_empty()) {
            let (name, value) =
                field.split_once('=').ok_or(malformed("a field of the header has no equal-sign."))?;
            let slot = match name.trim_end() {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(malformed("the header has a field that is not known.")),
            };
            if slot.replace(value.trim_start()).is_some() {
                return Err(malformed("a field of the header is repeated."));
            }
        }
        let required = "the header requires Credential, SignedHeaders and Signature.";
        match (credential, signed_headers, signature) {
            (Some(credential), Some(signed_headers), Some(signature)) => {
                Ok(Self { credential, signed_headers, signature })
            }
            _ => Err(malformed(required)),
        }
    }
}

/// `x-amz-date` or, where it is absent, `Date`: in seconds, and as it is signed.
fn request_date(request: &RequestView<'_>) -> Result<(i64, String), SigError> {
    let single = |name: &str| {
        let mut values = request.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let seconds = if request.headers.contains_key(AMZ_DATE) {
        single(AMZ_DATE).and_then(date::parse_amz)
    } else {
        single(DATE.as_str()).and_then(|text| date::parse_http(text).or_else(|| date::parse_amz(text)))
    };
    seconds.map(|seconds| (seconds, date::format_amz(seconds))).ok_or(SigError::MissingDate)
}

/// The names in lower case, sorted; `None` when one is repeated, which would let a short list stand for a
/// huge canonical request.
fn signed_headers(list: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> =
        list.split(';').filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(names)
}

/// `host` and every `x-amz-*` header that is present must be signed, or someone on the way, or a presigned
/// URL's holder, could add what the signer never meant (Swift's CVE-2026-71191).
fn refuse_unsigned_headers(request: &RequestView<'_>, signed: &[String]) -> Result<(), SigError> {
    let is_signed = |name: &str| signed.binary_search_by(|s| s.as_str().cmp(name)).is_ok();
    let plain = request.headers.keys().map(::http::HeaderName::as_str);
    let mut unsigned: Vec<&str> = plain
        .chain(request.secrets.names())
        .filter(|name| is_amz(name))
        .chain(["host"])
        .filter(|name| !is_signed(name))
        .collect();
    unsigned.sort_unstable();
    unsigned.dedup();
    if unsigned.is_empty() { Ok(()) } else { Err(SigError::UnsignedHeaders(unsigned.join(", "))) }
}

/// `x-amz-…`, with `_` as good as `-`.
fn is_amz(name: &str) -> bool {
    let prefix = b"x-amz-";
    name.len() >= prefix.len() && name.bytes().zip(prefix).all(|(b, &p)| b == p || (b == b'_' && p == b'-'))
}

fn canonical_hashes(
    request: &RequestView<'_>,
    signed_headers: &[String],
    payload: &str,
) -> Result<Vec<String>, SigError> {
    // A signed header that a proxy removed: what was signed is not what is here.
    canonical::hashes(request, signed_headers, payload).map_err(|_| SigError::SignatureDoesNotMatch)
}
