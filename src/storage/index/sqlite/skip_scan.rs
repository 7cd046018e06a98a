//! The skip scan of all listings. It leaves each common prefix by one seek past the last key of the prefix.
//! So a page costs as much as it shows, however many keys lie under its prefixes.

use super::super::key_scan::KeyScan;
use super::super::range::{Keys, past_prefix};
use crate::storage::index::Result;

/// The number of keys of one common prefix that are stepped over before a seek: a step is cheaper, a seek is
/// bounded.
const STEPS: u32 = 4;

/// Takes a key and a function that makes its row, and returns whether more rows are wanted.
pub(super) type Visit<'v, R> = &'v mut dyn FnMut(&[u8], &dyn Fn() -> Result<R>) -> Result<bool>;

/// Reads the pages of a listing.
pub(super) struct SkipScan<'q> {
    scan: KeyScan<'q>,
    /// The common prefix that the page does not show.
    hidden: Option<&'q str>,
}

impl<'q> SkipScan<'q> {
    pub(super) fn new(scan: KeyScan<'q>) -> Self {
        Self { hidden: scan.hidden(), scan }
    }

    /// Reads a page, and whether more follows. `scan` visits the keys of a range in the listing's order. Keys
    /// may come more than once.
    pub(super) fn page<R>(
        &self,
        mut keys: Keys,
        common: impl Fn(String) -> R,
        mut scan: impl FnMut(&Keys, Visit<'_, R>) -> Result<()>,
    ) -> Result<(Vec<R>, bool)> {
        let mut rows = Vec::new();
        while self.scan.limit > 0 && !keys.is_empty() {
            let mut stretch = Stretch::default();
            scan(&keys, &mut |key, row| self.visit(&mut stretch, &mut rows, key, row, &common))?;
            match stretch.end {
                End::Full => return Ok((rows, true)),
                End::Keys => break,
                End::Prefix(prefix) if self.scan.reverse => keys.until = prefix.into_bytes(),
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
        let prefix = self.scan.common_prefix(key)?;
        if let Some(prefix) = prefix {
            (stretch.inside, stretch.steps) = (Some(prefix.to_owned()), 0);
        }
        if prefix.is_some() && prefix == self.hidden {
            return Ok(true);
        }
        if rows.len() == self.scan.limit {
            stretch.end = End::Full;
            return Ok(false);
        }
        rows.push(match prefix {
            Some(prefix) => common(prefix.to_owned()),
            None => row()?,
        });
        Ok(true)
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
    /// Skip the rest of this common prefix.
    Prefix(String),
}
