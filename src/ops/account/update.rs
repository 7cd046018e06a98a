//! Changes of an account's metadata: Swift's account POST.

use crate::authz::Action;
use crate::model::AccountId;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;

/// Merges account metadata.
#[derive(Clone, Debug)]
pub struct UpdateAccount {
    pub account: AccountId,
    /// `Some` sets, `None` removes.
    pub changes: Vec<(String, Option<String>)>,
}

impl Operation for UpdateAccount {
    type Output = ();
    const NAME: &'static str = "UpdateAccount";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutAccountMetadata]
    }

    fn target(&self) -> Target {
        Target::Account(self.account.clone())
    }

    fn disk_use(&self) -> DiskUse {
        let only_removes = !self.changes.is_empty() && self.changes.iter().all(|(_, value)| value.is_none());
        if only_removes { DiskUse::None } else { DiskUse::Rows }
    }

    async fn run(self, gateway: &Gateway, _permit: Permit<'_>) -> Result<(), Error> {
        gateway.index.account(&self.account).await?.ok_or(Error::NoSuchAccount)?;
        Ok(gateway.index.update_account(&self.account, self.changes).await?)
    }
}
