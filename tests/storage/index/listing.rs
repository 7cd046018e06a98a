//! Listings, by example and against a naive model.

use std::collections::BTreeSet;
use std::sync::Arc;

use cardea::model::BucketId;
use cardea::storage::index::{Index, KeyQuery, ObjectPage, ObjectRow, Versioning};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::world::{World, bucket, listing};

/// Rows as text: keys as they are, common prefixes with a `+`.
fn rows(page: &ObjectPage) -> Vec<String> {
    page.rows
        .iter()
        .map(|row| match row {
            ObjectRow::Object { key, .. } => key.to_string(),
            ObjectRow::Prefix(prefix) => format!("+{prefix}"),
        })
        .collect()
}

async fn filled(index: Arc<dyn Index>, keys: &[&str]) -> World {
    let world = World::new(index).await;
    for key in keys {
        world.published(key).await;
    }
    world
}

async fn shows(world: &World, query: KeyQuery, expected: &[&str], truncated: bool) {
    let page = world.list(query.clone()).await.unwrap();
    assert_eq!(
        (rows(&page), page.truncated),
        (expected.iter().map(|r| (*r).to_owned()).collect(), truncated),
        "{query:?}"
    );
}

#[expect(clippy::unnecessary_wraps, reason = "queries want it wrapped")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub async fn a_page_of_everything(index: Arc<dyn Index>) {
    let world = filled(index, &["b", "a//b", "ä", "a", "Z", "a/", "a/b"]).await;
    let all = listing();
    let expected = ["Z", "a", "a/", "a//b", "a/b", "b", "ä"];
    shows(&world, all.clone(), &expected, false).await;
    shows(&world, KeyQuery { limit: 7, ..all.clone() }, &expected, false).await;
    shows(&world, KeyQuery { limit: 6, ..all.clone() }, &expected[..6], true).await;
    shows(&world, KeyQuery { limit: 0, ..all.clone() }, &[], false).await;
    let mut backwards = expected;
    backwards.reverse();
    shows(&world, KeyQuery { reverse: true, ..all.clone() }, &backwards, false).await;
    shows(&world, KeyQuery { prefix: "a/".into(), ..all.clone() }, &["a/", "a//b", "a/b"], false).await;

    let page = world.list(KeyQuery { prefix: "b".into(), ..all }).await.unwrap();
    let current = world.current("b").await;
    let [ObjectRow::Object { key, version_id, modified, size, etag, part_count, mode, content_type }] =
        &page.rows[..]
    else {
        panic!("{page:?}");
    };
    assert_eq!((key, *version_id, *modified, *size), (&current.key, current.version_id, current.modified, 3));
    assert_eq!((etag, *part_count, *mode, content_type), (&current.etag, None, current.mode, &None));
}

pub async fn prefixes_are_rolled_up(index: Arc<dyn Index>) {
    let keys = ["a", "d/", "d/1", "d/2", "d0", "e//x", "e/y", "z/1"];
    let world = filled(index, &keys).await;
    let all = KeyQuery { delimiter: text("/"), ..listing() };
    shows(&world, all.clone(), &["a", "+d/", "d0", "+e/", "+z/"], false).await;
    shows(&world, KeyQuery { reverse: true, ..all.clone() }, &["+z/", "+e/", "d0", "+d/", "a"], false).await;
    shows(&world, KeyQuery { limit: 2, ..all.clone() }, &["a", "+d/"], true).await;
    shows(&world, KeyQuery { prefix: "d/".into(), ..all.clone() }, &["d/", "d/1", "d/2"], false).await;
    shows(&world, KeyQuery { prefix: "d".into(), ..all.clone() }, &["+d/", "d0"], false).await;
    shows(&world, KeyQuery { prefix: "e/".into(), ..all.clone() }, &["+e//", "e/y"], false).await;
    shows(&world, KeyQuery { delimiter: text(""), ..all }, &keys, false).await;
}

