//! Writes XML: what both fronts answer in.

use std::fmt::Write;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Which characters become references, beside `&`, `<`, `>` and `"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// All control characters, in hexadecimal, as S3 writes them: keys may hold any of them.
    Controls,
    /// Tabs and line breaks, in decimal, as Swift writes them: without that a parser would change them.
    LineBreaks,
}

/// A document that is being written: elements open, hold text or elements, and close in order.
pub struct Document {
    text: String,
    open: Vec<&'static str>,
    escape: Escape,
}

impl Document {
    /// A document without a root yet.
    pub fn new(escape: Escape) -> Self {
        Self { text: DECLARATION.to_owned(), open: Vec::new(), escape }
    }

    /// Opens an element.
    pub fn start(&mut self, name: &'static str) -> &mut Self {
        self.start_with(name, &[])
    }

    /// Opens an element with attributes.
    pub fn start_with(&mut self, name: &'static str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes);
        self.text.push('>');
        self.open.push(name);
        self
    }

    /// An element that holds nothing: `<name attribute="value" />`.
    pub fn hollow(&mut self, name: &'static str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes);
        self.text.push_str(" />");
        self
    }

    /// Closes the innermost element.
    pub fn end(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            // Writing to a string does not fail.
            let _ = write!(self.text, "</{name}>");
        }
        self
    }

    /// An element with text.
    pub fn leaf(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.start(name).text(value).end()
    }

    /// An element with text, where there is some.
    pub fn optional(&mut self, name: &'static str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.leaf(name, value),
            None => self,
        }
    }

    /// Text in the innermost element.
    pub fn text(&mut self, value: &str) -> &mut Self {
        escape(value, self.escape, &mut self.text);
        self
    }

    /// A line break between elements.
    pub fn line_break(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// Closes what is open and gives the text.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let _ = write!(self.text, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"");
            escape(value, self.escape, &mut self.text);
            self.text.push('"');
        }
    }
}

fn escape(value: &str, escape: Escape, out: &mut String) {
    for character in value.chars() {
        match (character, escape) {
            ('&', _) => out.push_str("&amp;"),
            ('<', _) => out.push_str("&lt;"),
            ('>', _) => out.push_str("&gt;"),
            ('"', _) => out.push_str("&quot;"),
            ('\u{0}'..='\u{1f}' | '\u{7f}', Escape::Controls) => {
                let _ = write!(out, "&#x{:x};", u32::from(character));
            }
            ('\t' | '\n' | '\r', Escape::LineBreaks) => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            (other, _) => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_close_in_order() {
        let mut document = Document::new(Escape::Controls);
        document.start_with("A", &[("xmlns", "u&v")]).leaf("B", "x & <y> \"z\"\r\u{1}");
        document.start("C").optional("D", None).optional("E", Some("e"));
        assert_eq!(
            document.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"u&amp;v\">\
             <B>x &amp; &lt;y&gt; &quot;z&quot;&#xd;&#x1;</B><C><E>e</E></C></A>"
        );
    }

    #[test]
    fn line_breaks_are_decimal_and_other_controls_stay() {
        let mut document = Document::new(Escape::LineBreaks);
        document.start_with("a", &[("name", "b\tc")]).line_break();
        document.hollow("d", &[("name", "e\"")]).text("\r\n\u{1}");
        assert_eq!(
            document.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a name=\"b&#9;c\">\n<d name=\"e&quot;\" />&#13;&#10;\u{1}</a>"
        );
    }
}
