//! The limits of the Swift API, as `/info` tells them. Each stops one way to make a small request cost much.

/// Bytes of an account's path component: bounds what is looked up for strangers.
pub const MAX_ACCOUNT_NAME_LENGTH: usize = 256;

/// Bytes of one header's value: bounds what one request may have stored and sent back for ever.
pub const MAX_HEADER_SIZE: usize = 8192;

/// Bytes of a metadata item's name, without its prefix.
pub const MAX_META_NAME_LENGTH: usize = 128;

/// Bytes of a metadata item's value.
pub const MAX_META_VALUE_LENGTH: usize = 256;

/// Metadata items of one account, container or object: every one of them goes out with every HEAD.
pub const MAX_META_COUNT: usize = 90;

/// Bytes of all names and values of an account's, container's or object's metadata together.
pub const MAX_META_OVERALL_SIZE: usize = 4096;

/// Rows of a listing: bounds the memory of one page.
pub const LISTING_LIMIT: u32 = 10_000;

/// Bytes of `X-Trans-Id-Extra` that are taken into the transaction id: it goes into every log line.
pub const MAX_TRANS_ID_EXTRA: usize = 32;

/// Overlaps of neighbouring ranges in one request (RFC 7233 §6.1): stops a request that asks for the same bytes again
/// and again.
pub const MAX_RANGE_OVERLAPS: usize = 2;

/// Ranges in one request that begin before the one in front of them: stops needless seeking.
pub const MAX_NONASCENDING_RANGES: usize = 8;

/// Names in one bulk delete: bounds the work of one request.
pub const MAX_DELETES_PER_REQUEST: usize = 10_000;

/// Failures after which a bulk delete gives up: bounds its report.
pub const MAX_FAILED_DELETES: usize = 1000;

/// Bytes of a bulk delete's list, which is held in memory: 1.6 KiB for each name.
pub const MAX_BULK_DELETE_BODY: usize = 16 << 20;

/// The latest `X-Delete-At`, in seconds since the epoch: ten digits, as Swift keeps it.
pub const MAX_DELETE_AT: i64 = 9_999_999_999;
