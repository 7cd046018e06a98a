//! Settings of buckets: one operation that reads any of them, and one that puts or removes it.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::authz::Action;
use crate::model::settings::SettingName;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::setting_cache::Known;
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, Index};

/// A setting of a bucket. Its value and the rules of the value are in `model::settings`.
pub trait Setting: Serialize + DeserializeOwned + Send + Sync + 'static {
    const NAME: SettingName;
    /// The name of the reading operation in the audit log, and its action.
    const GET: (&'static str, Action);
    /// The name of the operation that puts or removes the setting, and its action.
    const PUT: (&'static str, Action);
}

/// Reads a setting: `None` where the bucket has none.
#[derive(Clone, Debug)]
pub struct GetSetting<S> {
    bucket: BucketAddress,
    setting: PhantomData<fn() -> S>,
}

impl<S: Setting> GetSetting<S> {
    pub fn of(bucket: BucketAddress) -> Self {
        Self { bucket, setting: PhantomData }
    }
}

/// Puts (`Some`) or removes (`None`) a setting.
#[derive(Clone, Debug)]
pub struct PutSetting<S> {
    pub bucket: BucketAddress,
    pub value: Option<S>,
}

impl<S: Setting> Operation for GetSetting<S> {
    type Output = Option<Arc<S>>;
    const NAME: &'static str = S::GET.0;

    fn actions(&self) -> Vec<Action> {
        vec![S::GET.1]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<Option<Arc<S>>, Error> {
        gateway.setting(permit.bucket()?).await
    }
}

impl<S: Setting> Operation for PutSetting<S> {
    type Output = ();
    const NAME: &'static str = S::PUT.0;

    fn actions(&self) -> Vec<Action> {
        vec![S::PUT.1]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        if self.value.is_some() { DiskUse::Rows } else { DiskUse::None }
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(), Error> {
        let id = permit.bucket()?.id;
        let text = self.value.as_ref().map(serde_json::to_string).transpose();
        let text = text.map_err(|error| Error::Internal(error.into()))?;
        let change =
            move |index: Arc<dyn Index>| async move { index.put_bucket_setting(id, S::NAME, text).await };
        gateway.change_bucket(id, change).await.map(|_| ())
    }
}

impl Gateway {
    /// The value of a setting of this bucket. It is read and parsed once for each generation of the bucket's
    /// settings. A bucket that never had a setting costs nothing.
    pub(crate) async fn setting<S: Setting>(&self, bucket: &BucketRecord) -> Result<Option<Arc<S>>, Error> {
        if bucket.settings_generation == 0 {
            return Ok(None);
        }
        if let Some(Known(value)) = self.settings.get(bucket.id, S::NAME, bucket.settings_generation) {
            return Ok(value);
        }
        let found = self.index.bucket_settings(bucket.id).await?;
        let text = found.values.get(&S::NAME);
        let value = text.map(|text| read(text)).transpose()?;
        let bytes = text.map_or(0, String::len);
        self.settings.insert(bucket.id, S::NAME, found.generation, value.clone(), bytes);
        Ok(value)
    }
}

fn read<S: Setting>(text: &str) -> Result<Arc<S>, Error> {
    let value = serde_json::from_str(text).map_err(|error| {
        // The error may quote the text. A category and a column are enough.
        let (category, column) = (error.classify(), error.column());
        let text = format!("the setting {} cannot be read: {category:?} at column {column}", S::NAME);
        Error::Corrupt(text.into())
    })?;
    Ok(Arc::new(value))
}
