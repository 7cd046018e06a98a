//! The action of a request, in S3's words, for both faces.

/// An S3 action (AWS, "Actions, resources, and condition keys for Amazon S3").
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// `s3:ListAllMyBuckets`: Swift's account GET and HEAD.
    ListAllMyBuckets,
    /// Swift's account POST, which has no twin on S3.
    PutAccountMetadata,
    /// `s3:CreateBucket`: Swift's container PUT.
    CreateBucket,
    /// `s3:DeleteBucket`: Swift's container DELETE.
    DeleteBucket,
    /// `s3:ListBucket`: listing and HEAD of a bucket.
    ListBucket,
    GetBucketLocation,
    /// Reads a bucket's settings (`s3:GetBucketVersioning`, `s3:GetBucketAcl`, …).
    GetBucketSettings,
    /// Changes a bucket's settings (`s3:PutBucketAcl`, …): Swift's container POST.
    PutBucketSettings,
    /// `s3:GetObject`, HEAD included.
    GetObject,
    /// `s3:PutObject`: also Swift's object POST.
    PutObject,
    DeleteObject,
    GetObjectVersion,
    DeleteObjectVersion,
    AbortMultipartUpload,
    ListBucketMultipartUploads,
    ListMultipartUploadParts,
    /// `s3:ListBucketVersions`: Swift's listing with `versions`.
    ListBucketVersions,
    GetBucketVersioning,
    /// `s3:PutBucketVersioning`: Swift's `X-Versions-Enabled`.
    PutBucketVersioning,
    GetBucketTagging,
    /// `s3:PutBucketTagging`: also DeleteBucketTagging, as on S3.
    PutBucketTagging,
    GetObjectAttributes,
    GetObjectVersionAttributes,
}

impl Action {
    /// The action's name, for policies, audit and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ListAllMyBuckets => "s3:ListAllMyBuckets",
            Self::PutAccountMetadata => "cardea:PutAccountMetadata",
            Self::CreateBucket => "s3:CreateBucket",
            Self::DeleteBucket => "s3:DeleteBucket",
            Self::ListBucket => "s3:ListBucket",
            Self::GetBucketLocation => "s3:GetBucketLocation",
            Self::GetBucketSettings => "cardea:GetBucketSettings",
            Self::PutBucketSettings => "cardea:PutBucketSettings",
            Self::GetObject => "s3:GetObject",
            Self::PutObject => "s3:PutObject",
            Self::DeleteObject => "s3:DeleteObject",
            Self::GetObjectVersion => "s3:GetObjectVersion",
            Self::DeleteObjectVersion => "s3:DeleteObjectVersion",
            Self::AbortMultipartUpload => "s3:AbortMultipartUpload",
            Self::ListBucketMultipartUploads => "s3:ListBucketMultipartUploads",
            Self::ListMultipartUploadParts => "s3:ListMultipartUploadParts",
            Self::ListBucketVersions => "s3:ListBucketVersions",
            Self::GetBucketVersioning => "s3:GetBucketVersioning",
            Self::PutBucketVersioning => "s3:PutBucketVersioning",
            Self::GetBucketTagging => "s3:GetBucketTagging",
            Self::PutBucketTagging => "s3:PutBucketTagging",
            Self::GetObjectAttributes => "s3:GetObjectAttributes",
            Self::GetObjectVersionAttributes => "s3:GetObjectVersionAttributes",
        }
    }

    /// Whether it changes nothing.
    pub const fn is_read(self) -> bool {
        match self {
            Self::ListAllMyBuckets
            | Self::ListBucket
            | Self::GetBucketLocation
            | Self::GetBucketSettings
            | Self::GetObject
            | Self::GetObjectVersion
            | Self::ListBucketMultipartUploads
            | Self::ListMultipartUploadParts
            | Self::ListBucketVersions
            | Self::GetBucketVersioning
            | Self::GetBucketTagging
            | Self::GetObjectAttributes
            | Self::GetObjectVersionAttributes => true,
            Self::PutAccountMetadata
            | Self::CreateBucket
            | Self::DeleteBucket
            | Self::PutBucketSettings
            | Self::PutObject
            | Self::DeleteObject
            | Self::DeleteObjectVersion
            | Self::AbortMultipartUpload
            | Self::PutBucketTagging
            | Self::PutBucketVersioning => false,
        }
    }
}
