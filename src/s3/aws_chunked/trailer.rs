//! What comes after the last chunk.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{AnnouncedTrailer, MAX_TRAILER_LINES};
use crate::http::body::BodyError;
use crate::s3::sigv4::ChunkSigner;

/// The name of the trailer's own signature.
pub(super) const SIGNATURE: &str = "x-amz-trailer-signature";

/// The trailer as it is read.
pub(super) struct Trailer {
    /// What was announced, with its value once it is read.
    announced: Vec<(AnnouncedTrailer, Option<Vec<u8>>)>,
    is_signed: bool,
    /// Of the lines, in the form in which they are signed.
    sha256: Sha256,
    signature: Option<String>,
    lines: usize,
    skipped: bool,
}

impl Trailer {
    pub(super) fn new(announced: Vec<AnnouncedTrailer>, is_signed: bool) -> Self {
        Self {
            announced: announced.into_iter().map(|trailer| (trailer, None)).collect(),
            is_signed,
            sha256: Sha256::new(),
            signature: None,
            lines: 0,
            skipped: false,
        }
    }

    /// Reads one line, `name:value`.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), BodyError> {
        self.lines += 1;
        if self.lines > MAX_TRAILER_LINES {
            return Err(BodyError::TrailerMalformed("it has too many lines"));
        }
        let line = std::str::from_utf8(line).map_err(|_| BodyError::TrailerMalformed("it is not text"))?;
        let (name, value) = line.split_once(':').ok_or(BodyError::TrailerMalformed("a line has no colon"))?;
        let blank = [' ', '\t'];
        let (name, value) = (name.trim_matches(blank).to_ascii_lowercase(), value.trim_matches(blank));
        if self.signature.is_some() {
            return Err(BodyError::TrailerMalformed("there are lines after its signature"));
        }
        if self.is_signed && name == SIGNATURE {
            self.signature = Some(value.to_owned());
            return Ok(());
        }
        let (trailer, found) = self
            .announced
            .iter_mut()
            .find(|(trailer, _)| trailer.algorithm.header() == name)
            .ok_or(BodyError::TrailerMalformed("a line was not announced"))?;
        let bytes = STANDARD.decode(value).ok().filter(|bytes| bytes.len() == trailer.algorithm.length());
        let bytes = bytes.ok_or(BodyError::TrailerMalformed("a value is not such a checksum"))?;
        if found.replace(bytes).is_some() {
            return Err(BodyError::TrailerMalformed("a line is repeated"));
        }
        self.sha256.update(format!("{name}:{value}\n"));
        Ok(())
    }

    /// Whether an empty line is not the end yet: one may come before the signature, as in the examples of
    /// AWS's manual.
    pub(super) fn skip_empty_line(&mut self) -> bool {
        let skip = self.is_signed && self.signature.is_none() && !self.skipped;
        self.skipped |= skip;
        skip
    }

    /// Whether an empty line was the last thing that made sense.
    pub(super) const fn skipped_empty_line(&self) -> bool {
        self.skipped && self.signature.is_none()
    }

    /// The trailer is complete: compares its signature, and hands out what it said.
    pub(super) fn finish(&mut self, signer: Option<&mut ChunkSigner>) -> Result<(), BodyError> {
        if let (true, Some(signer)) = (self.is_signed, signer) {
            let claimed = self.signature.take().ok_or(BodyError::TrailerMissing)?;
            let sha256: [u8; 32] = self.sha256.finalize_reset().into();
            if !signer.verify_trailer(&sha256, &claimed) {
                return Err(BodyError::TrailerSignature);
            }
        }
        for (trailer, value) in &mut self.announced {
            let value = value.take().ok_or(BodyError::TrailerMissing)?;
            trailer
                .value
                .set(value)
                .map_err(|_| BodyError::TrailerMalformed("its value is there already"))?;
        }
        Ok(())
    }
}
