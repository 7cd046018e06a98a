//! Credentials that do not verify.

use super::{Answer, BAD, FORBIDDEN};
use crate::http::date;
use crate::model::Timestamp;
use crate::s3::sigv4::{MAX_SKEW, SigError};

pub(super) fn answer(error: &SigError) -> Answer {
    use SigError as E;
    let text = error.to_string();
    let time = |seconds: i64| date::format_iso8601_millis(Timestamp::from_seconds(seconds));
    match error {
        E::AuthorizationHeaderMalformed(_) => Answer::new(BAD, "AuthorizationHeaderMalformed", text),
        E::AuthorizationQueryParametersError(_) => {
            Answer::new(BAD, "AuthorizationQueryParametersError", text)
        }
        E::WrongRegion { presigned: false, expected, .. } => {
            Answer::new(BAD, "AuthorizationHeaderMalformed", text).with("Region", expected.as_str())
        }
        E::WrongRegion { presigned: true, expected, .. } => {
            Answer::new(BAD, "AuthorizationQueryParametersError", text).with("Region", expected.as_str())
        }
        E::MissingDate | E::NotYetValid => Answer::new(FORBIDDEN, "AccessDenied", text),
        E::UnsignedHeaders(names) => {
            Answer::new(FORBIDDEN, "AccessDenied", text).with("HeadersNotSigned", names.as_str())
        }
        E::SignatureDoesNotMatch => Answer::new(FORBIDDEN, "SignatureDoesNotMatch", text),
        E::RequestTimeTooSkewed { request_time, server_time } => {
            Answer::new(FORBIDDEN, "RequestTimeTooSkewed", text)
                .with("RequestTime", date::format_amz(*request_time))
                .with("ServerTime", time(*server_time))
                .with("MaxAllowedSkewMilliseconds", (MAX_SKEW * 1000).to_string())
        }
        E::Expired { expired_at, server_time } => Answer::new(FORBIDDEN, "AccessDenied", text)
            .with("Expires", time(*expired_at))
            .with("ServerTime", time(*server_time)),
        E::XAmzContentSha256Missing | E::UnsupportedV2 => Answer::new(BAD, "InvalidRequest", text),
        E::XAmzContentSha256Invalid => {
            Answer::new(BAD, "InvalidArgument", text).with("ArgumentName", "x-amz-content-sha256")
        }
        E::TwoMechanisms | E::UnsupportedAuthorization => {
            Answer::new(BAD, "InvalidArgument", text).with("ArgumentName", "Authorization")
        }
        E::InvalidToken => Answer::new(BAD, "InvalidToken", text),
    }
}
