//! The format in which a client wants a listing or a report.

use poem::http::header::ACCEPT;
use poem::http::{HeaderMap, StatusCode};

use super::error::Failure;
use crate::http::query::Query;

/// A format, in the order of preference among equals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Plain,
    Json,
    Xml,
    /// The body of [`Format::Xml`] under an older type.
    TextXml,
}

impl Format {
    const ALL: [Self; 4] = [Self::Plain, Self::Json, Self::Xml, Self::TextXml];

    /// The media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::TextXml => "text/xml",
        }
    }

    /// The value of `Content-Type`.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
            Self::TextXml => "text/xml; charset=utf-8",
        }
    }
}

/// The format of a listing: `format=` wins over `Accept`, and an unknown format is plain.
pub(crate) fn of_listing(headers: &HeaderMap, query: &Query) -> Result<Format, Failure> {
    match query.all("format").last().filter(|format| !format.is_empty()) {
        Some(format) if format.eq_ignore_ascii_case("json") => Ok(Format::Json),
        Some(format) if format.eq_ignore_ascii_case("xml") => Ok(Format::Xml),
        Some(_) => Ok(Format::Plain),
        None => negotiate(headers),
    }
}

/// Refuses a listing that exists only in JSON, if the client does not accept JSON.
pub(crate) fn json_alone(headers: &HeaderMap, query: &Query) -> Result<(), Failure> {
    let format = query.all("format").last().filter(|format| !format.is_empty());
    let takes = if let Some(format) = format {
        format.eq_ignore_ascii_case("json")
    } else {
        let wanted = media_ranges(headers)?;
        let json = |range: &MediaRange<'_>| range.matches(Format::Json.media_type());
        wanted.is_empty() || wanted.iter().any(|range| range.quality > 0.0 && json(range))
    };
    if takes { Ok(()) } else { Err(Failure::new(StatusCode::NOT_ACCEPTABLE)) }
}

/// The format that the `Accept` header prefers; plain without that header.
pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Format, Failure> {
    let mut wanted = media_ranges(headers)?;
    if wanted.is_empty() {
        return Ok(Format::Plain);
    }
    // The best quality first, and exact types before wildcards; the sort is stable, so the client's order
    // holds.
    wanted.sort_by(|a, b| b.quality.total_cmp(&a.quality).then(a.is_wild().cmp(&b.is_wild())));
    wanted
        .iter()
        .filter(|range| range.quality > 0.0)
        .find_map(|range| Format::ALL.into_iter().find(|format| range.matches(format.media_type())))
        .ok_or_else(|| Failure::new(StatusCode::NOT_ACCEPTABLE))
}

fn media_ranges(headers: &HeaderMap) -> Result<Vec<MediaRange<'_>>, Failure> {
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let value = value.to_str().map_err(|_| invalid())?;
        for range in value.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            ranges.push(MediaRange::parse(range).ok_or_else(invalid)?);
        }
    }
    Ok(ranges)
}

fn invalid() -> Failure {
    Failure::bad_request("Invalid Accept header")
}

struct MediaRange<'a> {
    main_type: &'a str,
    subtype: &'a str,
    quality: f32,
}

impl<'a> MediaRange<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';');
        let (main_type, subtype) = parts.next()?.trim().split_once('/')?;
        if !is_token(main_type) || !is_token(subtype) {
            return None;
        }
        let mut quality = 1.0;
        for parameter in parts {
            let (name, value) = parameter.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("q") {
                quality = value.trim().parse().ok().filter(|q: &f32| q.is_finite())?;
            }
        }
        Some(Self { main_type, subtype, quality })
    }

    fn is_wild(&self) -> bool {
        self.main_type == "*" || self.subtype == "*"
    }

    fn matches(&self, media_type: &str) -> bool {
        let Some((main_type, subtype)) = media_type.split_once('/') else { return false };
        (self.main_type == "*" || self.main_type.eq_ignore_ascii_case(main_type))
            && (self.subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype))
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&b))
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn listing(query: &str, accept: Option<&str>) -> Result<Format, u16> {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        }
        of_listing(&headers, &Query::parse(query)).map_err(|failure| failure.status().as_u16())
    }

    #[test]
    fn the_parameter_wins_over_the_header() {
        assert_eq!(listing("format=json", Some("text/plain")), Ok(Format::Json));
        assert_eq!(listing("format=XML", None), Ok(Format::Xml));
        assert_eq!(listing("format=plain", Some("image/png")), Ok(Format::Plain));
        assert_eq!(listing("format=yaml", Some("application/json")), Ok(Format::Plain));
    }

    #[test]
    fn a_listing_in_json_alone_is_refused_in_other_formats() {
        let takes = |query: &str, accept: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
            }
            json_alone(&headers, &Query::parse(query)).map_err(|failure| failure.status().as_u16())
        };
        for (query, accept) in [
            ("versions", None),
            ("versions&format=json", Some("text/plain")),
            ("format=JSON", None),
            ("", Some("*/*")),
            ("", Some("text/plain, application/json;q=0.1")),
        ] {
            assert_eq!(takes(query, accept), Ok(()), "{query} {accept:?}");
        }
        for (query, accept, status) in [
            ("format=plain", None, 406),
            ("format=xml", Some("application/json"), 406),
            ("", Some("text/plain"), 406),
            ("", Some("application/json;q=0"), 406),
            ("", Some("garbage"), 400),
        ] {
            assert_eq!(takes(query, accept), Err(status), "{query} {accept:?}");
        }
    }

    #[test]
    fn the_accept_header_is_negotiated() {
        for (accept, expected) in [
            ("application/json", Ok(Format::Json)),
            ("application/xml", Ok(Format::Xml)),
            ("text/xml", Ok(Format::TextXml)),
            ("text/plain", Ok(Format::Plain)),
            ("*/*", Ok(Format::Plain)),
            ("application/*", Ok(Format::Json)),
            ("text/html, application/json;q=0.5", Ok(Format::Json)),
            ("*/*;q=0.9, application/xml;q=0.9", Ok(Format::Xml)),
            ("application/json;q=0.8,application/xml;q=0.9;level=1", Ok(Format::Xml)),
            ("image/png", Err(406)),
            ("application/json;q=0", Err(406)),
            ("garbage", Err(400)),
            ("application/json;q=x", Err(400)),
            ("", Ok(Format::Plain)),
        ] {
            assert_eq!(listing("", Some(accept)), expected, "{accept}");
        }
        assert_eq!(listing("", None), Ok(Format::Plain));
    }
}
