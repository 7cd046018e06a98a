//! The entrances for fuzzers to this face.

use super::fault::Voice;
use super::{Fault, read, request, v2};

/// The body of a login, of either version.
pub(crate) fn logins(data: &[u8]) {
    let fault = |fault: Fault| {
        let answer = fault.into_response(&Voice::anywhere());
        assert!(answer.status().is_client_error());
    };
    let _ = read::<request::Body>(data).and_then(request::Body::into_request).map_err(fault);
    let _ = read::<v2::Body>(data).and_then(v2::Body::into_request).map_err(fault);
}
