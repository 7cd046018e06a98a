//! Writes XML.

use std::fmt::Write;

/// The namespace of S3's documents.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document that is being written: elements open, hold text or elements, and close in order.
pub(in crate::s3) struct Document {
    text: String,
    open: Vec<&'static str>,
}

impl Document {
    /// Begins a document whose root is in S3's namespace.
    pub(in crate::s3) fn s3(root: &'static str) -> Self {
        let mut document = Self::declaration();
        let _ = write!(document.text, "<{root} xmlns=\"{NAMESPACE}\">");
        document.open.push(root);
        document
    }

    /// Begins a document whose root is in no namespace, as errors are.
    pub(in crate::s3) fn plain(root: &'static str) -> Self {
        let mut document = Self::declaration();
        document.start(root);
        document
    }

    fn declaration() -> Self {
        Self { text: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), open: Vec::new() }
    }

    /// Opens an element.
    pub(in crate::s3) fn start(&mut self, name: &'static str) -> &mut Self {
        let _ = write!(self.text, "<{name}>");
        self.open.push(name);
        self
    }

    /// Opens an element with attributes, written as they stand.
    pub(in crate::s3) fn start_with(&mut self, name: &'static str, attributes: &'static str) -> &mut Self {
        let _ = write!(self.text, "<{name} {attributes}>");
        self.open.push(name);
        self
    }

    /// Closes the innermost element.
    pub(in crate::s3) fn end(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            let _ = write!(self.text, "</{name}>");
        }
        self
    }

    /// An element with text.
    pub(in crate::s3) fn leaf(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.start(name);
        escape(value, &mut self.text);
        self.end()
    }

    /// Text in the innermost element.
    pub(in crate::s3) fn text(&mut self, value: &str) -> &mut Self {
        escape(value, &mut self.text);
        self
    }

    /// An element with text, where there is some.
    pub(in crate::s3) fn optional(&mut self, name: &'static str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.leaf(name, value),
            None => self,
        }
    }

    /// Closes what is open and gives the text.
    pub(in crate::s3) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text
    }
}

/// Escapes text. Control characters become references, as S3 writes them: keys may hold any of them.
fn escape(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(out, "&#x{:x};", u32::from(character));
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_close_in_order() {
        let mut document = Document::s3("A");
        document.leaf("B", "x & <y> \"z\"\r\u{1}").start("C").optional("D", None).optional("E", Some("e"));
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                        <B>x &amp; &lt;y&gt; &quot;z&quot;&#xd;&#x1;</B><C><E>e</E></C></A>";
        assert_eq!(document.finish(), expected);
    }
}
