//! Listings as XML, exactly as Swift writes them.

use std::fmt::Write;

use super::{ListedContainer, ListedObject};
use crate::http::date;
use crate::swift::info::POLICY;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

pub(crate) fn account(name: &str, rows: &[ListedContainer]) -> String {
    let mut xml = open("account", name);
    xml.push('\n');
    for row in rows {
        match row {
            // Empty, unlike a container's.
            ListedContainer::Subdir(name) => {
                xml.push_str("<subdir name=\"");
                escape(&mut xml, name);
                xml.push_str("\" />\n");
            }
            ListedContainer::Container { name, count, bytes, modified } => {
                xml.push_str("<container>");
                element(&mut xml, "name", name);
                element(&mut xml, "count", &count.to_string());
                element(&mut xml, "bytes", &bytes.to_string());
                element(&mut xml, "last_modified", &date::format_swift(*modified));
                element(&mut xml, "storage_policy", POLICY);
                xml.push_str("</container>\n");
            }
        }
    }
    xml.push_str("</account>");
    xml
}

pub(crate) fn container(name: &str, rows: &[ListedObject]) -> String {
    let mut xml = open("container", name);
    for row in rows {
        match row {
            ListedObject::Subdir(name) => {
                xml.push_str("<subdir name=\"");
                escape(&mut xml, name);
                xml.push_str("\">");
                element(&mut xml, "name", name);
                xml.push_str("</subdir>");
            }
            ListedObject::Object { name, hash, bytes, content_type, modified, large_object_etag: _ } => {
                xml.push_str("<object>");
                element(&mut xml, "name", name);
                element(&mut xml, "hash", hash);
                element(&mut xml, "bytes", &bytes.to_string());
                element(&mut xml, "content_type", content_type);
                element(&mut xml, "last_modified", &date::format_swift(*modified));
                xml.push_str("</object>");
            }
        }
    }
    xml.push_str("</container>");
    xml
}

fn open(tag: &str, name: &str) -> String {
    let mut xml = format!("{DECLARATION}<{tag} name=\"");
    escape(&mut xml, name);
    xml.push_str("\">");
    xml
}

fn element(xml: &mut String, tag: &str, text: &str) {
    // Writing to a string does not fail.
    let _ = write!(xml, "<{tag}>");
    escape(xml, text);
    let _ = write!(xml, "</{tag}>");
}

/// Escapes text for elements and attributes alike. Line breaks are written as references, so that a parser
/// returns the name unchanged.
fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(xml, "&#{};", u32::from(c));
            }
            c => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{containers, rows};
    use super::*;

    #[test]
    fn objects_and_subdirs() {
        assert_eq!(
            container("c&d", &rows()),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<container name=\"c&amp;d\"><object>\
             <name>a&amp;b &quot;c&quot;&lt;é&gt;</name><hash>d41d8cd98f00b204e9800998ecf8427e</hash>\
             <bytes>0</bytes><content_type>text/plain; charset=&quot;utf-8&quot;</content_type>\
             <last_modified>2026-11-21T00:35:17.881380</last_modified></object>\
             <subdir name=\"b/\"><name>b/</name></subdir></container>"
        );
    }

    #[test]
    fn containers_of_an_account() {
        assert_eq!(
            account("AUTH_a", &containers()),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<account name=\"AUTH_a\">\n<container><name>c</name>\
             <count>2</count><bytes>30</bytes><last_modified>2026-11-21T00:35:17.881380</last_modified>\
             <storage_policy>Policy-0</storage_policy></container>\n<subdir name=\"d-\" />\n</account>"
        );
    }

    #[test]
    fn line_breaks_survive() {
        let mut xml = String::new();
        escape(&mut xml, "a\r\nb");
        assert_eq!(xml, "a&#13;&#10;b");
    }
}
