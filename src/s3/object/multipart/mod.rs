//! Multipart uploads.

mod abort;
mod checksum_choice;
mod complete;
mod copy_part;
mod create;
mod list_parts;
mod part;

use poem::http::HeaderMap;

pub(in crate::s3) use abort::abort;
pub(in crate::s3) use complete::complete;
#[cfg(any(test, fuzzing))]
pub(in crate::s3) use complete::parts_to_complete;
pub(in crate::s3) use copy_part::copy_part;
pub(in crate::s3) use create::create;
pub(in crate::s3) use list_parts::list_parts;
pub(in crate::s3) use part::upload_part;

use crate::http::secret_headers::SecretHeaders;
use crate::model::VersionUid;
use crate::ops::{self, CustomerKey, MAX_PART_NUMBER, WriteEncryption};
use crate::s3::error::{Error, Fault};
use crate::s3::query::Query;
use crate::s3::sse_c::{self, Shown};

const BAD_NUMBER: &str = "Part number must be an integer between 1 and 10000, inclusive";

/// `uploadId`. Whatever cannot be one names no upload.
fn upload_id(query: &Query) -> Result<VersionUid, Error> {
    let text = query.get("uploadId").unwrap_or_default();
    let is_ours = text.len() == 2 * VersionUid::LEN && !text.bytes().any(|b| b.is_ascii_uppercase());
    let id = Some(text).filter(|_| is_ours).and_then(|text| hex::decode(text).ok());
    let id = id.and_then(|bytes| VersionUid::from_slice(&bytes));
    Ok(id.ok_or(ops::Error::NoSuchUpload)?)
}

fn part_number(query: &Query) -> Result<u32, Fault> {
    let text = query.get("partNumber").unwrap_or_default();
    let number = text.parse().ok().filter(|number| (1..=MAX_PART_NUMBER).contains(number));
    number.ok_or_else(|| Fault::InvalidArgument {
        message: BAD_NUMBER,
        name: "partNumber",
        value: Some(text.to_owned()),
    })
}

/// The customer's key of a request on an upload, and what its answer says of encryption where there is one.
/// An upload that has none is the gateway's own.
fn upload_key(headers: &HeaderMap, secrets: &SecretHeaders) -> Result<(Option<CustomerKey>, Shown), Fault> {
    let sse = sse_c::for_write(headers, secrets)?;
    Ok(match sse.encryption {
        WriteEncryption::Customer(key) => (Some(key), sse.shown),
        WriteEncryption::Managed | WriteEncryption::Kms => (None, sse.shown),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_ids() {
        let id = "00112233445566778899aabbccddeeff";
        let read = |text: &str| upload_id(&Query::parse(Some(&format!("uploadId={text}"))).unwrap());
        assert_eq!(read(id).unwrap().to_string(), id);
        for bad in ["", "x", "00112233445566778899AABBCCDDEEFF", "0011", "zz112233445566778899aabbccddeeff"] {
            assert!(matches!(read(bad), Err(Error::Domain(ops::Error::NoSuchUpload))), "{bad}");
        }
    }

    #[test]
    fn part_numbers() {
        let read = |text: &str| part_number(&Query::parse(Some(&format!("partNumber={text}"))).unwrap());
        assert_eq!(read("1").unwrap(), 1);
        assert_eq!(read("10000").unwrap(), 10_000);
        for bad in ["", "0", "10001", "-1", "1.5", "x"] {
            assert!(matches!(read(bad), Err(Fault::InvalidArgument { message: BAD_NUMBER, .. })), "{bad}");
        }
    }
}
