//! The encryption core: keys, envelopes, sealed blobs and the key ring. A leaf: it imports nothing of ours,
//! does no I/O and reads no clock.
//!
//! From the top: a [`KeyRing`] or a [`CustomerKey`] opens a version's envelope ([`open_outer`], then
//! [`open_inner`]) and gives its [`VersionKey`]; that unwraps one [`DataKey`] for each blob the version
//! refers to; with it an [`Opener`] reads the blob, as a [`Sealer`] wrote it. `docs/encryption-format.md`
//! states every byte.

mod cipher;
mod derive;
mod envelope;
mod error;
mod key;
mod keyring;
pub mod layout;
mod open;
mod parts;
mod seal;
mod upload_part;
mod version_key;
mod wrap;

pub use cipher::Cipher;
pub use envelope::{
    Binding, Holder, InnerEnvelope, Mode, open_inner, open_outer, reseal_outer, seal_inner, seal_outer,
};
pub use error::Error;
pub use key::{CustomerKey, DataKey, KeyFormatError};
pub use keyring::{KeyRing, RingKeyId};
pub use open::Opener;
pub use parts::{PartRef, PartsHash, hash_parts};
pub use seal::Sealer;
pub use upload_part::{OpenedPart, PartBinding, PartContents, open_part, seal_part};
pub use version_key::VersionKey;
