//! Errors of keys and sealed bytes.

/// An error of the encryption core. None carries key material or plaintext.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The customer's key is not the one that the envelope was sealed with. This is the only error that the
    /// caller causes.
    #[error("the customer key is not the one this object was written with")]
    WrongKey,
    /// Another holder opens this envelope: a customer's key was given for a managed object, or none for a
    /// customer's object.
    #[error("the envelope is opened by another holder's key")]
    WrongHolder,
    /// The passphrase of an exported key ring is wrong, or the export is damaged.
    #[error("the passphrase is wrong, or the exported key ring is damaged")]
    WrongPassphrase,
    /// Sealed bytes do not verify. The text names them.
    #[error("not authentic: {0}")]
    Tampered(&'static str),
    /// A version or a cipher that this build does not know.
    #[error("a format version or cipher that this build does not know")]
    UnsupportedVersion,
    /// Sealed under a ring key that this ring does not hold.
    #[error("sealed under a key that is not in the key ring")]
    UnknownRingKey,
    /// Bytes of a wrong form. The text names them.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The caller broke the order or the sizes of a blob's chunks.
    #[error("chunks used against the format: {0}")]
    Sequence(&'static str),
    /// The blob would be larger than [`super::layout::MAX_BLOB`].
    #[error("larger than a blob may be")]
    TooLarge,
}
