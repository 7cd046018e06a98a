//! Every operation of the S3 API reference, by name: those that are served, and those that are not yet.

macro_rules! operations {
    ($(#[$doc:meta])* $name:ident { $($operation:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name {
            $(
                #[doc = concat!("`", stringify!($operation), "`.")]
                $operation,
            )+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$operation),+];

            /// Its name in the S3 API reference.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$operation => stringify!($operation)),+ }
            }
        }
    };
}

operations!(
    /// The operations that are served. To serve one more, move its name here from [`NotYet`]: the compiler then asks
    /// for its handler.
    Served {
        AbortMultipartUpload,
        CompleteMultipartUpload,
        CopyObject,
        CreateBucket,
        CreateMultipartUpload,
        DeleteBucket,
        DeleteObject,
        DeleteObjects,
        GetBucketAbac,
        GetBucketAccelerateConfiguration,
        GetBucketAcl,
        GetBucketAnalyticsConfiguration,
        GetBucketCors,
        GetBucketEncryption,
        GetBucketIntelligentTieringConfiguration,
        GetBucketInventoryConfiguration,
        GetBucketLifecycleConfiguration,
        GetBucketLocation,
        GetBucketLogging,
        GetBucketMetricsConfiguration,
        GetBucketNotificationConfiguration,
        GetBucketOwnershipControls,
        GetBucketPolicy,
        GetBucketPolicyStatus,
        GetBucketReplication,
        GetBucketRequestPayment,
        GetBucketTagging,
        GetBucketVersioning,
        GetBucketWebsite,
        GetObject,
        GetObjectAcl,
        GetObjectAttributes,
        GetObjectLegalHold,
        GetObjectLockConfiguration,
        GetObjectRetention,
        GetObjectTagging,
        GetPublicAccessBlock,
        HeadBucket,
        HeadObject,
        ListBucketAnalyticsConfigurations,
        ListBucketIntelligentTieringConfigurations,
        ListBucketInventoryConfigurations,
        ListBucketMetricsConfigurations,
        ListBuckets,
        ListMultipartUploads,
        ListObjectVersions,
        ListObjects,
        ListObjectsV2,
        ListParts,
        OptionsObject,
        PutBucketVersioning,
        PutObject,
        UploadPart,
        UploadPartCopy,
    }
);

operations!(
    /// The operations that S3 has and we do not yet: 501, by name.
    NotYet {
        CreateBucketMetadataConfiguration,
        CreateBucketMetadataTableConfiguration,
        CreateSession,
        DeleteBucketAnalyticsConfiguration,
        DeleteBucketCors,
        DeleteBucketEncryption,
        DeleteBucketIntelligentTieringConfiguration,
        DeleteBucketInventoryConfiguration,
        DeleteBucketLifecycle,
        DeleteBucketMetadataConfiguration,
        DeleteBucketMetadataTableConfiguration,
        DeleteBucketMetricsConfiguration,
        DeleteBucketOwnershipControls,
        DeleteBucketPolicy,
        DeleteBucketReplication,
        DeleteBucketTagging,
        DeleteBucketWebsite,
        DeleteObjectTagging,
        DeletePublicAccessBlock,
        GetBucketMetadataConfiguration,
        GetBucketMetadataTableConfiguration,
        GetObjectTorrent,
        ListDirectoryBuckets,
        PostObject,
        PutBucketAbac,
        PutBucketAccelerateConfiguration,
        PutBucketAcl,
        PutBucketAnalyticsConfiguration,
        PutBucketCors,
        PutBucketEncryption,
        PutBucketIntelligentTieringConfiguration,
        PutBucketInventoryConfiguration,
        PutBucketLifecycleConfiguration,
        PutBucketLogging,
        PutBucketMetricsConfiguration,
        PutBucketNotificationConfiguration,
        PutBucketOwnershipControls,
        PutBucketPolicy,
        PutBucketReplication,
        PutBucketRequestPayment,
        PutBucketTagging,
        PutBucketWebsite,
        PutObjectAcl,
        PutObjectLegalHold,
        PutObjectLockConfiguration,
        PutObjectRetention,
        PutObjectTagging,
        PutPublicAccessBlock,
        RenameObject,
        RestoreObject,
        SelectObjectContent,
        UpdateBucketMetadataInventoryTableConfiguration,
        UpdateBucketMetadataJournalTableConfiguration,
        UpdateObjectEncryption,
        WriteGetObjectResponse,
    }
);

/// An operation of S3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum S3Operation {
    /// It is served.
    Served(Served),
    /// It is not, yet.
    NotYet(NotYet),
}

impl S3Operation {
    /// Its name in the S3 API reference.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Served(served) => served.name(),
            Self::NotYet(not_yet) => not_yet.name(),
        }
    }
}

impl From<Served> for S3Operation {
    fn from(served: Served) -> Self {
        Self::Served(served)
    }
}

impl From<NotYet> for S3Operation {
    fn from(not_yet: NotYet) -> Self {
        Self::NotYet(not_yet)
    }
}
