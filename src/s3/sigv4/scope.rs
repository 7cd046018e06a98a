//! The credential scope: which day, region and service a signing key is for.

use std::fmt;

/// What S3 says of a credential it cannot read.
pub(crate) const MALFORMED_CREDENTIAL: &str =
    "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";

const SERVICE: &str = "s3";
const TERMINAL: &str = "aws4_request";

/// A day and a region; the service is always `s3`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Scope {
    date: String,
    region: String,
}

impl Scope {
    /// The scope of a day (`YYYYMMDD`) and a region.
    pub(crate) fn new(date: &str, region: &str) -> Self {
        Self { date: date.to_owned(), region: region.to_owned() }
    }

    /// Splits a credential into access key and scope, or says what is wrong with it. The access key may
    /// itself hold slashes.
    pub(crate) fn parse_credential(credential: &str) -> Result<(&str, Self), &'static str> {
        let mut fields = credential.rsplitn(5, '/');
        let (Some(terminal), Some(service), Some(region), Some(date), Some(access_key)) =
            (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(MALFORMED_CREDENTIAL);
        };
        if access_key.is_empty() || date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MALFORMED_CREDENTIAL);
        }
        if terminal != TERMINAL {
            return Err("incorrect terminal. This endpoint uses \"aws4_request\".");
        }
        if service != SERVICE {
            return Err("incorrect service. This endpoint belongs to \"s3\".");
        }
        Ok((access_key, Self::new(date, region)))
    }

    pub(crate) fn date(&self) -> &str {
        &self.date
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) const fn service() -> &'static str {
        SERVICE
    }

    /// What a scope ends with.
    pub(crate) const fn terminal() -> &'static str {
        TERMINAL
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{SERVICE}/{TERMINAL}", self.date, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_credentials() {
        let (key, scope) = Scope::parse_credential("AKID/20130524/us-east-1/s3/aws4_request").unwrap();
        assert_eq!((key, scope.date(), scope.region()), ("AKID", "20130524", "us-east-1"));
        assert_eq!(scope.to_string(), "20130524/us-east-1/s3/aws4_request");
        let (key, _) = Scope::parse_credential("a/b:c/20130524/r/s3/aws4_request").unwrap();
        assert_eq!(key, "a/b:c");
    }

    #[test]
    fn says_what_is_wrong() {
        let no_key = "/20130524/r/s3/aws4_request";
        for bad in ["", "AKID", "20130524/r/s3/aws4_request", no_key, "AKID/2013/r/s3/aws4_request"] {
            assert_eq!(Scope::parse_credential(bad), Err(MALFORMED_CREDENTIAL), "{bad}");
        }
        let service = Scope::parse_credential("AKID/20130524/r/ec2/aws4_request").unwrap_err();
        assert!(service.contains("incorrect service"));
        let terminal = Scope::parse_credential("AKID/20130524/r/s3/aws2_request").unwrap_err();
        assert!(terminal.contains("incorrect terminal"));
    }
}
