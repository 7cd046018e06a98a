//! Reads the own bytes of a dynamic large object's manifest.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::ops::object::get::{GetObject, Manifests, OpenObject};
use crate::storage::disk::DiskUse;

/// Reads the own bytes of a dynamic large object's manifest (`multipart-manifest=get`), instead of the bytes
/// of its segments. For any other object this is a plain read.
#[derive(Debug)]
pub struct GetOwnBytes {
    pub get: GetObject,
}

impl Operation for GetOwnBytes {
    type Output = OpenObject;
    const NAME: &'static str = "GetOwnBytes";

    fn actions(&self) -> Vec<Action> {
        self.get.actions()
    }

    fn target(&self) -> Target {
        self.get.target()
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<OpenObject, Error> {
        self.get.read(gateway, &permit, Manifests::Leave).await
    }
}
