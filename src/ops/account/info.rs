//! An account and its usage: Swift's account HEAD and GET.

use crate::authz::Action;
use crate::model::AccountId;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{AccountRecord, Usage};

#[derive(Clone, Debug)]
pub struct AccountInfo {
    pub account: AccountId,
}

/// The outcome of [`AccountInfo`].
#[derive(Clone, Debug)]
pub struct AccountView {
    pub record: AccountRecord,
    pub usage: Usage,
}

impl Operation for AccountInfo {
    type Output = AccountView;
    const NAME: &'static str = "AccountInfo";

    fn actions(&self) -> Vec<Action> {
        vec![Action::ListAllMyBuckets]
    }

    fn target(&self) -> Target {
        Target::Account(self.account.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, _permit: Permit<'_>) -> Result<AccountView, Error> {
        let record = gateway.index.account(&self.account).await?.ok_or(Error::NoSuchAccount)?;
        let usage = gateway.index.account_usage(&self.account).await?;
        Ok(AccountView { record, usage })
    }
}
