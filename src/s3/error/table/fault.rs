//! What the front refuses.

use poem::http::StatusCode;

use super::{
    Answer, BAD, FORBIDDEN, NOT_IMPLEMENTED, access_denied, entity_too_large, invalid_bucket_name,
    key_too_long, method_not_allowed,
};
use crate::s3::error::{ErrorContext, Fault};

#[expect(clippy::too_many_lines, reason = "one table, to be read from top to bottom")]
pub(super) fn answer(fault: &Fault, context: &ErrorContext) -> Answer {
    match fault {
        Fault::AccessDenied => access_denied(),
        Fault::BadRequest { message } => Answer::new(BAD, "BadRequest", message.clone()),
        Fault::ConflictingQuery { first, second } => Answer::new(
            BAD,
            "InvalidArgument",
            format!("Conflicting query string parameters: {first}, {second}"),
        )
        .with("ArgumentName", "ResourceType")
        .with("ArgumentValue", *first),
        Fault::CorsNotEnabled => {
            Answer::new(FORBIDDEN, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
                .with("Method", context.method.as_str())
                .with("ResourceType", if context.key.is_some() { "OBJECT" } else { "BUCKET" })
        }
        Fault::EntityTooLarge { proposed, limit } => {
            entity_too_large(*limit).with("ProposedSize", proposed.to_string())
        }
        Fault::NotImplemented { what, note } => {
            let message = "A header you provided implies functionality that is not implemented";
            Answer::new(NOT_IMPLEMENTED, "NotImplemented", message)
                .with("Header", what.as_str())
                .maybe("additionalMessage", note.clone())
        }
        Fault::InvalidAccessKeyId { access_key } => Answer::new(
            FORBIDDEN,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        )
        .with("AWSAccessKeyId", access_key.as_str()),
        Fault::InvalidArgument { message, name, value } => Answer::new(BAD, "InvalidArgument", *message)
            .with("ArgumentName", *name)
            .maybe("ArgumentValue", value.clone()),
        Fault::InvalidBucketName { name } => invalid_bucket_name(Some(name.clone())),
        Fault::InvalidDigest { value } => {
            Answer::new(BAD, "InvalidDigest", "The Content-MD5 you specified was invalid.")
                .with("Content-MD5", value.as_str())
        }
        Fault::InvalidEncryptionAlgorithm { value } => Answer::new(
            BAD,
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
        )
        .with("ArgumentName", "x-amz-server-side-encryption")
        .with("ArgumentValue", value.as_str()),
        Fault::InvalidPartNumber { asked, count } => Answer::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
        )
        .with("PartNumberRequested", asked.to_string())
        .with("ActualPartCount", count.to_string()),
        Fault::InvalidRange { asked, size } => Answer::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidRange",
            "The requested range is not satisfiable",
        )
        .with("RangeRequested", asked.as_str())
        .with("ActualObjectSize", size.to_string())
        .header("content-range", format!("bytes */{size}")),
        Fault::InvalidRedirectLocation => Answer::new(
            BAD,
            "InvalidRedirectLocation",
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
        ),
        Fault::InvalidRequest { message } => Answer::new(BAD, "InvalidRequest", message.clone()),
        Fault::InvalidStorageClass { class } => {
            Answer::new(BAD, "InvalidStorageClass", "The storage class you specified is not valid")
                .with("StorageClassRequested", class.as_str())
        }
        Fault::InvalidToken => {
            Answer::new(BAD, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        }
        Fault::InvalidUri => Answer::new(BAD, "InvalidURI", "Couldn't parse the specified URI."),
        Fault::KeyTooLong { found, limit } => key_too_long(*found, *limit),
        Fault::MalformedXml => Answer::new(
            BAD,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ),
        Fault::MaxMessageLengthExceeded => {
            Answer::new(BAD, "MaxMessageLengthExceeded", "Your request was too big.")
        }
        Fault::MetadataTooLarge { found, limit } => Answer::new(
            BAD,
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        )
        .with("Size", found.to_string())
        .with("MaxSizeAllowed", limit.to_string()),
        Fault::MethodNotAllowed { resource } => method_not_allowed(context, resource),
        Fault::MissingContentLength => Answer::new(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
        ),
        Fault::MissingRequestBody => Answer::new(BAD, "MissingRequestBodyError", "Request Body is empty"),
        Fault::OperationNotImplemented { operation } => {
            Answer::new(NOT_IMPLEMENTED, "NotImplemented", format!("{operation} is not implemented"))
                .with("Operation", *operation)
        }
        Fault::Setting(refusal) => Answer {
            extras: refusal.extras.clone(),
            ..Answer::new(refusal.status, refusal.code, refusal.message.clone())
        },
        Fault::QueryNotImplemented { parameter } => Answer::new(
            NOT_IMPLEMENTED,
            "NotImplemented",
            "A query parameter you provided implies functionality that is not implemented",
        )
        .with("QueryParameter", parameter.as_str()),
    }
}
