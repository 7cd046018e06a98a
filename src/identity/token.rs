//! The form of a token: a JWT of one algorithm, one type, one issuer and one audience.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::signing_keys::SigningKey;
use super::{AuthError, Rejection};

/// The one algorithm. A token that names another is not a token.
const ALGORITHM: Algorithm = Algorithm::ES256;
/// The `typ` of our tokens (RFC 8725, 3.11): a JWT that the same key signed for another purpose is not a
/// token.
const TYPE: &str = "cardea-token+jwt";
const AUDIENCE: &str = "cardea";
/// The longest token that is parsed.
const MAX_TOKEN: usize = 4096;
/// The last second of the year 9999. Times beyond it are nonsense, and must not reach arithmetic.
const MAX_TIME: i64 = 253_402_300_799;

/// The claims of a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    /// The user's id.
    pub(super) sub: String,
    /// The account's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) project: Option<String>,
    /// The user's epoch.
    pub(super) epoch: i64,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    /// How the user logged in.
    pub(super) methods: Vec<String>,
}

impl Claims {
    /// The audience that a token of ours has.
    pub(super) fn audience() -> String {
        AUDIENCE.to_owned()
    }
}

/// Signs a token.
pub(super) fn sign(claims: &Claims, key: &SigningKey) -> Result<String, AuthError> {
    let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.id.clone()), ..Header::new(ALGORITHM) };
    jsonwebtoken::encode(&header, claims, &key.signs)
        .map_err(|error| AuthError::internal("a token could not be signed", error))
}

/// The id of the key that a token claims to be signed with. Nothing is verified yet.
pub(super) fn key_id(token: &str) -> Result<String, Rejection> {
    if token.len() > MAX_TOKEN {
        return Err(Rejection::NotAToken);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| Rejection::NotAToken)?;
    if header.alg != ALGORITHM || header.typ.as_deref() != Some(TYPE) {
        return Err(Rejection::NotAToken);
    }
    header.kid.ok_or(Rejection::NotAToken)
}

/// Verifies a token's signature, issuer and audience. The caller checks its times, as it has the clock.
pub(super) fn verify(token: &str, key: &SigningKey, issuer: &str) -> Result<Claims, Rejection> {
    let mut validation = Validation::new(ALGORITHM);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_exp = false;
    let verified = jsonwebtoken::decode::<Claims>(token, &key.verifies, &validation);
    let claims = verified.map(|data| data.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Rejection::Signature,
        _ => Rejection::NotAToken,
    })?;
    let plausible = 0..=MAX_TIME;
    if !plausible.contains(&claims.iat) || !plausible.contains(&claims.exp) {
        return Err(Rejection::NotAToken);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests;
