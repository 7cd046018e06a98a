//! The generated CA, and the certificate that it signs.
//!
//! The CA is kept, so that clients go on trusting it. The server's certificate is made anew at each start and
//! on SIGHUP, with the names of that moment. Its key is never written to the disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Access, private_folder, write};
use crate::config::ConfigError;
use crate::failure::Cause;
use crate::model::Timestamp;
use crate::server::listener::ServerKeyPair;

/// How long the CA is good for.
const CA_LIFETIME: Duration = Duration::from_hours(24 * 3650);
/// How long a certificate is good for: the strictest clients accept no more.
const LIFETIME: Duration = Duration::from_hours(24 * 397);
/// How far behind clients' clocks may be.
const SKEW: Duration = Duration::from_hours(24);

/// The CA's certificate, which clients must trust.
pub(crate) fn ca_certificate(folder: &Path) -> PathBuf {
    folder.join("ca.crt")
}

fn ca_key(folder: &Path) -> PathBuf {
    folder.join("ca.key")
}

/// A fresh certificate for these names, signed by the folder's CA. The CA is made if there is none.
pub(crate) fn issue(folder: &Path, names: &[String]) -> Result<ServerKeyPair, ConfigError> {
    let bad = |error: Cause| {
        ConfigError::new("data", folder.display().to_string(), "a folder with a CA, or one to write a CA to")
            .because(error)
    };
    let (certificate, key) = match load(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(folder).map_err(bad)?,
        loaded => loaded.map_err(|error| bad(error.into()))?,
    };
    let key = KeyPair::from_pem(&key).map_err(|error| bad(error.into()))?;
    let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(|error| bad(error.into()))?;
    sign(&issuer, names)
        .map_err(|error| ConfigError::new("tls_names", "", "host names or addresses").because(error))
}

fn load(folder: &Path) -> std::io::Result<(String, Zeroizing<String>)> {
    let key = Zeroizing::new(fs::read_to_string(ca_key(folder))?);
    Ok((fs::read_to_string(ca_certificate(folder))?, key))
}

/// Makes a CA. Its key is written last: if the key is there, everything is.
fn make(folder: &Path) -> Result<(String, Zeroizing<String>), Cause> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Cardea's own CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(CA_LIFETIME);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    let key = Zeroizing::new(key.serialize_pem());

    private_folder(folder)?;
    write(&ca_certificate(folder), certificate.as_bytes(), Access::Public)?;
    write(&ca_key(folder), key.as_bytes(), Access::Private)?;
    Ok((certificate, key))
}

fn sign(issuer: &Issuer<'_, KeyPair>, names: &[String]) -> Result<ServerKeyPair, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Cardea");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(LIFETIME);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok(ServerKeyPair {
        chain: vec![certificate.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    })
}

fn validity(lifetime: Duration) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(Timestamp::now().seconds_floor());
    (now - SKEW, now + lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ca_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let first = issue(&folder, &names).unwrap();
        let ca = fs::read(ca_certificate(&folder)).unwrap();
        let second = issue(&folder, &names).unwrap();
        assert_eq!(fs::read(ca_certificate(&folder)).unwrap(), ca);
        assert_ne!(first.chain, second.chain);
    }

    #[test]
    fn a_damaged_ca_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        issue(folder.path(), &[]).unwrap();
        fs::write(ca_key(folder.path()), "x\ny").unwrap();
        let line = issue(folder.path(), &[]).map(|_| ()).unwrap_err().to_string();
        assert!(line.starts_with("data: found ") && !line.contains('\n'), "{line}");
    }
}
