//! `GetBucketTagging`, `PutBucketTagging` and `DeleteBucketTagging`.

use poem::http::StatusCode;

use super::setting::{Absent, AsDocument};
use crate::model::settings::{MAX_TAGS, SettingName, TagError, Tags};
use crate::ops::{Action, Setting};
use crate::s3::error::{Fault, Refusal};
use crate::s3::xml::{Document, Element};

impl Setting for Tags {
    const NAME: SettingName = SettingName::Tags;
    const GET: (&'static str, Action) = ("GetBucketTagging", Action::GetBucketTagging);
    const PUT: (&'static str, Action) = ("PutBucketTagging", Action::PutBucketTagging);
}

impl AsDocument for Tags {
    const ROOT: &'static str = "Tagging";
    const ABSENT: Absent = Absent::Refused(Refusal::absent("NoSuchTagSet", "The TagSet does not exist"));
    const REPLACED: StatusCode = StatusCode::NO_CONTENT;
    /// Fifty tags with the longest keys and values have 60 KB.
    const MAX_BODY: usize = 256 * 1024;

    /// An empty set is no set, as on S3.
    fn read(root: &Element) -> Result<Option<Self>, Fault> {
        root.only(&["TagSet"])?;
        let set = root.once("TagSet")?;
        set.only(&["Tag"])?;
        let tags = set.children.iter().map(|tag| {
            tag.only(&["Key", "Value"])?;
            Ok((tag.once("Key")?.leaf()?.to_owned(), tag.once("Value")?.leaf()?.to_owned()))
        });
        match Self::new(tags.collect::<Result<_, Fault>>()?) {
            Ok(tags) => Ok(Some(tags)),
            Err(TagError::Empty) => Ok(None),
            Err(error) => Err(Fault::Setting(refusal(error))),
        }
    }

    fn write(&self, document: &mut Document) {
        document.start("TagSet");
        for (key, value) in self.iter() {
            document.start("Tag").leaf("Key", key).leaf("Value", value).end();
        }
        document.end();
    }
}

/// A refusal in S3's words, as S3 was seen to answer.
fn refusal(error: TagError) -> Refusal {
    const CODE: &str = "InvalidTag";
    match error {
        TagError::Key { key } => {
            Refusal::invalid(CODE, "The TagKey you have provided is invalid").with("TagKey", key)
        }
        TagError::Value { key, value } => Refusal::invalid(CODE, "The TagValue you have provided is invalid")
            .with("TagKey", key)
            .with("TagValue", value),
        TagError::Reserved { key } if key.starts_with("aws:") => {
            Refusal::invalid(CODE, "System tags cannot be added/updated by requester").with("TagKey", key)
        }
        TagError::Reserved { key } => Refusal::invalid(
            CODE,
            "Invalid Tag. Tags cannot start with \"aws:\"(case insensitive) unless they are System Tags that start \
             with \"aws:\"(case sensitive)",
        )
        .with("TagKey", key),
        TagError::Duplicate { key } => {
            Refusal::invalid(CODE, "Cannot provide multiple Tags with the same key").with("TagKey", key)
        }
        TagError::TooMany | TagError::Empty => Refusal::invalid_with(
            "BadRequest",
            format!("Bucket tag count cannot be greater than {MAX_TAGS}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::setting::read;
    use super::*;

    fn tagging(inner: &str) -> Result<Option<Tags>, Fault> {
        read(format!("<Tagging xmlns=\"u\">{inner}</Tagging>").as_bytes())
    }

    fn tag(key: &str, value: &str) -> String {
        format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")
    }

    #[test]
    fn tags_are_read_in_their_order() {
        let two = format!("<TagSet>{}<Tag><Value/><Key> a </Key></Tag></TagSet>", tag("z", "1 &#x41;"));
        let tags = tagging(&two).unwrap().unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("z", "1 A"), (" a ", "")]);
        assert_eq!(tagging("<TagSet/>").unwrap(), None);
    }

    #[test]
    fn documents_of_another_form_are_malformed() {
        for inner in [
            "",
            "<TagSet/><TagSet/>",
            "<TagSet/><Other/>",
            "<TagSet><Other/></TagSet>",
            "<TagSet><Tag/></TagSet>",
            "<TagSet><Tag><Key>a</Key></Tag></TagSet>",
            "<TagSet><Tag><Key>a</Key><Key>b</Key><Value/></Tag></TagSet>",
            "<TagSet><Tag><Key>a</Key><Value><b/></Value></Tag></TagSet>",
            "<TagSet><Tag><Key>a</Key><Value/><More/></Tag></TagSet>",
        ] {
            assert!(matches!(tagging(inner), Err(Fault::MalformedXml)), "{inner}");
        }
        assert!(matches!(read::<Tags>(b"<Tags><TagSet/></Tags>"), Err(Fault::MalformedXml)));
    }

    #[test]
    fn every_rule_has_its_refusal() {
        let many: String = (0..=MAX_TAGS).map(|number| tag(&number.to_string(), "")).collect();
        for (tags, expected) in [
            (tag("!", ""), TagError::Key { key: "!".into() }),
            (tag("k", "!"), TagError::Value { key: "k".into(), value: "!".into() }),
            (tag("aws:x", ""), TagError::Reserved { key: "aws:x".into() }),
            (tag("Aws:x", ""), TagError::Reserved { key: "Aws:x".into() }),
            (tag("k", "1") + &tag("k", "2"), TagError::Duplicate { key: "k".into() }),
            (many, TagError::TooMany),
        ] {
            let found = tagging(&format!("<TagSet>{tags}</TagSet>"));
            let expected = refusal(expected);
            assert!(matches!(found, Err(Fault::Setting(refusal)) if refusal == expected), "{tags}");
        }
    }
}
