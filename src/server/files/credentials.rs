//! `credentials.env`: a shell file. After `source credentials.env`, the `aws` and `swift` commands work
//! without a flag.

use std::fmt::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::identity::Secret;

/// The root account's credentials.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The user's name.
    pub user: String,
    pub password: Secret,
    /// The account's (project's) name.
    pub account: String,
    /// The S3 access key.
    pub access: String,
    pub secret: Secret,
}

/// The settings that clients need besides credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientSettings<'a> {
    /// The gateway's URL.
    pub endpoint: &'a str,
    pub region: &'a str,
    /// The CA that clients must trust, if it is ours.
    pub ca: Option<&'a Path>,
    /// The settings of the `aws` command, beside this file.
    pub aws_config: &'a Path,
}

/// The settings of the `aws` command that no environment variable can express. Without them, its version 1
/// presigns with SigV2 in `us-east-1`.
pub(crate) const AWS_CONFIG: &str = "# Written by Cardea; `credentials.env` names it.\n\
                              [default]\n\
                              s3 =\n    signature_version = s3v4\n";

/// The file's text with other client settings, or `None` if it has these already. Variables that an older
/// file lacks are added. Everything else stays.
pub(crate) fn relocate(text: &str, settings: ClientSettings<'_>) -> Option<Zeroizing<String>> {
    let mut moved = Zeroizing::new(String::with_capacity(text.len() + 4096));
    let variables = variables(settings);
    let mut missing: Vec<_> = variables.iter().collect();
    for line in text.lines() {
        let name = line.strip_prefix("export ").or_else(|| line.strip_prefix("unset "));
        let name = name.map(|rest| rest.split_once('=').map_or(rest, |(name, _)| name));
        if let Some((name, value)) = variables.iter().find(|(variable, _)| Some(*variable) == name) {
            set(&mut moved, name, value);
            missing.retain(|(variable, _)| variable != name);
        } else {
            moved.push_str(line);
            moved.push('\n');
        }
    }
    for (name, value) in missing {
        set(&mut moved, name, value);
    }
    (moved.as_str() != text).then_some(moved)
}

/// The variables of the client settings.
fn variables(settings: ClientSettings<'_>) -> [(&'static str, String); 8] {
    let ca = settings.ca.map(|path| path.display().to_string()).unwrap_or_default();
    [
        ("AWS_ENDPOINT_URL", settings.endpoint.to_owned()),
        ("AWS_DEFAULT_REGION", settings.region.to_owned()),
        ("AWS_CA_BUNDLE", ca.clone()),
        ("OS_AUTH_URL", format!("{}/v3", settings.endpoint)),
        ("OS_CACERT", ca),
        ("AWS_CONFIG_FILE", settings.aws_config.display().to_string()),
        // `AWS_CONFIG_FILE` is replaced, so a profile that the user has chosen would not be found.
        ("AWS_PROFILE", String::new()),
        ("AWS_DEFAULT_PROFILE", String::new()),
    ]
}

fn set(text: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = if value.is_empty() {
        // A value from somewhere else would be wrong here.
        writeln!(text, "unset {name}")
    } else {
        writeln!(text, "export {name}={}", Quoted(value))
    };
}

/// The file's text.
pub(crate) fn render(credentials: &Credentials, settings: ClientSettings<'_>) -> Zeroizing<String> {
    let secrets = [credentials.password.expose(), credentials.secret.expose()];
    let [endpoint, region, aws_ca, auth_url, os_ca, aws_config, profile, default_profile] =
        variables(settings);
    let variables = [
        (endpoint.0, endpoint.1.as_str()),
        ("AWS_ACCESS_KEY_ID", &credentials.access),
        ("AWS_SECRET_ACCESS_KEY", secrets[1]),
        (region.0, &region.1),
        (aws_ca.0, &aws_ca.1),
        (aws_config.0, &aws_config.1),
        (profile.0, &profile.1),
        (default_profile.0, &default_profile.1),
        (auth_url.0, &auth_url.1),
        ("OS_IDENTITY_API_VERSION", "3"),
        ("OS_USERNAME", &credentials.user),
        ("OS_PASSWORD", secrets[0]),
        ("OS_PROJECT_NAME", &credentials.account),
        ("OS_USER_DOMAIN_NAME", "Default"),
        ("OS_PROJECT_DOMAIN_NAME", "Default"),
        (os_ca.0, &os_ca.1),
    ];
    // The capacity is enough for everything: growing would leave a copy of a secret behind.
    let length = variables.iter().map(|(name, value)| name.len() + 4 * value.len() + 16).sum::<usize>() + 512;
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.push_str(
        "# Cardea's root credentials: `source` this, and the aws and swift commands work without a flag.\n\
         # New ones: cardea credentials reset (with the gateway stopped).\n",
    );
    for (name, value) in variables {
        set(&mut text, name, value);
    }
    text
}

