//! The framing's state machine. It does no I/O, keeps no data, and uses up its input on every step or fails.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::line::{Ending, LineBuffer};
use super::trailer::Trailer;
use super::{AnnouncedTrailer, FREE_FRAMING, MAX_CHUNK, MAX_CHUNK_LINE, MAX_TRAILER_LINE};
use crate::http::body::BodyError;
use crate::s3::sigv4::ChunkSigner;

/// Decodes one body.
pub(super) struct Decoder {
    state: State,
    line: LineBuffer,
    signer: Option<ChunkSigner>,
    /// Of the chunk so far, where chunks are signed.
    sha256: Sha256,
    /// The chunk's signature, still to be compared.
    claimed: Vec<u8>,
    trailer: Trailer,
    declared: Option<u64>,
    decoded: u64,
    framing: u64,
}

enum State {
    /// Before the line that opens a chunk.
    ChunkLine,
    /// In a chunk; so many bytes are left.
    Data(u64),
    /// Between the last byte of a chunk and its line end.
    DataEnd,
    /// After the empty chunk.
    Trailer,
    End,
}

impl Decoder {
    pub(super) fn new(
        signer: Option<ChunkSigner>,
        trailer_is_signed: bool,
        declared: Option<u64>,
        announced: Vec<AnnouncedTrailer>,
    ) -> Self {
        Self {
            state: State::ChunkLine,
            line: LineBuffer::default(),
            signer,
            sha256: Sha256::new(),
            claimed: Vec::new(),
            trailer: Trailer::new(announced, trailer_is_signed),
            declared,
            decoded: 0,
            framing: 0,
        }
    }

    /// The next decoded bytes, a slice of the input; `None` when all of the input is used up.
    pub(super) fn next(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, BodyError> {
        loop {
            if input.is_empty() {
                return Ok(None);
            }
            match self.state {
                State::ChunkLine => {
                    if let Some(line) = self.line.take(input, MAX_CHUNK_LINE, Ending::CrLf)? {
                        self.open_chunk(&line)?;
                    }
                }
                State::Data(left) => return Ok(Some(self.data(input, left))),
                State::DataEnd => {
                    if self.line.take(input, 2, Ending::CrLf).map_err(|_| UNTERMINATED)?.is_some() {
                        self.close_chunk()?;
                        self.state = State::ChunkLine;
                    }
                }
                State::Trailer => {
                    if let Some(line) = self.line.take(input, MAX_TRAILER_LINE, Ending::Any)? {
                        self.trailer_line(&line)?;
                    }
                }
                State::End => return Err(BodyError::Malformed("there are bytes after the end")),
            }
        }
    }

    /// The input is at its end: whether that is the end of the body.
    pub(super) fn finish(&self) -> Result<(), BodyError> {
        match self.state {
            State::End => Ok(()),
            State::Trailer if self.trailer.skipped_empty_line() => Err(BodyError::TrailerMissing),
            State::ChunkLine | State::Data(_) | State::DataEnd | State::Trailer => Err(BodyError::Incomplete),
        }
    }

    /// `<size in hex>[;<extension>]`
    fn open_chunk(&mut self, line: &[u8]) -> Result<(), BodyError> {
        let (size, extension) = match line.iter().position(|&b| b == b';') {
            Some(at) => (&line[..at], Some(&line[at + 1..])),
            None => (line, None),
        };
        let size = parse_size(size)?;
        if self.signer.is_some() {
            let claimed = extension.and_then(|e| e.strip_prefix(b"chunk-signature="));
            claimed.ok_or(BodyError::Malformed("a chunk has no signature"))?.clone_into(&mut self.claimed);
        }
        if size == 0 {
            if self.declared.is_some_and(|declared| self.decoded < declared) {
                return Err(BodyError::Incomplete);
            }
            self.close_chunk()?;
            self.state = State::Trailer;
            return Ok(());
        }
        self.refuse_excess(size)?;
        // The line, its end, and the end of the chunk.
        self.framing += line.len() as u64 + 4;
        if self.framing > FREE_FRAMING.saturating_add(self.decoded) {
            return Err(BodyError::Malformed("the chunks are too small"));
        }
        self.state = State::Data(size);
        Ok(())
    }

    fn refuse_excess(&self, size: u64) -> Result<(), BodyError> {
        if size > MAX_CHUNK {
            return Err(BodyError::ChunkTooLarge);
        }
        match self.declared {
            Some(declared) if size > declared.saturating_sub(self.decoded) => Err(BodyError::TooLong),
            _ => Ok(()),
        }
    }

    fn data(&mut self, input: &mut Bytes, left: u64) -> Bytes {
        let bytes = input.split_to(usize::try_from(left).unwrap_or(usize::MAX).min(input.len()));
        if self.signer.is_some() {
            self.sha256.update(&bytes);
        }
        let taken = bytes.len() as u64;
        self.decoded = self.decoded.saturating_add(taken);
        self.state = if taken == left { State::DataEnd } else { State::Data(left - taken) };
        bytes
    }

    fn close_chunk(&mut self) -> Result<(), BodyError> {
        let Some(signer) = &mut self.signer else { return Ok(()) };
        let sha256: [u8; 32] = self.sha256.finalize_reset().into();
        let claimed = std::str::from_utf8(&self.claimed).map_err(|_| BodyError::ChunkSignature)?;
        if signer.verify_chunk(&sha256, claimed) { Ok(()) } else { Err(BodyError::ChunkSignature) }
    }

    fn trailer_line(&mut self, line: &[u8]) -> Result<(), BodyError> {
        if !line.is_empty() {
            return self.trailer.line(line);
        }
        if self.trailer.skip_empty_line() {
            return Ok(());
        }
        self.trailer.finish(self.signer.as_mut())?;
        self.state = State::End;
        Ok(())
    }
}

const UNTERMINATED: BodyError = BodyError::Malformed("a chunk does not end where it says");

fn parse_size(digits: &[u8]) -> Result<u64, BodyError> {
    const BAD: BodyError = BodyError::Malformed("a chunk's size is not a number");
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(BAD);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| BAD)?;
    u64::from_str_radix(digits, 16).map_err(|_| BodyError::ChunkTooLarge)
}
