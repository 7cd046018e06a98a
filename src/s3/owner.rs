//! Owners in documents: the account's id, and the name it shows.

use super::request::Request;
use super::xml::{Document, begin};
use crate::model::AccountId;
use crate::ops::AccountInfo;

pub(super) struct Owner {
    id: AccountId,
    display_name: Option<String>,
}

impl Owner {
    /// Looks the account up. Where the caller may not see it, only its id is shown.
    pub(super) async fn of(request: &Request<'_>, account: &AccountId) -> Self {
        let view = request.execute(AccountInfo { account: account.clone() }).await;
        let display_name = view.ok().map(|view| view.record.display_name).filter(|name| !name.is_empty());
        Self { id: account.clone(), display_name }
    }

    /// Writes its two elements.
    pub(super) fn write(&self, xml: &mut Document) {
        xml.leaf("ID", self.id.as_str()).optional("DisplayName", self.display_name.as_deref());
    }

    /// Writes an `AccessControlPolicy` that gives the owner everything and nobody else anything.
    pub(super) fn full_control(&self) -> Document {
        let mut xml = begin("AccessControlPolicy");
        self.write(xml.start("Owner"));
        xml.end().start("AccessControlList").start("Grant");
        xml.start_with(
            "Grantee",
            &[("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"), ("xsi:type", "CanonicalUser")],
        );
        self.write(&mut xml);
        xml.end().leaf("Permission", "FULL_CONTROL");
        xml
    }
}
