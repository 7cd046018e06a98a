//! The titles of the checks that an audit makes by one query each.

pub(super) const VERSION_OF_NO_BUCKET: &str = "a version is in no bucket";
pub(super) const UPLOAD_OF_NO_BUCKET: &str = "an upload is in no bucket";
pub(super) const USAGE_OF_NO_BUCKET: &str = "usage is counted of no bucket";
pub(super) const SETTING_OF_NO_BUCKET: &str = "a setting is of no bucket";
pub(super) const PART_OF_NO_VERSION: &str = "a part is of no version";
pub(super) const NUMBERED_PART_OF_NO_VERSION: &str = "a numbered part is of no version";
pub(super) const PART_OF_NO_UPLOAD: &str = "a part is of no upload";
pub(super) const REFERENCE_OF_NO_PART: &str = "a reference is of no part of an upload";
pub(super) const GAPS: &str = "the parts of a version have gaps";
pub(super) const PART_PAST_BLOB: &str = "a part reaches past its blob";
pub(super) const UPLOADED_PART_PAST_BLOB: &str = "a part of an upload reaches past its blob";
pub(super) const VERSION_SIZE: &str = "the parts of a version do not add up to its size";
pub(super) const UPLOADED_PART_SIZE: &str = "the references of an uploaded part do not add up to its size";
pub(super) const STATE: &str = "the state of a version contradicts what it is";
pub(super) const FREE_AND_REFERENCED: &str = "a blob is free and referenced, or neither";
pub(super) const BYTES_MISSING: &str = "the bytes of a blob in the index are not there";
pub(super) const BYTES_OF_NO_BLOB: &str = "bytes in the index are of no blob";
pub(super) const BYTES_SHARED: &str = "two blobs share bytes in the index";
pub(super) const BUCKET_USAGE: &str = "the usage of a bucket is miscounted";
pub(super) const ACCOUNT_USAGE: &str = "the usage of an account is miscounted";

/// All of them: each kind of index has a query for each, in this order.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    VERSION_OF_NO_BUCKET,
    UPLOAD_OF_NO_BUCKET,
    USAGE_OF_NO_BUCKET,
    SETTING_OF_NO_BUCKET,
    PART_OF_NO_VERSION,
    NUMBERED_PART_OF_NO_VERSION,
    PART_OF_NO_UPLOAD,
    REFERENCE_OF_NO_PART,
    GAPS,
    PART_PAST_BLOB,
    UPLOADED_PART_PAST_BLOB,
    VERSION_SIZE,
    UPLOADED_PART_SIZE,
    STATE,
    FREE_AND_REFERENCED,
    BYTES_MISSING,
    BYTES_OF_NO_BLOB,
    BYTES_SHARED,
    BUCKET_USAGE,
    ACCOUNT_USAGE,
];
