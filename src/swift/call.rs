//! A request whose caller is known: what every operation reads its arguments from.

use poem::http::{HeaderMap, HeaderName};

use super::SwiftConfig;
use crate::http::query::Query;
use crate::http::secret_headers::SecretHeaders;
use crate::model::{AccountId, BucketName};
use crate::ops::{BucketAddress, Caller, Error, Gateway, Operation};

/// A request to the storage API.
pub struct Call<'a> {
    /// Where it runs.
    pub gateway: &'a Gateway,
    /// What was configured.
    pub config: &'a SwiftConfig,
    /// Who asks.
    pub caller: Caller,
    /// The account in the path.
    pub account: AccountId,
    /// The same, as the path spells it.
    pub account_name: String,
    /// The headers, without those that hold keys.
    pub headers: HeaderMap,
    /// The query.
    pub query: Query,
    /// The headers that hold keys.
    pub secrets: SecretHeaders,
}

impl Call<'_> {
    /// Runs an operation for the caller.
    pub async fn execute<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.gateway.execute(&self.caller, operation).await
    }

    /// A container of the account in the path.
    pub fn bucket(&self, name: &BucketName) -> BucketAddress {
        BucketAddress::Owned(self.account.clone(), name.clone())
    }

    /// The text of a header that is given and not empty; what is not UTF-8 is replaced.
    pub fn text(&self, name: &HeaderName) -> Option<String> {
        self.headers.get(name).filter(|value| !value.is_empty()).map(|value| lossy(value.as_bytes()))
    }

    /// The last value of a parameter, as Swift takes it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.all(name).last()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
