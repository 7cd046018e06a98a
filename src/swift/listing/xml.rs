//! Listings as XML, exactly as Swift writes them.

use super::{ListedContainer, ListedObject};
use crate::http::date;
use crate::http::xml::{Document, Escape};
use crate::swift::info::POLICY;

pub(crate) fn account(name: &str, rows: &[ListedContainer]) -> String {
    let mut xml = Document::new(Escape::LineBreaks);
    xml.start_with("account", &[("name", name)]).line_break();
    for row in rows {
        match row {
            // Empty, unlike a container's.
            ListedContainer::Subdir(name) => {
                xml.hollow("subdir", &[("name", name)]);
            }
            ListedContainer::Container { name, count, bytes, modified } => {
                xml.start("container").leaf("name", name);
                xml.leaf("count", &count.to_string()).leaf("bytes", &bytes.to_string());
                xml.leaf("last_modified", &date::format_swift(*modified))
                    .leaf("storage_policy", POLICY)
                    .end();
            }
        }
        xml.line_break();
    }
    xml.finish()
}

pub(crate) fn container(name: &str, rows: &[ListedObject]) -> String {
    let mut xml = Document::new(Escape::LineBreaks);
    xml.start_with("container", &[("name", name)]);
    for row in rows {
        match row {
            ListedObject::Subdir(name) => {
                xml.start_with("subdir", &[("name", name)]).leaf("name", name).end();
            }
            ListedObject::Object { name, hash, bytes, content_type, modified, large_object_etag: _ } => {
                xml.start("object").leaf("name", name).leaf("hash", hash);
                xml.leaf("bytes", &bytes.to_string()).leaf("content_type", content_type);
                xml.leaf("last_modified", &date::format_swift(*modified)).end();
            }
        }
    }
    xml.finish()
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
        let row = ListedObject::Subdir("a\r\nb".into());
        let xml = container("c", &[row]);
        assert!(xml.contains("<subdir name=\"a&#13;&#10;b\"><name>a&#13;&#10;b</name></subdir>"), "{xml}");
    }
}
