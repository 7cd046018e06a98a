//! Reads the XML that clients send: small, shallow, without DTD or entities of its own.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::s3::error::Fault;

/// The deepest nesting. Deeper bodies only serve to exhaust memory.
const MAX_DEPTH: usize = 16;

/// The most elements: ten thousand parts with a checksum each need 40,001. Each takes twenty times the memory
/// of the five bytes that make one.
const MAX_ELEMENTS: usize = 64 * 1024;

/// An element: its local name, its own text, its children.
#[derive(Default, Debug)]
pub(in crate::s3) struct Element {
    /// Its name without a prefix.
    pub(in crate::s3) name: String,
    pub(in crate::s3) text: String,
    /// Its children, in order.
    pub(in crate::s3) children: Vec<Element>,
}

impl Element {
    /// Refuses children of other names.
    pub(in crate::s3) fn only(&self, names: &[&str]) -> Result<(), Fault> {
        let is_known = |child: &Element| names.contains(&child.name.as_str());
        if self.children.iter().all(is_known) { Ok(()) } else { Err(Fault::MalformedXml) }
    }

    /// The child of this name. Refuses none, and more than one.
    pub(in crate::s3) fn once(&self, name: &str) -> Result<&Self, Fault> {
        self.at_most_once(name)?.ok_or(Fault::MalformedXml)
    }

    /// The child of this name, if there is one. Refuses more than one.
    pub(in crate::s3) fn at_most_once(&self, name: &str) -> Result<Option<&Self>, Fault> {
        let mut named = self.children.iter().filter(|child| child.name == name);
        let first = named.next();
        if named.next().is_none() { Ok(first) } else { Err(Fault::MalformedXml) }
    }

    /// The children of this name, in order. Refuses more than `max`.
    pub(in crate::s3) fn list(&self, name: &str, max: usize) -> Result<Vec<&Self>, Fault> {
        let named: Vec<_> = self.children.iter().filter(|child| child.name == name).collect();
        if named.len() <= max { Ok(named) } else { Err(Fault::MalformedXml) }
    }

    /// Its text, as it was sent. Refuses children.
    pub(in crate::s3) fn leaf(&self) -> Result<&str, Fault> {
        if self.children.is_empty() { Ok(&self.text) } else { Err(Fault::MalformedXml) }
    }

    /// The text of the child of this name, without white space around it. `None` where there is no child.
    pub(in crate::s3) fn leaf_of(&self, name: &str) -> Result<Option<&str>, Fault> {
        Ok(self.at_most_once(name)?.map(Self::leaf).transpose()?.map(str::trim))
    }
}

/// Parses a whole document whose root has this name. The root's namespace is not compared: S3 takes any.
pub(in crate::s3) fn parse_root(body: &[u8], name: &str) -> Result<Element, Fault> {
    let root = parse(body)?;
    if root.name == name { Ok(root) } else { Err(Fault::MalformedXml) }
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
    fn elements_are_read_by_name() {
        let root = parse_root(b"<T><A> x </A><B>1</B><B>2</B><C><A/></C></T>", "T").unwrap();
        assert!(root.only(&["A", "B", "C"]).is_ok() && root.only(&["A", "B"]).is_err());
        assert_eq!(root.once("A").unwrap().leaf().unwrap(), " x ");
        assert_eq!((root.leaf_of("A").unwrap(), root.leaf_of("D").unwrap()), (Some("x"), None));
        assert!(root.once("B").is_err() && root.once("D").is_err());
        assert!(root.at_most_once("D").unwrap().is_none() && root.at_most_once("B").is_err());
        assert_eq!(root.list("B", 2).unwrap().len(), 2);
        assert!(root.list("B", 1).is_err() && root.list("D", 0).unwrap().is_empty());
        assert!(root.once("C").unwrap().leaf().is_err() && root.leaf_of("C").is_err());
        assert!(parse_root(b"<T/>", "U").is_err());
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
