//! What the table of operations is made of. The rows are in [`super::table`].

use poem::http::HeaderMap;

use crate::s3::query::Query;

/// What a request's address names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum On {
    /// Neither a bucket nor an object.
    Service,
    /// A bucket, without a key.
    Bucket,
    /// A bucket and a key.
    Object,
    /// Any of them, whatever sub-resource the query names.
    Any,
}

/// What makes a request another operation than its method and sub-resource alone would.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A header is there.
    Header(&'static str),
    /// A parameter is there.
    Parameter(&'static str),
    /// A parameter has this value.
    Value(&'static str, &'static str),
}

impl Mark {
    pub(super) fn is_in(self, query: &Query, headers: &HeaderMap) -> bool {
        match self {
            Self::Header(name) => headers.contains_key(name),
            Self::Parameter(name) => query.has(name),
            Self::Value(name, value) => query.get(name) == Some(value),
        }
    }

    /// The parameter that the operation understands because it marks it.
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Header(_) => None,
            Self::Parameter(name) | Self::Value(name, _) => Some(name),
        }
    }
}

/// The body that an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// None. One that comes is not read.
    Nothing,
    /// None. One that comes is refused: its sender would believe that it was stored.
    EmptyBody,
    /// The bytes of an object or of a part.
    Object,
    /// A document, or nothing.
    OptionalDocument,
    /// A document. `Content-MD5` and `x-amz-checksum-*` are of the document.
    Document,
    /// A document that is refused without a digest of it.
    DocumentWithDigest,
    /// The list of an upload's parts. `x-amz-checksum-*` are of the object, not of the list.
    PartList,
}

/// What an operation does with `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conditions {
    /// All four are evaluated.
    Evaluated,
    /// `If-Match` and `If-None-Match` are evaluated, the dates are refused.
    EtagsEvaluated,
    /// `If-Match` is evaluated, the others are refused.
    IfMatchEvaluated,
    /// All four are refused.
    Refused,
    /// For reads that evaluate none. `If-Match` and `If-Unmodified-Since` are refused. The other two are
    /// ignored: they only let a cache save a transfer, and the whole answer is never wrong.
    CachingIgnored,
}

impl Conditions {
    /// The headers that are refused.
    pub(in crate::s3) const fn refused(self) -> &'static [&'static str] {
        match self {
            Self::Evaluated => &[],
            Self::EtagsEvaluated => &["if-modified-since", "if-unmodified-since"],
            Self::IfMatchEvaluated => &["if-none-match", "if-modified-since", "if-unmodified-since"],
            Self::Refused => &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"],
            Self::CachingIgnored => &["if-match", "if-unmodified-since"],
        }
    }
}

/// A row of the table: how an operation is recognised, and how it is served.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub operation: super::S3Operation,
    /// What its requests name.
    pub on: On,
    pub method: &'static str,
    /// The sub-resource in their query. Empty without one.
    pub sub_resource: &'static str,
    /// One of these must be in the request. Where there are none, the row is for requests that fit no marked
    /// row.
    pub marks: &'static [Mark],
    /// What is known of an operation that is served. `None`: S3 has it, and Cardea answers 501 with its name.
    pub served: Option<Rules>,
}

/// What an operation that is served honours.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Parameters beside the sub-resource, the marks and those of every operation.
    pub parameters: &'static [&'static str],
    pub takes: Takes,
    /// The conditional headers.
    pub conditions: Conditions,
    /// The statuses that are no error. A setting that a bucket may lack has 404 beside 200, and 404 alone
    /// where no bucket can have it yet.
    pub answers: &'static [u16],
}

impl Row {
    /// The parameters that its requests may have.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let rules = self.served.map_or(&[][..], |rules| rules.parameters);
        let sub_resource = Some(self.sub_resource).filter(|name| !name.is_empty());
        let marks = self.marks.iter().filter_map(|mark| mark.parameter());
        sub_resource.into_iter().chain(marks).chain(rules.iter().copied())
    }
}

/// Makes the enum of the operations, their rows and their dispatch from the table. Each row is
///
/// ```text
/// Name: On METHOD "sub-resource" [marks], params [..], takes .., conditions .., answers [..] => handler;
/// Name: On METHOD "sub-resource" [marks];
/// ```
///
/// the second for an operation that S3 has and Cardea does not serve yet.
macro_rules! operations {
    ($request:ident, $body:ident; $(
        $name:ident: $on:ident $method:ident $sub_resource:literal $([$($mark:expr),+])?
        $(, params [$($parameter:literal),*], takes $takes:ident, conditions $conditions:ident,
            answers [$($status:literal),+] => $handler:expr)? ;
    )+) => {
        /// Every operation of the S3 API reference, by the name that it has there.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum S3Operation { $($name),+ }

        impl S3Operation {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in the S3 API reference.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            pub fn row(self) -> &'static Row {
                &ROWS[self as usize]
            }

            /// Serves a request.
            pub(in crate::s3) async fn serve(
                self,
                $request: Request<'_>,
                $body: Body,
            ) -> Result<Response, Error> {
                match self {
                    $(Self::$name => operations!(@serve $name $($takes $body $handler)?),)+
                }
            }
        }

        /// The rows, in the order of the operations.
        pub(super) static ROWS: &[Row] = &[$(
            Row {
                operation: S3Operation::$name,
                on: On::$on,
                method: stringify!($method),
                sub_resource: $sub_resource,
                marks: &[$($($mark),+)?],
                served: operations!(@rules $(
                    Rules {
                        parameters: &[$($parameter),*],
                        takes: Takes::$takes,
                        conditions: Conditions::$conditions,
                        answers: &[$($status),+],
                    }
                )?),
            },
        )+];
    };
    (@serve $name:ident) => {
        Err(Fault::OperationNotImplemented { operation: stringify!($name) }.into())
    };
    (@serve $name:ident $takes:ident $body:ident $handler:expr) => {{
        operations!(@body $takes $body);
        $handler.await
    }};
    (@body Nothing $body:ident) => {};
    (@body Object $body:ident) => {};
    (@body EmptyBody $body:ident) => { let $body = EmptyBody::new($body); };
    (@body Document $body:ident) => { let $body = DocumentBody::new($body, DocumentRule::Needed); };
    (@body OptionalDocument $body:ident) => { let $body = DocumentBody::new($body, DocumentRule::Optional); };
    (@body DocumentWithDigest $body:ident) => { let $body = DocumentBody::new($body, DocumentRule::DigestNeeded); };
    (@body PartList $body:ident) => { let $body = DocumentBody::new($body, DocumentRule::OtherChecksums); };
    (@rules) => { None };
    (@rules $rules:expr) => { Some($rules) };
}

pub(super) use operations;
