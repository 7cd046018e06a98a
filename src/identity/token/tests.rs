//! Forged and changed tokens.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::identity::memory::{ManualClock, MemoryDirectory};
use crate::identity::{
    AuthError, Authenticator, DomainSelector, PasswordLogin, Rejection, Scope, Secret, UserSelector,
};

/// An installation and one of its tokens. Some cases give its key to the forger.
struct Stage {
    directory: Arc<MemoryDirectory>,
    authenticator: Authenticator,
    token: String,
    header: Header,
    claims: Value,
}

impl Stage {
    async fn new() -> Self {
        let (directory, clock) = (MemoryDirectory::with_people(), ManualClock::new());
        let authenticator = directory.authenticator(&clock);
        let user = UserSelector::Name { domain: DomainSelector::default(), name: "alice".into() };
        let login = PasswordLogin { user, password: Secret::new("wonderland"), scope: Scope::Default };
        let login = authenticator.password(login).await.unwrap();
        let token = authenticator.issue(&login).await.unwrap().token;
        let header = jsonwebtoken::decode_header(&token).unwrap();
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims = serde_json::from_slice(&payload).unwrap();
        // Another replica, so that nothing is remembered.
        clock.advance(Duration::from_secs(10));
        let authenticator = directory.authenticator(&clock);
        Self { directory, authenticator, token, header, claims }
    }

    fn our_key(&self) -> EncodingKey {
        EncodingKey::from_ec_der(&self.directory.signing_keys.lock().unwrap()[0].pkcs8)
    }

    fn with(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims.clone();
        claims[claim] = value;
        claims
    }

    fn without(&self, claim: &str) -> Value {
        let mut claims = self.claims.clone();
        claims.as_object_mut().unwrap().remove(claim).unwrap();
        claims
    }

