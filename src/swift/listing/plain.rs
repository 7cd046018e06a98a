//! Listings as lines of names.

use super::{ListedContainer, ListedObject};

pub(crate) fn account(rows: &[ListedContainer]) -> String {
    lines(rows.iter().map(|row| match row {
        ListedContainer::Container { name, .. } | ListedContainer::Subdir(name) => name.as_str(),
    }))
}

pub(crate) fn container(rows: &[ListedObject]) -> String {
    lines(rows.iter().map(|row| match row {
        ListedObject::Object { name, .. } | ListedObject::Subdir(name) => name.as_str(),
    }))
}

fn lines<'r>(names: impl Iterator<Item = &'r str>) -> String {
    names.fold(String::new(), |mut lines, name| {
        lines.push_str(name);
        lines.push('\n');
        lines
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{containers, rows};
    use super::*;

    #[test]
    fn each_name_is_a_line() {
        assert_eq!(container(&rows()), "a&b \"c\"<é>\nb/\n");
        assert_eq!(account(&containers()), "c\nd-\n");
        assert_eq!(container(&[]), "");
    }
}
