//! The skip scan of all listings. Each common prefix is left by one seek past its last key, so that a page costs what it
//! shows, however many keys lie under its prefixes.

use super::super::range::{Keys, past_prefix};
use crate::storage::Error;
use crate::storage::index::Result;

/// Keys of one common prefix that are stepped over before a seek: a step is cheaper, a seek is bounded.
const STEPS: u32 = 4;

/// What a listing asks.
pub(super) struct SkipScan<'q> {
    pub(super) prefix: &'q str,
    /// Rolls up what follows the prefix up to and with this text, if there is one.
    pub(super) delimiter: Option<&'q str>,
    /// The lower bound, exclusive.
    pub(super) after: Option<&'q str>,
    /// Whether a lower bound inside a common prefix hides the prefix too.
    pub(super) after_hides_prefix: bool,
    pub(super) reverse: bool,
    pub(super) limit: usize,
}

/// Takes a key and what makes its row, and says whether more are wanted.
pub(super) type Visit<'v, R> = &'v mut dyn FnMut(&[u8], &dyn Fn() -> Result<R>) -> Result<bool>;

impl SkipScan<'_> {
    /// Reads a page, and whether more follows. `scan` visits the keys of a range in the listing's order; keys may come
    /// more than once.
    pub(super) fn page<R>(
        &self,
        mut keys: Keys,
        common: impl Fn(String) -> R,
        mut scan: impl FnMut(&Keys, Visit<'_, R>) -> Result<()>,
    ) -> Result<(Vec<R>, bool)> {
        let mut rows = Vec::new();
        while self.limit > 0 && !keys.is_empty() {
            let mut stretch = Stretch::default();
            scan(&keys, &mut |key, row| self.visit(&mut stretch, &mut rows, key, row, &common))?;
            match stretch.end {
                End::Full => return Ok((rows, true)),
                End::Keys => break,
                End::Prefix(prefix) if self.reverse => keys.until = prefix.into_bytes(),
                End::Prefix(prefix) => keys.from = past_prefix(prefix.as_bytes()),
            }
        }
        Ok((rows, false))
    }

    fn visit<R>(
        &self,
        stretch: &mut Stretch,
        rows: &mut Vec<R>,
        key: &[u8],
        row: &dyn Fn() -> Result<R>,
        common: &impl Fn(String) -> R,
    ) -> Result<bool> {
        if let Some(prefix) = stretch.inside.as_ref().filter(|prefix| key.starts_with(prefix.as_bytes())) {
            stretch.steps += 1;
            if stretch.steps >= STEPS {
                stretch.end = End::Prefix(prefix.clone());
                return Ok(false);
            }
            return Ok(true);
        }
        let prefix = self.common_prefix(key)?;
        if let Some(prefix) = prefix {
            (stretch.inside, stretch.steps) = (Some(prefix.to_owned()), 0);
        }
        if prefix.is_some_and(|prefix| !self.shows(prefix)) {
            return Ok(true);
        }
        if rows.len() == self.limit {
            stretch.end = End::Full;
            return Ok(false);
        }
        rows.push(match prefix {
            Some(prefix) => common(prefix.to_owned()),
            None => row()?,
        });
        Ok(true)
    }

    /// The key up to and with the first delimiter after the prefix.
    fn common_prefix<'k>(&self, key: &'k [u8]) -> Result<Option<&'k str>> {
        let Some(delimiter) = self.delimiter else { return Ok(None) };
        let key = std::str::from_utf8(key).map_err(|error| Error::Damaged(error.to_string()))?;
        let found = key.get(self.prefix.len()..).and_then(|rest| rest.find(delimiter));
        Ok(found.and_then(|found| key.get(..self.prefix.len() + found + delimiter.len())))
    }

    /// Whether a common prefix is a row: not when it is the lower bound itself, which was the last row of the page
    /// before, and not when the lower bound lies inside it, where the caller wants that.
    fn shows(&self, prefix: &str) -> bool {
        match self.after {
            Some(after) if after == prefix => false,
            Some(after) => !(self.after_hides_prefix && after.starts_with(prefix)),
            None => true,
        }
    }
}

/// A run along the keys without a seek.
#[derive(Default)]
struct Stretch {
    /// The common prefix of the last key.
    inside: Option<String>,
    steps: u32,
    end: End,
}

#[derive(Default)]
enum End {
    /// There are no more keys.
    #[default]
    Keys,
    /// The page is full and more follows.
    Full,
    /// The rest of this common prefix is to be skipped.
    Prefix(String),
}