/// The credentials in a file's text, or `None` if one of them is missing.
pub(crate) fn read(text: &str) -> Option<Credentials> {
    Some(Credentials {
        user: value(text, "OS_USERNAME")?,
        password: Secret::new(value(text, "OS_PASSWORD")?),
        account: value(text, "OS_PROJECT_NAME")?,
        access: value(text, "AWS_ACCESS_KEY_ID")?,
        secret: Secret::new(value(text, "AWS_SECRET_ACCESS_KEY")?),
    })
}

/// The value of a variable.
fn value(text: &str, name: &str) -> Option<String> {
    let mut set = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let (_, quoted) = set.find(|(found, _)| *found == name)?;
    Some(quoted.strip_prefix('\'')?.strip_suffix('\'')?.replace("'\\''", "'"))
}

/// A word in the quotes of the shell.
pub(crate) struct Quoted<'a>(pub &'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('\'')?;
        for (index, piece) in self.0.split('\'').enumerate() {
            if index > 0 {
                f.write_str("'\\''")?;
            }
            f.write_str(piece)?;
        }
        f.write_char('\'')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            user: "root".into(),
            password: Secret::new("pass'word"),
            account: "root".into(),
            access: "AKROOT".into(),
            secret: Secret::new("s3/secret"),
        }
    }

    #[test]
    fn a_shell_reads_it() {
        let ca = Path::new("/data dir/it's/ca.crt");
        let settings = ClientSettings {
            endpoint: "https://127.0.0.1:8443",
            region: "us-east-1",
            ca: Some(ca),
            aws_config: Path::new("/d/aws.config"),
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials.env");
        std::fs::write(&file, render(&credentials(), settings).as_bytes()).unwrap();
        let show = "printf '%s|' \"$AWS_ENDPOINT_URL\" \"$AWS_SECRET_ACCESS_KEY\" \"$OS_AUTH_URL\" \"$OS_PASSWORD\" \"$OS_CACERT\"";
        let script = format!(". '{}'; {show}", file.display());
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "https://127.0.0.1:8443|s3/secret|https://127.0.0.1:8443/v3|pass'word|/data dir/it's/ca.crt|"
        );
    }

    #[test]
    fn without_a_ca_of_ours() {
        let settings = ClientSettings {
            endpoint: "http://localhost:80",
            region: "r",
            ca: None,
            aws_config: Path::new("/d/aws.config"),
        };
        let text = render(&credentials(), settings);
        assert!(text.contains("unset AWS_CA_BUNDLE\n") && text.contains("unset OS_CACERT\n"));
        assert_eq!(text.matches("export ").count(), 12);
    }

    #[test]
    fn another_place_changes_nothing_else() {
        let (ca, other) = (Path::new("/a/ca.crt"), Path::new("/b/ca.crt"));
        let aws_config = Path::new("/a/aws.config");
        let here = ClientSettings { endpoint: "https://a:1", region: "r", ca: Some(ca), aws_config };
        let text = render(&credentials(), here);
        assert_eq!(relocate(&text, here), None);
        for there in [
            ClientSettings {
                endpoint: "https://b:2",
                region: "s",
                ca: Some(other),
                aws_config: Path::new("/b/aws.config"),
            },
            ClientSettings { endpoint: "http://b:2", region: "s", ca: None, aws_config },
        ] {
            let moved = relocate(&text, there).unwrap();
            assert_eq!(*moved, *render(&credentials(), there));
            assert_eq!(relocate(&moved, here).unwrap(), text);
        }
    }

    #[test]
    fn an_older_file_learns_what_it_does_not_say() {
        let settings = ClientSettings {
            endpoint: "https://a:1",
            region: "r",
            ca: None,
            aws_config: Path::new("/a/aws.config"),
        };
        let text = render(&credentials(), settings);
        let older: String = text.split_inclusive('\n').filter(|line| !line.contains("AWS_CONFIG")).collect();
        let newer = relocate(&older, settings).unwrap();
        assert_eq!(*newer, format!("{older}export AWS_CONFIG_FILE='/a/aws.config'\n"));
        assert_eq!(relocate(&newer, settings), None);
    }

    #[test]
    fn it_is_read_back_whole_or_not_at_all() {
        let settings = ClientSettings {
            endpoint: "https://a:1",
            region: "r",
            ca: None,
            aws_config: Path::new("/a/aws.config"),
        };
        let text = render(&credentials(), settings);
        let found = read(&text).unwrap();
        assert_eq!(*render(&found, settings), *text);
        assert_eq!(found.password.expose(), "pass'word");
        let end = text.find("OS_PROJECT_NAME").unwrap();
        assert!((0..end).all(|length| read(&text[..length]).is_none()));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", credentials());
        assert!(!shown.contains("pass'word") && !shown.contains("s3/secret"), "{shown}");
    }
}
