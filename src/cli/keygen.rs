//! `cardea keygen`.

use zeroize::Zeroizing;

use crate::encryption::CustomerKey;
use crate::failure::Failure;
use crate::output::print;

/// Prints a fresh key.
pub(super) fn run(base64_only: bool) -> Result<(), Failure> {
    let key = CustomerKey::generate();
    let text = if base64_only { Zeroizing::new(format!("{}\n", *key.to_base64())) } else { forms(&key) };
    print(&text)
}

/// The key in the forms that clients take.
///
/// The `aws` command encodes its input in base64 itself, so it wants the 32 raw bytes, from a file. If it
/// gets base64, it sends base64 of base64, which is no key.
fn forms(key: &CustomerKey) -> Zeroizing<String> {
    let base64 = key.to_base64();
    let md5 = Zeroizing::new(key.md5_base64());
    Zeroizing::new(format!(
        "\
# A fresh 256-bit key. The gateway does not keep it: without the key, objects sealed with it cannot be opened.

key, base64:      {k}
its MD5, base64:  {m}

# aws (s3 and s3api): takes the key as a file of 32 raw bytes
(umask 077; printf %s '{k}' | base64 -d > my.key)
aws s3 cp FILE s3://BUCKET/KEY --sse-c AES256 --sse-c-key fileb://my.key
aws s3 cp s3://BUCKET/KEY FILE --sse-c AES256 --sse-c-key fileb://my.key
aws s3api put-object --bucket BUCKET --key KEY --body FILE --sse-customer-algorithm AES256 --sse-customer-key fileb://my.key

# swift: takes the key in base64
swift upload CONTAINER FILE --header 'X-Object-Meta-Encryption-Key: {k}' --header 'X-Object-Meta-Encryption-Algorithm: AES256'
swift download CONTAINER FILE --header 'X-Object-Meta-Encryption-Key: {k}' --header 'X-Object-Meta-Encryption-Algorithm: AES256'

# S3's headers, for other clients
x-amz-server-side-encryption-customer-algorithm: AES256
x-amz-server-side-encryption-customer-key: {k}
x-amz-server-side-encryption-customer-key-MD5: {m}
",
        k = *base64,
        m = *md5,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_key_in_every_form() {
        let key = CustomerKey::new(*b"0123456789abcdef0123456789abcdef");
        let text = forms(&key);
        assert_eq!(text.matches(key.to_base64().as_str()).count(), 5);
        assert_eq!(text.matches(&key.md5_base64()).count(), 2);
    }
}
