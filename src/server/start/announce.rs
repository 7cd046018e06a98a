//! The text that a start prints. It has no secret: those are in `credentials.env`.

use std::path::Path;

use crate::server::files::credentials::Quoted;

/// One line for every start.
pub(crate) fn started(endpoint: &str, management: Option<std::net::SocketAddr>) -> String {
    let management =
        management.map(|address| format!("; health and metrics on http://{address}")).unwrap_or_default();
    format!("Cardea {} serves S3 and Swift on {endpoint}{management}\n", env!("CARGO_PKG_VERSION"))
}

/// The commands to paste after the first start: a round trip with a key of one's own, by both command lines.
pub(crate) fn first_start(credentials: &Path) -> String {
    format!(
        "
The root credentials were written to {path}. In another shell:

  source {file}

Put an object with your own key through S3, and read it back with the same key through Swift:

  (umask 077; head -c 32 /dev/urandom > my.key)
  echo 'one key, both faces' > hello.txt
  aws s3 mb s3://first
  aws s3 cp hello.txt s3://first/hello.txt --sse-c AES256 --sse-c-key fileb://my.key
  swift download first hello.txt --output - \\
    --header \"X-Object-Meta-Encryption-Key: $(base64 < my.key)\" --header 'X-Object-Meta-Encryption-Algorithm: AES256'

And the other way round:

  swift upload first hello.txt --object-name back.txt \\
    --header \"X-Object-Meta-Encryption-Key: $(base64 < my.key)\" --header 'X-Object-Meta-Encryption-Algorithm: AES256'
  aws s3 cp s3://first/back.txt - --sse-c AES256 --sse-c-key fileb://my.key

",
        path = credentials.display(),
        file = shell_path(credentials),
    )
}

/// The text that `credentials reset` prints.
pub(crate) fn reset(credentials: &Path) -> String {
    format!("New root credentials were written to {}; the old ones are void.\n", credentials.display())
}

/// A path for the shell, quoted only if it must be.
fn shell_path(path: &Path) -> String {
    let text = path.display().to_string();
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b)) {
        text
    } else {
        Quoted(&text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_they_must_be() {
        assert!(first_start(Path::new("/x/credentials.env")).contains("\n  source /x/credentials.env\n"));
        assert!(first_start(Path::new("/a b/c.env")).contains("\n  source '/a b/c.env'\n"));
    }
}