pub async fn a_delimiter_may_be_long(index: Arc<dyn Index>) {
    let world = filled(index, &["a::b", "a::c", "a:b", "a:::d", "b--end--c", "ö::x"]).await;
    let all = KeyQuery { delimiter: text("::"), ..listing() };
    shows(&world, all.clone(), &["+a::", "a:b", "b--end--c", "+ö::"], false).await;
    shows(&world, KeyQuery { prefix: "a:".into(), ..all.clone() }, &["+a:::", "a::b", "a::c", "a:b"], false)
        .await;
    shows(&world, KeyQuery { delimiter: text("--end--"), prefix: "b".into(), ..all }, &["+b--end--"], false)
        .await;
}

pub async fn markers_are_exclusive(index: Arc<dyn Index>) {
    let world = filled(index, &["a", "b", "c", "d/1", "d/2", "e"]).await;
    let all = listing();
    shows(&world, KeyQuery { marker: text("b"), ..all.clone() }, &["c", "d/1", "d/2", "e"], false).await;
    shows(&world, KeyQuery { marker: text("bb"), ..all.clone() }, &["c", "d/1", "d/2", "e"], false).await;
    shows(
        &world,
        KeyQuery { marker: text("b"), end_marker: text("d/2"), ..all.clone() },
        &["c", "d/1"],
        false,
    )
    .await;
    shows(&world, KeyQuery { marker: text("z"), ..all.clone() }, &[], false).await;
    shows(&world, KeyQuery { marker: text("c"), end_marker: text("c"), ..all.clone() }, &[], false).await;
    shows(&world, KeyQuery { marker: text("a"), prefix: "d/".into(), ..all.clone() }, &["d/1", "d/2"], false)
        .await;
    shows(&world, KeyQuery { marker: text("e"), prefix: "d/".into(), ..all.clone() }, &[], false).await;
    let backwards = KeyQuery { reverse: true, ..all.clone() };
    shows(&world, KeyQuery { marker: text("d/1"), ..backwards.clone() }, &["c", "b", "a"], false).await;
    shows(&world, KeyQuery { end_marker: text("c"), ..backwards }, &["e", "d/2", "d/1"], false).await;
    let rolled = KeyQuery { delimiter: text("/"), ..all };
    shows(&world, KeyQuery { marker: text("d/"), ..rolled.clone() }, &["e"], false).await;
    shows(&world, KeyQuery { end_marker: text("d/"), marker: text("b"), ..rolled }, &["c"], false).await;
}

pub async fn a_marker_inside_a_common_prefix(index: Arc<dyn Index>) {
    let world = filled(index, &["a", "d/1", "d/2", "d/3", "e"]).await;
    let s3 = KeyQuery { delimiter: text("/"), marker: text("d/2"), ..listing() };
    shows(&world, s3.clone(), &["+d/", "e"], false).await;
    shows(&world, KeyQuery { marker: text("d/3"), ..s3.clone() }, &["e"], false).await;
    shows(&world, KeyQuery { marker: text("d"), ..s3.clone() }, &["+d/", "e"], false).await;
    let swift = KeyQuery { marker_skips_prefix: true, ..s3 };
    shows(&world, swift.clone(), &["e"], false).await;
    shows(&world, KeyQuery { marker: text("d"), ..swift.clone() }, &["+d/", "e"], false).await;
    shows(&world, KeyQuery { reverse: true, ..swift }, &["+d/", "a"], false).await;
}

pub async fn a_common_prefix_is_skipped_by_a_seek(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for folder in 0..5 {
        for file in 0..40 {
            world.published(&format!("{folder}/{file:03}")).await;
        }
    }
    let all = KeyQuery { delimiter: text("/"), ..listing() };
    shows(&world, all.clone(), &["+0/", "+1/", "+2/", "+3/", "+4/"], false).await;
    shows(&world, KeyQuery { limit: 4, ..all.clone() }, &["+0/", "+1/", "+2/", "+3/"], true).await;
    shows(&world, KeyQuery { reverse: true, ..all }, &["+4/", "+3/", "+2/", "+1/", "+0/"], false).await;
}

