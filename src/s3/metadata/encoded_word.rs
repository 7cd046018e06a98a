//! RFC 2047 encoded words: how S3 shows metadata that is not US-ASCII, and reads it back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Shows a value. Printable US-ASCII that is read as itself stays as it is; any other value becomes one
/// encoded word.
pub(super) fn encode(value: &str) -> String {
    if value.bytes().all(|b| matches!(b, b' '..=b'~')) && !(value.contains("=?") && decode(value) != value) {
        return value.to_owned();
    }
    format!("=?UTF-8?B?{}?=", STANDARD.encode(value))
}

/// Reads a value that consists of encoded words; any other stays as it is.
pub(super) fn decode(value: &str) -> String {
    let words: Option<Vec<String>> = value.split_ascii_whitespace().map(word).collect();
    match words {
        Some(words) if !words.is_empty() => words.concat(),
        _ => value.to_owned(),
    }
}

fn word(text: &str) -> Option<String> {
    let inner = text.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut fields = inner.splitn(3, '?');
    let (charset, encoding, payload) = (fields.next()?, fields.next()?, fields.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(payload).ok()?,
        "Q" | "q" => quoted(payload)?,
        _ => return None,
    };
    String::from_utf8(bytes).ok()
}

fn quoted(payload: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(payload.len());
    let mut rest = payload.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'_' => bytes.push(b' '),
            b'=' => {
                let mut decoded = [0];
                hex::decode_to_slice(rest.get(..2)?, &mut decoded).ok()?;
                bytes.push(decoded[0]);
                rest = &rest[2..];
            }
            other => bytes.push(other),
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for value in
            ["plain", "Zürich", "日本語 テスト", "", "a  b", "=?UTF-8?Q?a,b?=", "=?", "=?UTF-8?B?!?="]
        {
            assert_eq!(decode(&encode(value)), value);
        }
        assert_eq!(encode("=?UTF-8?B?!?="), "=?UTF-8?B?!?=", "it is read as it stands");
        assert_eq!(encode("plain ~"), "plain ~");
    }

    #[test]
    fn what_clients_send() {
        assert_eq!(decode("=?UTF-8?Q?Z=C3=BCrich_See?="), "Zürich See");
        assert_eq!(decode("=?utf-8?b?WsO8?= =?utf-8?b?cmljaA==?="), "Zürich");
        for odd in ["=?UTF-8?Q?=C3?=", "=?latin-1?Q?x?=", "=?UTF-8?B?*?=", "=?x", "a =?UTF-8?Q?x?="] {
            assert_eq!(decode(odd), odd);
        }
    }
}
