//! Listings of versions, by example and against a naive model.

use std::collections::BTreeMap;
use std::sync::Arc;

use cardea::model::{BucketId, Timestamp, VersionId};
use cardea::storage::index::{Index, KeyQuery, ListVersions, VersionPage, VersionRow, Versioning};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::listing::fragment;
use super::world::{World, bucket, listing};

fn all(world: &World) -> ListVersions {
    ListVersions { bucket: world.bucket, keys: listing(), version_marker: None }
}

/// A row as text: a key with its version's id, `!` for a delete marker, `*` for the latest; a common prefix
/// with a `+`.
fn text(key: &str, id: VersionId, marker: bool, latest: bool) -> String {
    format!("{key} {id}{}{}", if marker { "!" } else { "" }, if latest { "*" } else { "" })
}

fn rows(page: &VersionPage) -> Vec<String> {
    let row = |row: &VersionRow| match row {
        VersionRow::Version { key, version_id, latest, marker, .. } => {
            text(key.as_str(), *version_id, *marker, *latest)
        }
        VersionRow::Prefix(prefix) => format!("+{prefix}"),
    };
    page.rows.iter().map(row).collect()
}

async fn shows(world: &World, query: ListVersions, expected: &[String]) {
    let page = world.index.list_versions(query.clone()).await.unwrap();
    assert_eq!(rows(&page), expected, "{query:?}");
    assert!(!page.truncated);
}

pub async fn versions_come_by_key_and_newest_first(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    world.published("a").await;
    world.set(Versioning::Enabled).await;
    let mut put = world.put("b").etag("tag");
    put.command.version.metadata.system.content_type = Some("text/plain".into());
    put.command.version.part_count = Some(4);
    let b = world.publish(put).await.unwrap();
    let a = world.published("a").await;
    let marker = world.delete("a", None).await.marker.unwrap();
    let expected = [
        text("a", marker, true, true),
        text("a", a, false, false),
        text("a", VersionId::Null, false, false),
        text("b", b.version_id, false, true),
    ];
    shows(&world, all(&world), &expected).await;
    let mut backwards = expected.clone();
    backwards.reverse();
    let reverse = KeyQuery { reverse: true, ..listing() };
    shows(&world, ListVersions { bucket: world.bucket, keys: reverse, version_marker: None }, &backwards)
        .await;

    let page = world.index.list_versions(all(&world)).await.unwrap();
    let [VersionRow::Version { modified, size, etag, part_count, mode, content_type, .. }, .., last] =
        &page.rows[..]
    else {
        panic!("{page:?}");
    };
    assert_eq!((VersionId::At(*modified), *size, etag.as_str()), (marker, 0, ""));
    assert_eq!((*part_count, *mode, content_type), (None, None, &None), "a delete marker is nothing else");
    let current = world.current("b").await;
    assert_eq!(
        *last,
        VersionRow::Version {
            key: current.key,
            version_id: b.version_id,
            latest: true,
            marker: false,
            modified: b.created,
            size: 3,
            etag: "tag".into(),
            part_count: Some(4),
            mode: Some(current.mode),
            content_type: Some("text/plain".into()),
        }
    );
}

pub async fn a_listing_goes_on_after_a_version(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.insert(0, world.published("k").await);
    }
    let next = world.published("l").await;
    let row = |at: usize| text("k", ids[at], false, at == 0);
    let after = |id| ListVersions {
        bucket: world.bucket,
        keys: KeyQuery { marker: Some("k".into()), ..listing() },
        version_marker: id,
    };
    let last = text("l", next, false, true);
    shows(&world, after(None), std::slice::from_ref(&last)).await;
    shows(&world, after(Some(ids[1])), &[row(2), row(3), last.clone()]).await;
    shows(&world, after(Some(ids[3])), std::slice::from_ref(&last)).await;
    shows(&world, after(Some(VersionId::Null)), &[row(0), row(1), row(2), row(3), last.clone()]).await;
    let one = ListVersions {
        bucket: world.bucket,
        keys: KeyQuery { limit: 1, ..after(None).keys },
        version_marker: Some(ids[0]),
    };
    let page = world.index.list_versions(one).await.unwrap();
    assert_eq!((rows(&page), page.truncated), (vec![row(1)], true));

    let ended = |end: &str| ListVersions {
        bucket: world.bucket,
        keys: KeyQuery { end_marker: Some(end.into()), ..after(None).keys },
        version_marker: Some(ids[2]),
    };
    shows(&world, ended("k\0"), &[row(3)]).await;
    shows(&world, ended("k"), &[]).await;
    let elsewhere = KeyQuery { prefix: "l".into(), ..after(None).keys };
    shows(
        &world,
        ListVersions { bucket: world.bucket, keys: elsewhere, version_marker: Some(ids[2]) },
        std::slice::from_ref(&last),
    )
    .await;

    // The id of a version that is gone still marks a point in the history.
    world.delete("k", Some(ids[2])).await;
    shows(&world, after(Some(ids[2])), &[row(3), last.clone()]).await;
    world.delete("k", Some(ids[0])).await;
    shows(&world, after(Some(ids[0])), &[text("k", ids[1], false, true), row(3), last]).await;
    let future = VersionId::At(Timestamp::from_steps(i64::MAX));
    let page = world.index.list_versions(after(Some(future))).await.unwrap();
    assert_eq!(page.rows.len(), 3);
}

