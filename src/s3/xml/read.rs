//! Reads the XML that clients send: small, shallow, without DTD or entities of its own.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::s3::error::Fault;

/// The largest XML body that is read. S3's own limit for the largest of them is 1 MiB; ours are far smaller.
pub(in crate::s3) const MAX_BODY: usize = 64 * 1024;
/// The deepest nesting. Deeper bodies only serve to exhaust memory.
const MAX_DEPTH: usize = 16;

/// The most elements: ten thousand parts with a checksum each need 40,001. Each takes twenty times the memory of the five
/// bytes that make one.
const MAX_ELEMENTS: usize = 64 * 1024;

/// An element: its local name, its own text, its children.
#[derive(Default, Debug)]
pub(in crate::s3) struct Element {
    /// Its name without a prefix.
    pub(in crate::s3) name: String,
    /// Its text.
    pub(in crate::s3) text: String,
    /// Its children, in order.
    pub(in crate::s3) children: Vec<Element>,
}

/// Parses a whole document.
pub(in crate::s3) fn parse(body: &[u8]) -> Result<Element, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::MalformedXml)?;
    let mut reader = Reader::from_str(text);
    let mut stack: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    loop {
        let event = reader.read_event().map_err(|_| Fault::MalformedXml)?;
        elements += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        if elements > MAX_ELEMENTS {
            return Err(Fault::MalformedXml);
        }
        match event {
            Event::Start(tag) => {
                if root.is_some() || stack.len() == MAX_DEPTH {
                    return Err(Fault::MalformedXml);
                }
                stack.push(named(&tag));
            }
            Event::Empty(tag) => close(named(&tag), &mut stack, &mut root)?,
            Event::End(_) => {
                let element = stack.pop().ok_or(Fault::MalformedXml)?;
                close(element, &mut stack, &mut root)?;
            }
            Event::Text(content) => add(&content.xml10_content(), &mut stack)?,
            Event::CData(content) => add(&content.xml10_content(), &mut stack)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|_| Fault::MalformedXml)?;
                match (character, resolve_predefined_entity(&reference)) {
                    (Some(character), _) => add(character.encode_utf8(&mut [0; 4]), &mut stack)?,
                    (None, Some(entity)) => add(entity, &mut stack)?,
                    (None, None) => return Err(Fault::MalformedXml),
                }
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::PI(_) | Event::DocType(_) => return Err(Fault::MalformedXml),
            Event::Eof => break,
        }
    }
    if stack.is_empty() { root.ok_or(Fault::MalformedXml) } else { Err(Fault::MalformedXml) }
}

fn named(tag: &BytesStart<'_>) -> Element {
    Element { name: tag.local_name().into_inner().to_owned(), ..Element::default() }
}

fn close(element: Element, stack: &mut [Element], root: &mut Option<Element>) -> Result<(), Fault> {
    match stack.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err(Fault::MalformedXml),
    }
    Ok(())
}

fn add(text: &str, stack: &mut [Element]) -> Result<(), Fault> {
    match stack.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(Fault::MalformedXml),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document() {
        let root = parse(
            b"<?xml version=\"1.0\"?>\n<s:A xmlns:s=\"u\"><B>x&amp;y &#65;<![CDATA[<z>]]></B><C/></s:A>\n",
        )
        .unwrap();
        assert_eq!(root.name, "A");
        assert_eq!(root.children[0].text, "x&y A<z>");
        assert_eq!(root.children[1].name, "C");
    }

    #[test]
    fn refused() {
        for body in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&unknown;</a>",
            "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
            "<?php x?><a/>",
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(Fault::MalformedXml)), "{body}");
        }
        let deep = "<a>".repeat(17) + &"</a>".repeat(17);
        assert!(parse(deep.as_bytes()).is_err());
        assert!(parse(b"<a>\xff</a>").is_err());
        let many = |count| format!("<a>{}</a>", "<b/>".repeat(count));
        assert!(parse(many(MAX_ELEMENTS - 1).as_bytes()).is_ok());
        assert!(parse(many(MAX_ELEMENTS).as_bytes()).is_err());
    }
}
