//! Keystone's domains. There is one, `Default`. All code that names a domain goes through this file.

/// The one domain's id.
const DEFAULT_ID: &str = "default";
/// The one domain's name.
const DEFAULT_NAME: &str = "Default";

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    pub id: String,
    pub name: String,
}

/// How a client names a domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DomainSelector {
    Id(String),
    Name(String),
}

impl Domain {
    /// The domain of an id that a record holds.
    pub(super) fn by_id(id: &str) -> Self {
        let name = if id == DEFAULT_ID { DEFAULT_NAME } else { id };
        Self { id: id.to_owned(), name: name.to_owned() }
    }
}

impl Default for Domain {
    fn default() -> Self {
        Self::by_id(DEFAULT_ID)
    }
}

impl DomainSelector {
    /// The domain it names, if there is one. Names are compared without case, as Keystone's database does.
    pub(super) fn resolve(&self) -> Option<Domain> {
        let known = match self {
            Self::Id(id) => id == DEFAULT_ID,
            Self::Name(name) => name.eq_ignore_ascii_case(DEFAULT_NAME),
        };
        known.then(Domain::default)
    }
}

/// The default domain, which clients mean when they name none.
impl Default for DomainSelector {
    fn default() -> Self {
        Self::Id(DEFAULT_ID.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_domain() {
        let id = |id: &str| DomainSelector::Id(id.into()).resolve();
        let name = |name: &str| DomainSelector::Name(name.into()).resolve();
        assert_eq!(id("default"), Some(Domain { id: "default".into(), name: "Default".into() }));
        assert_eq!(id("Default"), None);
        assert_eq!(name("Default"), Some(Domain::default()));
        assert_eq!(name("default"), Some(Domain::default()));
        assert_eq!(name("other"), None);
        assert_eq!(DomainSelector::default().resolve(), Some(Domain::default()));
    }
}
