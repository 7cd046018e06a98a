//! Signs requests: the client's side, for tests, benches and the copy of a command line.

use ::http::HeaderMap;
use ::http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};

use super::canonical;
use super::chunk::ChunkSigner;
use super::key::SigningKey;
use super::scope::Scope;
use super::verify::string_to_sign;
use super::{ALGORITHM, RequestView};
use crate::http::secret_headers::SecretHeaders;
use crate::http::{date, percent};

/// Someone who signs, at one moment.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The access key.
    pub access_key: &'a str,
    pub secret: &'a str,
    pub region: &'a str,
    /// The moment, in seconds since the epoch.
    pub now: i64,
}

impl Signer<'_> {
    /// Signs a request in its headers: all that are there, and those it adds (`x-amz-date`,
    /// `x-amz-content-sha256`, `authorization`). `payload` is the value of `x-amz-content-sha256`. Returns
    /// what signs the body's chunks.
    pub fn sign(
        &self,
        method: &str,
        raw_path: &str,
        raw_query: &str,
        headers: &mut HeaderMap,
        payload: &str,
    ) -> Result<ChunkSigner, InvalidHeaderValue> {
        let amz_date = date::format_amz(self.now);
        headers.insert("x-amz-date", HeaderValue::from_str(&amz_date)?);
        headers.insert("x-amz-content-sha256", HeaderValue::from_str(payload)?);
        let signed = names(headers);
        let scope = Scope::new(&amz_date[..8], self.region);
        let (key, signature) = self.signature(
            &RequestView { method, raw_path, raw_query, headers, secrets: &SecretHeaders::default() },
            &signed,
            payload,
            &scope,
        );
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.access_key,
            signed.join(";")
        );
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization)?);
        Ok(ChunkSigner::new(key, &amz_date, &scope.to_string(), signature))
    }

    /// Signs a request in its query: returns the whole query, to be valid for so many seconds. All of
    /// `headers` are signed and have to be sent.
    pub fn presign(
        &self,
        method: &str,
        raw_path: &str,
        raw_query: &str,
        headers: &HeaderMap,
        expires: u32,
    ) -> String {
        let amz_date = date::format_amz(self.now);
        let scope = Scope::new(&amz_date[..8], self.region);
        let signed = names(headers);
        let credential = percent::encode(format!("{}/{scope}", self.access_key).as_bytes());
        let separator = if raw_query.is_empty() { "" } else { "&" };
        let raw_query = format!(
            "{raw_query}{separator}X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={amz_date}\
             &X-Amz-Expires={expires}&X-Amz-SignedHeaders={}",
            percent::encode(signed.join(";").as_bytes())
        );
        let request = RequestView {
            method,
            raw_path,
            raw_query: &raw_query,
            headers,
            secrets: &SecretHeaders::default(),
        };
        let (_, signature) = self.signature(&request, &signed, super::payload::UNSIGNED, &scope);
        format!("{raw_query}&X-Amz-Signature={signature}")
    }

    fn signature(
        &self,
        request: &RequestView<'_>,
        signed_headers: &[String],
        payload: &str,
        scope: &Scope,
    ) -> (SigningKey, String) {
        let key = SigningKey::derive(self.secret, scope);
        // Every header that is signed was taken from the request: none is missing.
        let hashes = canonical::hashes(request, signed_headers, payload).unwrap_or_default();
        let hash = hashes.first().map_or("", String::as_str);
        let signature = key.sign(&string_to_sign(&date::format_amz(self.now), scope, hash));
        (key, signature)
    }
}

impl ChunkSigner {
    /// The signature of the next chunk, in hex. The chain goes on from it.
    pub fn sign_chunk(&mut self, sha256: &[u8; 32]) -> &str {
        self.previous = self.key.sign(&self.chunk_to_sign(sha256));
        &self.previous
    }

    /// The signature of the trailer, in hex, given the SHA-256 of its lines in the form `name:value\n`.
    pub fn sign_trailer(&mut self, sha256: &[u8; 32]) -> &str {
        self.previous = self.key.sign(&self.trailer_to_sign(sha256));
        &self.previous
    }
}

/// What there is to sign, sorted.
fn names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> =
        headers.keys().filter(|name| **name != AUTHORIZATION).map(ToString::to_string).collect();
    names.sort_unstable();
    names
}
