//! The signing key and what is done with it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::scope::Scope;

/// The key derived from a secret for one day, region and service. Wiped on drop, redacted.
#[derive(Clone)]
pub(crate) struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    /// Derives it (AWS, "Task 3: Calculate Signature").
    pub(crate) fn derive(secret: &str, scope: &Scope) -> Self {
        let secret = Zeroizing::new([b"AWS4", secret.as_bytes()].concat());
        let day = hmac(&secret, scope.date().as_bytes());
        let region = hmac(&*day, scope.region().as_bytes());
        let service = hmac(&*region, Scope::service().as_bytes());
        Self(hmac(&*service, Scope::terminal().as_bytes()))
    }

    /// The signature of a string to sign, in lower-case hex.
    #[cfg(any(test, fuzzing, feature = "testing"))]
    pub(crate) fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(*hmac(&*self.0, string_to_sign.as_bytes()))
    }

    /// Whether this is the signature of a string to sign, in constant time. Returns it in lower-case hex,
    /// which is how the next chunk's signature refers to it.
    pub(crate) fn verify(&self, string_to_sign: &str, claimed: &str) -> Option<String> {
        let expected = hmac(&*self.0, string_to_sign.as_bytes());
        let mut found = [0; 32];
        hex::decode_to_slice(claimed, &mut found).ok()?;
        bool::from(found.ct_eq(&*expected)).then(|| hex::encode(found))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_what_it_signed_and_nothing_else() {
        let key = SigningKey::derive(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            &Scope::new("20130524", "us-east-1"),
        );
        let signature = key.sign("x");
        assert_eq!(key.verify("x", &signature.to_uppercase()), Some(signature.clone()));
        assert_eq!(key.verify("y", &signature), None);
        assert_eq!(key.verify("x", &signature[2..]), None);
        assert_eq!(key.verify("x", ""), None);
        assert_eq!(key.verify("x", &"zz".repeat(32)), None);
        assert_eq!(format!("{key:?}"), "SigningKey(…)");
    }
}
