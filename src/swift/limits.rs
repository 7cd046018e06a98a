//! The limits of the Swift API, as `/info` reports them. Each stops one way to make a small request cost
//! much.

/// Bytes of an account's path component: bounds the lookups that strangers can cause.
pub(crate) const MAX_ACCOUNT_NAME_LENGTH: usize = 256;

/// Bytes of one header's value: bounds the text that one request can have stored, and sent back with each
/// answer.
pub(crate) const MAX_HEADER_SIZE: usize = 8192;

/// Bytes of a metadata item's name, without its prefix.
pub(crate) const MAX_META_NAME_LENGTH: usize = 128;

/// Bytes of a metadata item's value.
pub(crate) const MAX_META_VALUE_LENGTH: usize = 256;

/// Metadata items of one account, container or object: every one of them goes out with every HEAD.
pub(crate) const MAX_META_COUNT: usize = 90;

/// Bytes of all names and values of an account's, container's or object's metadata together.
pub(crate) const MAX_META_OVERALL_SIZE: usize = 4096;

/// Rows of a listing: bounds the memory of one page.
pub(crate) const LISTING_LIMIT: u32 = 10_000;

/// Bytes of `X-Trans-Id-Extra` that are taken into the transaction id: it goes into every log line.
pub(crate) const MAX_TRANS_ID_EXTRA: usize = 32;

/// Overlaps of neighbouring ranges in one request (RFC 7233 §6.1): stops a request that asks for the same
/// bytes again and again.
pub(crate) const MAX_RANGE_OVERLAPS: usize = 2;

/// Ranges in one request that begin before the one in front of them: stops needless seeking.
pub(crate) const MAX_NONASCENDING_RANGES: usize = 8;

/// Names in one bulk delete: bounds the work of one request.
pub(crate) const MAX_DELETES_PER_REQUEST: usize = 10_000;

/// Failures after which a bulk delete gives up: bounds its report.
pub(crate) const MAX_FAILED_DELETES: usize = 1000;

/// Bytes of a bulk delete's list, which is held in memory: 1.6 KiB for each name.
pub(crate) const MAX_BULK_DELETE_BODY: usize = 16 << 20;

/// Bytes of a static large object's manifest as it is uploaded: it is held in memory.
pub(crate) const MAX_MANIFEST_SIZE: usize = 8 << 20;

/// Seconds between two signs of life, if a client asks for a heartbeat.
pub(crate) const HEARTBEAT_SECONDS: u64 = 10;

/// The latest `X-Delete-At`, in seconds since the epoch: ten digits, as Swift keeps it.
pub(crate) const MAX_DELETE_AT: i64 = 9_999_999_999;
