//! AWS's manual, requests signed by other clients, and what must not verify.

mod clients;
mod manual;
mod refusals;

use ::http::HeaderMap;
use ::http::header::{HeaderName, HeaderValue};

use super::key::SigningKey;
use super::scope::Scope;
use super::sign::Signer;
use super::verify::Verified;
use super::*;
use crate::http::secret_headers::SecretHeaders;

const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const REGION: &str = "us-east-1";
const NOW: i64 = 1_369_353_600;
const EMPTY: &str = chunk::EMPTY_SHA256;
const SIGNER: Signer<'_> = Signer { access_key: ACCESS_KEY, secret: SECRET, region: REGION, now: NOW };

/// A request as a test writes it down.
struct Request {
    method: &'static str,
    path: String,
    query: String,
    headers: HeaderMap,
}

impl Request {
    fn new(method: &'static str, path: &str, query: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect();
        Self { method, path: path.into(), query: query.into(), headers }
    }

    fn signed(mut self, payload: &str) -> Self {
        SIGNER.sign(self.method, &self.path, &self.query, &mut self.headers, payload).unwrap();
        self
    }

    fn presigned(mut self, expires: u32) -> Self {
        self.query = SIGNER.presign(self.method, &self.path, &self.query, &self.headers, expires);
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    fn authorized(self, signed_headers: &str, signature: &str) -> Self {
        let scope = "20130524/us-east-1/s3/aws4_request";
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope},SignedHeaders={signed_headers},Signature={signature}"
        );
        self.with("authorization", &value)
    }

    fn parse_at(&self, now: i64) -> Result<Option<Unverified>, SigError> {
        let mut headers = self.headers.clone();
        let secrets = SecretHeaders::lift(&mut headers);
        let view = RequestView {
            method: self.method,
            raw_path: &self.path,
            raw_query: &self.query,
            headers: &headers,
            secrets: &secrets,
        };
        parse(&view, now)
    }

    fn verify_at(&self, now: i64) -> Result<Verified, SigError> {
        self.parse_at(now)?.expect("a signature").verify(SECRET, REGION)
    }

    fn verify(&self) -> Result<Verified, SigError> {
        self.verify_at(NOW)
    }
}
