//! What can go wrong with keys and sealed bytes.

/// An error of the encryption core. None carries key material or plaintext.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The customer's key is not the one the envelope was sealed with. The one error that is the caller's,
    /// not ours.
    #[error("the customer key is not the one this object was written with")]
    WrongKey,
    /// The envelope is to be opened by another holder: a customer's key was given for a managed object, or
    /// none for a customer's.
    #[error("the envelope is opened by another holder's key")]
    WrongHolder,
    /// The passphrase of an exported key ring is wrong. A damaged export cannot be told apart from it.
    #[error("the passphrase is wrong, or the exported key ring is damaged")]
    WrongPassphrase,
    /// Something that was sealed does not verify; says what.
    #[error("not authentic: {0}")]
    Tampered(&'static str),
    /// A version or a cipher that this build does not know.
    #[error("a format version or cipher that this build does not know")]
    UnsupportedVersion,
    /// Sealed under a ring key that this ring does not hold.
    #[error("sealed under a key that is not in the key ring")]
    UnknownRingKey,
    /// Not of the right shape; says what.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The caller broke the order or the sizes of a blob's chunks; says how.
    #[error("chunks used against the format: {0}")]
    Sequence(&'static str),
    /// The blob would be larger than [`super::layout::MAX_BLOB`].
    #[error("larger than a blob may be")]
    TooLarge,
}
