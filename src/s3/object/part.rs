//! Which bytes of an object an answer carries: `Range`, `If-Range`, `partNumber`.

use std::ops::Range;

use poem::http::{HeaderMap, StatusCode};

use crate::http::date;
use crate::http::range::parse_ranges;
use crate::ops::{ObjectInfo, PartSpan};
use crate::s3::error::Fault;
use crate::s3::headers::text;
use crate::s3::query::Query;

/// What a client asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// A range, as the header says it.
    Range(String),
    /// A part by its number.
    Number(u32),
}

/// What it gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) range: Range<u64>,
    /// Whether the answer is 206.
    pub(super) partial: bool,
}

impl Wanted {
    /// Reads the request.
    pub(super) fn read(query: &Query, headers: &HeaderMap) -> Result<Self, Fault> {
        let range = text(headers, "range")?;
        let Some(number) = query.get("partNumber") else {
            return Ok(range.map_or(Self::Whole, |range| Self::Range(range.to_owned())));
        };
        if range.is_some() {
            return Err(Fault::invalid_request(
                "Cannot specify both Range header and partNumber query parameter",
            ));
        }
        let parsed = number.parse().ok().filter(|number| (1..=10_000).contains(number));
        parsed.map(Self::Number).ok_or_else(|| Fault::InvalidArgument {
            message: "Part number must be an integer between 1 and 10000, inclusive",
            name: "partNumber",
            value: Some(number.to_owned()),
        })
    }

    /// The part's number, where one was asked for.
    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Whole | Self::Range(_) => None,
        }
    }

    /// Resolves it against an object, and the part in it that was asked for. Several ranges in one header
    /// give the whole object, as on AWS.
    pub(super) fn resolve(
        &self,
        info: &ObjectInfo,
        span: Option<&PartSpan>,
        headers: &HeaderMap,
    ) -> Result<Part, Fault> {
        let whole = Part { range: 0..info.size, partial: false };
        match self {
            Self::Whole => Ok(whole),
            Self::Range(header) => match parse_ranges(header).as_deref() {
                Some([range]) if still_current(info, headers)? => match range.resolve(info.size) {
                    Some(range) => Ok(Part { range, partial: true }),
                    None => Err(Fault::InvalidRange { asked: header.clone(), size: info.size }),
                },
                _ => Ok(whole),
            },
            Self::Number(asked) => match span {
                Some(span) => Ok(Part { range: span.range.clone(), partial: info.size > 0 }),
                None => Err(Fault::InvalidPartNumber { asked: *asked, count: info.part_count.unwrap_or(1) }),
            },
        }
    }
}

/// `If-Range`: a range is only of use to a client that has the rest of this very object.
fn still_current(info: &ObjectInfo, headers: &HeaderMap) -> Result<bool, Fault> {
    let Some(condition) = text(headers, "if-range")? else { return Ok(true) };
    if condition.starts_with("W/") {
        return Ok(false);
    }
    if condition.starts_with('"') {
        return Ok(condition.trim_matches('"') == info.etag);
    }
    Ok(date::parse_http(condition) == Some(info.modified.seconds_ceil()))
}

impl Part {
    /// The answer's status.
    pub(super) fn status(&self) -> StatusCode {
        if self.partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK }
    }

    /// How many bytes it is.
    pub(super) fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Whether it is the whole object.
    pub(super) fn is_whole(&self, size: u64) -> bool {
        self.range == (0..size)
    }

    /// `Content-Range`, where the answer is partial.
    pub(super) fn content_range(&self, size: u64) -> Option<String> {
        let (start, end) = (self.range.start, self.range.end);
        self.partial.then(|| format!("bytes {start}-{}/{size}", end.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests;
