//! PostgreSQL's file of passwords: lines of `host:port:database:user:password`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::config::ConfigError;
use crate::failure::Cause;
use crate::storage::index::postgres::Whereabouts;

/// The password of the first line that matches. A file that others may read is refused, and so is one that
/// anyone but its owner may write.
///
/// The file's group may read it: Kubernetes shows a secret in this way to a process that is not root.
pub(crate) fn find(path: &Path, place: &Whereabouts) -> Result<Option<Zeroizing<String>>, ConfigError> {
    let bad = |why: Cause| {
        ConfigError::new("PGPASSFILE", path.display().to_string(), "a file of mode 0600").because(why)
    };
    let mode = std::fs::metadata(path).map_err(|error| bad(error.into()))?.permissions().mode() & 0o777;
    if mode & 0o027 != 0 {
        return Err(bad(format!("mode {mode:04o}").into()));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| bad(error.into()))?);
    Ok(text.lines().find_map(|line| password(line, place)))
}

/// The password of a line, if the line matches this database.
fn password(line: &str, place: &Whereabouts) -> Option<Zeroizing<String>> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = [const { String::new() }; 4];
    let mut rest = line.chars();
    for field in &mut fields {
        *field = take_field(&mut rest)?;
    }
    let [host, port, database, user] = &fields;
    // The folder of a socket matches `localhost`, too.
    let is_host = is(host, &place.host) || (place.host.starts_with('/') && host == "localhost");
    let fits = is_host
        && is(port, &place.port.to_string())
        && is(database, &place.database)
        && is(user, &place.user);
    if !fits {
        return None;
    }
    let mut password = Zeroizing::new(String::with_capacity(line.len()));
    let mut is_escaped = false;
    for c in rest {
        match c {
            '\\' if !is_escaped => is_escaped = true,
            // What follows a further colon is a comment.
            ':' if !is_escaped => break,
            c => {
                password.push(c);
                is_escaped = false;
            }
        }
    }
    Some(password)
}

/// Whether a field matches. Escaped characters keep their backslash here, so that an escaped star matches a
/// star only.
fn is(field: &str, wanted: &str) -> bool {
    field == "*" || field.strip_prefix('\\').filter(|rest| *rest == "*").unwrap_or(field) == wanted
}

/// The text up to the next colon that is not escaped, or `None` if there is no such colon.
fn take_field(rest: &mut std::str::Chars<'_>) -> Option<String> {
    let mut field = String::new();
    loop {
        match rest.next()? {
            ':' => return Some(field),
            '\\' => match rest.next()? {
                '*' if field.is_empty() => field.push_str("\\*"),
                c => field.push(c),
            },
            c => field.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str) -> Whereabouts {
        Whereabouts { host: host.into(), port: 5432, database: "index".into(), user: "cardea".into() }
    }

    #[test]
    fn the_first_line_that_matches_counts() {
        let found = |line: &str| password(line, &place("db")).map(|password| password.to_string());
        let secret = Some("secret".to_owned());
        for line in [
            "db:5432:index:cardea:secret",
            "*:*:*:*:secret",
            "db:*:index:*:secret",
            "d\\b:5432:index:cardea:secret",
        ] {
            assert_eq!(found(line), secret, "{line}");
        }
        for line in [
            "",
            "# db:5432:index:cardea:secret",
            "db:5432:index:cardea",
            "other:5432:index:cardea:secret",
            "db:5433:index:cardea:secret",
            "db:5432:other:cardea:secret",
            "db:5432:index:other:secret",
            "\\*:5432:index:cardea:secret",
            "localhost:5432:index:cardea:secret",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
        assert_eq!(found("db:5432:index:cardea:a\\:b\\\\c"), Some("a:b\\c".into()));
        assert_eq!(password("localhost:*:*:*:secret", &place("/run/postgresql")).unwrap().as_str(), "secret");
    }

    #[test]
    fn a_file_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        std::fs::write(&path, "other:*:*:*:no\ndb:*:*:*:yes\ndb:*:*:*:late\n").unwrap();
        for (mode, is_good) in [(0o600, true), (0o440, true), (0o644, false), (0o660, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = find(&path, &place("db"));
            assert_eq!(found.is_ok(), is_good, "{mode:o}");
            if let Ok(found) = found {
                assert_eq!(found.unwrap().as_str(), "yes");
            }
        }
        let line = find(&path, &place("db")).unwrap_err().to_string();
        assert!(
            line.starts_with("PGPASSFILE: found ") && line.contains("mode 0660") && !line.contains("yes"),
            "{line}"
        );
    }
}
