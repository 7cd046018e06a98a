//! Which operation a request is, by its method, its query and its headers.

mod operation;
mod table;

use poem::http::{HeaderMap, Method};

pub use operation::{Conditions, Mark, On, Row, Rules, Takes};
pub use table::S3Operation;

use super::address::Resource;
use super::error::Fault;
use super::query::Query;
use table::ROWS;

/// Recognises the operation.
pub(super) fn recognise(
    method: &Method,
    resource: &Resource,
    query: &Query,
    headers: &HeaderMap,
) -> Result<&'static Row, Fault> {
    if let Some(row) = ROWS.iter().find(|row| row.on == On::Any && row.method == method.as_str()) {
        return Ok(row);
    }
    let (on, name) = match resource {
        Resource::Service => (On::Service, "SERVICE"),
        Resource::Bucket(_) => (On::Bucket, "BUCKET"),
        Resource::Object(..) => (On::Object, "OBJECT"),
    };
    let sub_resource = sub_resource(on, query)?;
    let fits = |row: &&Row| {
        row.on == on && row.sub_resource == sub_resource.unwrap_or_default() && row.method == method.as_str()
    };
    let marked = |row: &&Row| row.marks.iter().any(|mark| mark.is_in(query, headers));
    let mut fitting = ROWS.iter().filter(fits);
    let row = fitting.clone().find(marked).or_else(|| fitting.find(|row| row.marks.is_empty()));
    row.ok_or(Fault::MethodNotAllowed { resource: sub_resource.unwrap_or(name) })
}

/// The one sub-resource that the query names. Two of them contradict each other, and S3 says so.
fn sub_resource(on: On, query: &Query) -> Result<Option<&'static str>, Fault> {
    let known = |name: &str| {
        let is_it = |row: &&Row| row.on == on && !name.is_empty() && row.sub_resource == name;
        ROWS.iter().find(is_it).map(|row| row.sub_resource)
    };
    let mut named: Vec<&'static str> = query.iter().filter_map(|(name, _)| known(name)).collect();
    named.sort_unstable();
    match *named {
        [] => Ok(None),
        [name] => Ok(Some(name)),
        [first, second, ..] => Err(Fault::ConflictingQuery { first, second }),
    }
}

#[cfg(test)]
mod tests;
