//! A request whose caller is known. Every operation reads its arguments from it.

use poem::http::{HeaderMap, HeaderName};

use super::SwiftConfig;
use super::route::Line;
use crate::http::query::Query;
use crate::http::secret_headers::SecretHeaders;
use crate::model::{AccountId, BucketName};
use crate::ops::{BucketAddress, Caller, Error, Gateway, Operation};

/// A request to the storage API.
pub(crate) struct Call<'a> {
    /// The gateway that runs its operations.
    pub(crate) gateway: &'a Gateway,
    /// The configuration of the front.
    pub(crate) config: &'a SwiftConfig,
    pub(crate) caller: Caller,
    /// The account in the path.
    pub(crate) account: AccountId,
    /// The account as the path spells it.
    pub(crate) account_name: String,
    /// The row of its operation in the table of routes.
    pub(crate) line: &'static Line,
    /// The headers, without the ones that hold keys.
    pub(crate) headers: HeaderMap,
    pub(crate) query: Query,
    /// The headers that hold keys.
    pub(crate) secrets: SecretHeaders,
}

impl Call<'_> {
    /// Runs an operation for the caller.
    pub(crate) async fn execute<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.gateway.execute(&self.caller, operation).await
    }

    /// A container of the account in the path.
    pub(crate) fn bucket(&self, name: &BucketName) -> BucketAddress {
        BucketAddress::Owned(self.account.clone(), name.clone())
    }

    /// The text of a header; `None` if it is absent or empty. Bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self, name: &HeaderName) -> Option<String> {
        self.headers.get(name).filter(|value| !value.is_empty()).map(|value| lossy(value.as_bytes()))
    }

    /// The value of a parameter. If it was given more than once, the last value counts, as in Swift.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        debug_assert!(
            self.line.query().any(|known| known == name),
            "the row of {} does not know {name}",
            self.line.operation_id
        );
        self.query.all(name).last()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
