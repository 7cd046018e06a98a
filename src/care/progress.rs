//! How a long piece of work reports its progress.

/// A function that reports how far the work is. Its arguments name the things that are processed, and how
/// many of them are done.
pub type ReportProgress<'p> = &'p (dyn Fn(&'static str, u64) + Sync);