pub async fn common_prefixes_of_versions_are_skipped(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    for folder in ["a", "b"] {
        for file in 0..10 {
            for _ in 0..3 {
                world.published(&format!("{folder}/{file}")).await;
            }
        }
        world.delete(&format!("{folder}/3"), None).await;
    }
    let keys = KeyQuery { delimiter: Some("/".into()), ..listing() };
    let query = ListVersions { bucket: world.bucket, keys, version_marker: None };
    shows(&world, query, &["+a/".to_owned(), "+b/".to_owned()]).await;
}

/// Pages that end among the keys, so that the keys under a common prefix are skipped.
pub async fn pages_of_few_step(index: Arc<dyn Index>) {
    let world = World::versioned(index.clone()).await;
    for name in ["a", "a", "b/1", "b/2", "b/3", "c", "c", "d/1", "e"] {
        world.published(name).await;
    }
    for reverse in [false, true] {
        let keys = KeyQuery { delimiter: Some("/".into()), limit: 4, reverse, ..listing() };
        let found = paged(&index, ListVersions { bucket: world.bucket, keys, version_marker: None }).await;
        assert_eq!(found.len(), 7, "{found:?}");
    }
}

/// A step of a key's history.
#[derive(Clone, Debug)]
enum Step {
    Put(String),
    Delete(String),
    /// Deletes one of the key's versions for good.
    Remove(String, usize),
    Set(bool),
}

/// The versions of a key, oldest first, and all that it ever had.
#[derive(Default, Debug)]
struct History {
    stand: Vec<(usize, VersionId, bool)>,
    ever: Vec<VersionId>,
}

impl History {
    fn push(&mut self, id: VersionId, marker: bool) {
        if id == VersionId::Null {
            self.stand.retain(|(_, old, _)| *old != id);
        }
        self.stand.push((self.ever.len(), id, marker));
        self.ever.push(id);
    }

    /// The versions newest first, as rows, each with its time.
    fn rows(&self, key: &str) -> Vec<(usize, String)> {
        let row = |(nth, (place, id, marker)): (usize, &(usize, VersionId, bool))| {
            (*place, text(key, *id, *marker, nth == 0))
        };
        self.stand.iter().rev().enumerate().map(row).collect()
    }

    /// The time of a marked version, also if it is gone.
    fn place(&self, id: VersionId) -> Option<usize> {
        match id {
            VersionId::Null => self.stand.iter().find(|(_, found, _)| *found == id).map(|found| found.0),
            VersionId::At(_) => self.ever.iter().position(|found| *found == id),
        }
    }
}

type Model = BTreeMap<String, History>;

async fn apply(world: &World, model: &mut Model, step: &Step) {
    match step {
        Step::Put(key) => {
            let id = world.published(key).await;
            model.entry(key.clone()).or_default().push(id, false);
        }
        Step::Delete(key) => {
            if let Some(id) = world.delete(key, None).await.marker {
                model.entry(key.clone()).or_default().push(id, true);
            } else {
                model.entry(key.clone()).or_default().stand.clear();
            }
        }
        Step::Remove(key, nth) => {
            let Some(history) = model.get_mut(key).filter(|history| !history.stand.is_empty()) else {
                return;
            };
            let (_, id, _) = history.stand.remove(nth % history.stand.len());
            assert_eq!(world.delete(key, Some(id)).await.removed, Some(id));
        }
        Step::Set(enabled) => {
            world.set(if *enabled { Versioning::Enabled } else { Versioning::Suspended }).await;
        }
    }
}