pub async fn hidden_and_old_versions_are_not_listed(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    for key in ["a", "b", "b", "c/1", "d"] {
        world.published(key).await;
    }
    world.delete("a", None).await;
    world.delete("c/1", None).await;
    world.set(Versioning::Suspended).await;
    world.delete("d", None).await;
    let all = KeyQuery { delimiter: text("/"), ..listing() };
    shows(&world, all, &["b"], false).await;
}

/// The definition of a listing: every key between the bounds, rolled up, then the bounds applied to the rows.
fn model(keys: &BTreeSet<String>, query: &KeyQuery) -> Vec<String> {
    let (marker, end) = (&query.marker, &query.end_marker);
    let (low, high) = if query.reverse { (end, marker) } else { (marker, end) };
    let mut rows: Vec<String> = Vec::new();
    for key in keys {
        let within = low.as_ref().is_none_or(|low| key > low) && high.as_ref().is_none_or(|high| key < high);
        let Some(rest) = key.strip_prefix(&query.prefix).filter(|_| within) else { continue };
        let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let row = match delimiter.and_then(|delimiter| rest.find(delimiter).map(|at| at + delimiter.len())) {
            None => key.clone(),
            Some(end) => {
                let prefix = format!("{}{}", query.prefix, &rest[..end]);
                let inside = |low: &String| query.marker_skips_prefix && low.starts_with(&prefix);
                if low.as_ref().is_some_and(|low| *low == prefix || inside(low)) {
                    continue;
                }
                format!("+{prefix}")
            }
        };
        if rows.last() != Some(&row) {
            rows.push(row);
        }
    }
    if query.reverse {
        rows.reverse();
    }
    rows
}

pub fn fragment() -> impl Strategy<Value = String> {
    let piece =
        prop::sample::select(vec!["a", "b", "/", "//", ".", "0", "::", ":", "\u{0}", "ä", "\u{10FFFF}", "~"]);
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn query() -> impl Strategy<Value = KeyQuery> {
    let delimiter =
        prop::sample::select(vec![None, text("/"), text("::"), text("a"), text("b/"), text("ä"), text("")]);
    let optional = || prop::option::weighted(0.4, fragment());
    let prefix =
        prop_oneof![3 => Just(String::new()), 2 => fragment().prop_map(|f| f.chars().take(2).collect())];
    (prefix, delimiter, optional(), any::<bool>(), optional(), 1_u32..7, any::<bool>()).prop_map(
        |(prefix, delimiter, marker, marker_skips_prefix, end_marker, limit, reverse)| KeyQuery {
            prefix,
            delimiter,
            marker,
            marker_skips_prefix,
            end_marker,
            limit,
            reverse,
        },
    )
}

/// Reads all pages, each from the last row of the previous one.
async fn paged(world: &World, mut query: KeyQuery) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = world.list(query.clone()).await.unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        let new = rows(&page);
        query.marker = new.last().map(|row| row.strip_prefix('+').unwrap_or(row).to_owned());
        found.extend(new);
        if !page.truncated {
            return found;
        }
        assert!(!page.rows.is_empty() && found.len() < 1000, "a truncated page goes on from somewhere");
    }
}

pub async fn pages_agree_with_a_naive_model(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let keys = prop::collection::btree_set(fragment(), 0..40);
    let cases = (keys, prop::collection::vec(query(), 12));
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        runner
            .run(&cases, |(keys, queries)| {
                handle.block_on(async {
                    let name = format!("b{}", BucketId::random());
                    let id = bucket(&index, &world.account, &name).await.id;
                    let world = World { bucket: id, ..world.clone() };
                    let puts = keys.iter().map(|key| world.publish(world.put(key)));
                    for put in futures_util::future::join_all(puts).await {
                        put.unwrap();
                    }
                    for query in queries {
                        prop_assert_eq!(
                            paged(&world, query.clone()).await,
                            model(&keys, &query),
                            "{:?}",
                            query
                        );
                        let whole = KeyQuery { limit: 1000, ..query };
                        prop_assert_eq!(paged(&world, whole.clone()).await, model(&keys, &whole));
                    }
                    Ok(())
                })
            })
            .unwrap();
    });
}
