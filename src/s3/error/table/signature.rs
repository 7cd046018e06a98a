//! Credentials that do not verify.

use super::{Answer, signature_mismatch};
use crate::s3::sigv4::SigError;

pub(super) fn answer(error: &SigError) -> Answer {
    match error {
        SigError::Stub => signature_mismatch(),
    }
}