    fn signed(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.our_key()).unwrap()
    }

    async fn expect(&self, token: &str, expected: Rejection, case: &str) {
        match self.authenticator.token(token).await {
            Err(AuthError::Rejected(rejection)) => assert_eq!(rejection, expected, "{case}"),
            other => panic!("{case}: {other:?}"),
        }
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn the_true_one_passes() {
    let stage = Stage::new().await;
    stage.authenticator.token(&stage.token).await.unwrap();
    stage.authenticator.token(&stage.signed(&stage.header, &stage.claims)).await.unwrap();
}

#[tokio::test]
async fn algorithm_none() {
    let stage = Stage::new().await;
    for algorithm in ["none", "None", "NONE", ""] {
        let header = json!({"alg": algorithm, "typ": stage.header.typ, "kid": stage.header.kid});
        let payload = part(&stage.claims);
        for signature in ["", "AAAA"] {
            let token = format!("{}.{payload}.{signature}", part(&header));
            stage.expect(&token, Rejection::NotAToken, algorithm).await;
        }
    }
}

type HmacOf = fn(&[u8], &str) -> String;

fn mac(keyed: impl Mac, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(keyed.chain_update(text).finalize().into_bytes())
}

#[tokio::test]
async fn a_mac_with_the_public_key() {
    let stage = Stage::new().await;
    let public = stage.directory.signing_keys.lock().unwrap()[0].public_key.clone();
    let macs: [(Algorithm, HmacOf); 3] = [
        (Algorithm::HS256, |key, text| mac(Hmac::<Sha256>::new_from_slice(key).unwrap(), text)),
        (Algorithm::HS384, |key, text| mac(Hmac::<Sha384>::new_from_slice(key).unwrap(), text)),
        (Algorithm::HS512, |key, text| mac(Hmac::<Sha512>::new_from_slice(key).unwrap(), text)),
    ];
    for (algorithm, mac) in macs {
        let header = Header { alg: algorithm, ..stage.header.clone() };
        for secret in [public.as_slice(), hex::encode(&public).as_bytes(), b""] {
            // By hand: the library does not sign with an empty secret.
            let signed = format!("{}.{}", part(&json!(header)), part(&stage.claims));
            let token = format!("{signed}.{}", mac(secret, &signed));
            stage.expect(&token, Rejection::NotAToken, "HMAC").await;
            // The same signature under a header that lies about its algorithm.
            let (_, rest) = token.split_once('.').unwrap();
            let lie = format!("{}.{rest}", stage.token.split('.').next().unwrap());
            stage.expect(&lie, Rejection::Signature, "HMAC as ES256").await;
        }
    }
}

#[tokio::test]
async fn another_key() {
    let stage = Stage::new().await;
    let foreign = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    let foreign = EncodingKey::from_ec_der(foreign.as_ref());
    let token = encode(&stage.header, &stage.claims, &foreign).unwrap();
    stage.expect(&token, Rejection::Signature, "our kid").await;
    for kid in ["", "0011223344556677", "../../dev/null", &"k".repeat(1000)] {
        let header = Header { kid: Some(kid.into()), ..stage.header.clone() };
        stage.expect(&encode(&header, &stage.claims, &foreign).unwrap(), Rejection::UnknownKey, kid).await;
        stage.expect(&stage.signed(&header, &stage.claims), Rejection::UnknownKey, kid).await;
    }
    let header = Header { kid: None, ..stage.header.clone() };
    stage.expect(&stage.signed(&header, &stage.claims), Rejection::NotAToken, "no kid").await;
}

#[tokio::test]
async fn another_purpose() {
    let stage = Stage::new().await;
    for typ in [None, Some("JWT".to_owned()), Some("at+jwt".to_owned())] {
        let header = Header { typ, ..stage.header.clone() };
        stage.expect(&stage.signed(&header, &stage.claims), Rejection::NotAToken, "typ").await;
    }
    for claim in ["iss", "aud"] {
        for value in
            [json!("elsewhere"), json!(["cardea"]), json!(["cardea", "elsewhere"]), json!(null), json!(1)]
        {
            let token = stage.signed(&stage.header, &stage.with(claim, value.clone()));
            stage.expect(&token, Rejection::NotAToken, &format!("{claim} {value}")).await;
        }
    }
    for claim in ["iss", "aud", "exp", "iat", "sub", "jti", "epoch"] {
        let token = stage.signed(&stage.header, &stage.without(claim));
        stage.expect(&token, Rejection::NotAToken, claim).await;
    }
}

#[tokio::test]
async fn times() {
    let stage = Stage::new().await;
    let issued = stage.claims["iat"].as_i64().unwrap();
    for (claim, value, expected) in [
        ("exp", json!(issued), Rejection::Expired),
        ("exp", json!(0), Rejection::Expired),
        ("exp", json!(-1), Rejection::NotAToken),
        ("iat", json!(-1), Rejection::NotAToken),
        ("exp", json!(i64::MAX), Rejection::NotAToken),
        ("exp", json!(i64::MIN), Rejection::NotAToken),
        ("iat", json!(i64::MAX / 100_000 + 1), Rejection::NotAToken),
        ("exp", json!("never"), Rejection::NotAToken),
        ("exp", json!(1e300), Rejection::NotAToken),
        ("iat", json!(issued + 3600), Rejection::NotAToken),
    ] {
        let token = stage.signed(&stage.header, &stage.with(claim, value.clone()));
        stage.expect(&token, expected, &format!("{claim} {value}")).await;
    }
}

#[tokio::test]
async fn somebody_else() {
    let stage = Stage::new().await;
    for (claim, value, expected) in [
        ("sub", json!("nobody-id"), Rejection::NoRole),
        ("sub", json!("no such user"), Rejection::Revoked),
        ("project", json!("other-id"), Rejection::NoRole),
        ("epoch", json!(1), Rejection::Revoked),
        ("epoch", json!(-1), Rejection::Revoked),
    ] {
        let claims = stage.with(claim, value);
        stage.expect(&stage.signed(&stage.header, &claims), expected, claim).await;
        // The same without the key: only the payload is replaced.
        let parts: Vec<_> = stage.token.split('.').collect();
        let token = format!("{}.{}.{}", parts[0], part(&claims), parts[2]);
        stage.expect(&token, Rejection::Signature, claim).await;
    }
}

#[tokio::test]
async fn any_changed_character() {
    let stage = Stage::new().await;
    for at in 0..stage.token.len() {
        let mut token = stage.token.clone().into_bytes();
        token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        let token = String::from_utf8(token).unwrap();
        assert!(stage.authenticator.token(&token).await.is_err(), "{at}");
    }
}

#[tokio::test]
async fn no_token_at_all() {
    let stage = Stage::new().await;
    let huge = "a".repeat(100_000);
    let long = format!("{}.{}", stage.token, huge);
    for token in ["", ".", "..", "...", "a.b.c", "AUTH_tk0123", "gAAAAABh", &huge, &long, "é", "\0"] {
        stage.expect(token, Rejection::NotAToken, "garbage").await;
    }
    for token in [format!("{}.", stage.token), format!(" {}", stage.token), format!("{}=", stage.token)] {
        assert!(stage.authenticator.token(&token).await.is_err());
    }
}