fn expected(model: &Model, query: &ListVersions) -> Vec<String> {
    let keys = &query.keys;
    let (low, high) =
        if keys.reverse { (&keys.end_marker, &keys.marker) } else { (&keys.marker, &keys.end_marker) };
    let mut found: Vec<String> = Vec::new();
    for (key, history) in model {
        let mut rows = history.rows(key);
        let marked = query.version_marker.filter(|_| keys.marker.as_ref() == Some(key));
        if let Some(place) = marked.and_then(|id| history.place(id)) {
            rows.retain(|(at, _)| if keys.reverse { *at > place } else { *at < place });
        }
        let above =
            low.as_ref().is_none_or(|low| key > low || (key == low && marked.is_some() && !keys.reverse));
        let below =
            high.as_ref().is_none_or(|high| key < high || (key == high && marked.is_some() && keys.reverse));
        if rows.is_empty() || !above || !below {
            continue;
        }
        let Some(rest) = key.strip_prefix(&keys.prefix) else { continue };
        let delimiter = keys.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        match delimiter.and_then(|delimiter| rest.find(delimiter).map(|at| at + delimiter.len())) {
            None => found.extend(rows.into_iter().map(|(_, row)| row)),
            Some(end) => {
                let prefix = format!("{}{}", keys.prefix, &rest[..end]);
                let inside = |low: &String| keys.marker_skips_prefix && low.starts_with(&prefix);
                let hidden = low.as_ref().is_some_and(|low| *low == prefix || inside(low));
                let row = format!("+{prefix}");
                if !hidden && found.last() != Some(&row) {
                    found.push(row);
                }
            }
        }
    }
    if keys.reverse {
        found.reverse();
    }
    found
}

/// Reads all pages, each from the last row of the previous one.
async fn paged(index: &Arc<dyn Index>, mut query: ListVersions) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = index.list_versions(query.clone()).await.unwrap();
        assert!(page.rows.len() <= query.keys.limit as usize);
        found.extend(rows(&page));
        if !page.truncated {
            return found;
        }
        assert!(found.len() < 1000, "a truncated page goes on from somewhere");
        (query.keys.marker, query.version_marker) = match page.rows.last().unwrap() {
            VersionRow::Version { key, version_id, .. } => (Some(key.to_string()), Some(*version_id)),
            VersionRow::Prefix(prefix) => (Some(prefix.clone()), None),
        };
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || prop_oneof![2 => prop::sample::select(vec!["a", "a/", "a/b", "b"]).prop_map(str::to_owned), 1 => fragment()];
    let step = prop_oneof![
        8 => key().prop_map(Step::Put),
        3 => key().prop_map(Step::Delete),
        2 => (key(), any::<usize>()).prop_map(|(key, nth)| Step::Remove(key, nth)),
        1 => any::<bool>().prop_map(Step::Set),
    ];
    prop::collection::vec(step, 0..60)
}

fn query() -> impl Strategy<Value = (KeyQuery, usize, bool)> {
    let some = |text: &str| Some(text.to_owned());
    let delimiter = prop::sample::select(vec![None, some("/"), some("::"), some("a"), some("")]);
    let marker = || {
        prop_oneof![
            3 => Just(None),
            3 => prop::sample::select(vec!["a", "a/", "a/b", "b"]).prop_map(some),
            2 => fragment().prop_map(Some),
        ]
    };
    let prefix = prop_oneof![3 => Just(String::new()), 1 => Just("a".to_owned()), 1 => Just("a/".to_owned())];
    let keys = (prefix, delimiter, marker(), any::<bool>(), marker(), 1_u32..7, any::<bool>());
    let keys =
        keys.prop_map(|(prefix, delimiter, marker, marker_skips_prefix, end_marker, limit, reverse)| {
            KeyQuery { prefix, delimiter, marker, marker_skips_prefix, end_marker, limit, reverse }
        });
    (keys, any::<usize>(), any::<bool>())
}

pub async fn pages_of_versions_agree_with_a_naive_model(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let case = async |steps: Vec<Step>, queries: Vec<(KeyQuery, usize, bool)>| {
        let id = bucket(&index, &world.account, &format!("b{}", BucketId::random())).await.id;
        let world = World { bucket: id, ..world.clone() };
        let mut model = Model::new();
        for step in &steps {
            apply(&world, &mut model, step).await;
        }
        for (keys, nth, marked) in queries {
            // A version that the marker's key has or had.
            let history = keys.marker.as_ref().and_then(|key| model.get(key)).filter(|_| marked);
            let version_marker =
                history.filter(|history| !history.ever.is_empty()).map(|h| h.ever[nth % h.ever.len()]);
            let query = ListVersions { bucket: world.bucket, keys, version_marker };
            prop_assert_eq!(paged(&index, query.clone()).await, expected(&model, &query), "{:?}", query);
            let whole =
                ListVersions { bucket: world.bucket, keys: KeyQuery { limit: 1000, ..query.keys }, ..query };
            prop_assert_eq!(paged(&index, whole.clone()).await, expected(&model, &whole), "{:?}", whole);
        }
        Ok(())
    };
    let cases = (steps(), prop::collection::vec(query(), 12));
    tokio::task::block_in_place(|| {
        runner.run(&cases, |(steps, queries)| handle.block_on(case(steps, queries))).unwrap();
    });
    world.exact().await;
}
