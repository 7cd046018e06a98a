//! Identifiers: random ones, and the account and user ids, which operators may choose.

use std::fmt;
use std::sync::Arc;

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Reads an id back from the bytes that were stored.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The raw bytes.
            #[allow(dead_code, reason = "some ids have no user of it")]
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

macro_rules! fresh {
    ($($name:ident),+) => {
        $(impl $name {
            /// A fresh random id.
            ///
            /// # Panics
            /// When the operating system gives no randomness: nothing safe can be done without it.
            pub fn random() -> Self {
                let mut bytes = [0; Self::LEN];
                fill_random(&mut bytes);
                Self(bytes)
            }
        })+
    };
}

random_id!(
    /// A bucket's (container's) id. Everything but listings and the name registry refers to buckets by it.
    BucketId, 16
);
random_id!(
    /// Names one version of one object, for ever: chosen at PUT or CreateMultipartUpload, never reused.
    VersionUid, 16
);
random_id!(
    /// Names a process that writes blobs, from its start to its end.
    WriterId, 8
);
random_id!(
    /// Names an immutable sealed blob: the id of the process that wrote it, then 128 random bits.
    BlobId, 24
);
random_id!(
    /// Names an installation: the index and the blob store carry the same one, or the gateway does not start.
    InstallId, 16
);

fresh!(BucketId, VersionUid, WriterId, InstallId);

impl BlobId {
    /// A fresh blob id of this writer.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn random(writer: WriterId) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[..WriterId::LEN].copy_from_slice(&writer.0);
        fill_random(&mut bytes[WriterId::LEN..]);
        Self(bytes)
    }

    /// The process that wrote the blob.
    pub fn writer(&self) -> WriterId {
        let mut id = [0; WriterId::LEN];
        id.copy_from_slice(&self.0[..WriterId::LEN]);
        WriterId(id)
    }
}

#[expect(clippy::expect_used, reason = "without randomness no key and no id is safe: stop")]
fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives no randomness");
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes an id without any check.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// A fresh id of 32 hex digits, as Keystone makes them.
            pub fn random() -> Self {
                Self(hex::encode(VersionUid::random().0).into())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// An account: OpenStack's project, S3's owner. Its Swift storage path is `/v1/AUTH_<id>`.
    AccountId
);
text_id!(UserId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_id_names_its_writer() {
        let writer = WriterId::random();
        let blob = BlobId::random(writer);
        assert_eq!(blob.writer(), writer);
        assert_ne!(blob, BlobId::random(writer));
    }

    #[test]
    fn ids_print_as_hex_and_read_back() {
        let id = BucketId([7; 16]);
        assert_eq!(id.to_string(), "07".repeat(16));
        assert_eq!(BucketId::from_slice(&[7; 16]), Some(id));
        assert_eq!(BucketId::from_slice(&[7; 15]), None);
    }
}
