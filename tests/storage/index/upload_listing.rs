//! Listings of uploads, by example and against a naive model.

use std::collections::BTreeMap;
use std::sync::Arc;

use cardea::model::{BucketId, VersionUid};
use cardea::storage::index::{Index, ListUploads, UploadPage, UploadRow};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::listing::fragment;
use super::world::{World, bucket, key};

fn rows(page: &UploadPage) -> Vec<String> {
    let row = |row: &UploadRow| match row {
        UploadRow::Upload(upload) => format!("{} {}", upload.key, upload.uid),
        UploadRow::Prefix(prefix) => format!("+{prefix}"),
    };
    page.rows.iter().map(row).collect()
}

pub async fn uploads_come_by_key_and_time(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let b = world.begin("b").await;
    let first = world.begin("a").await;
    let second = world.begin("a").await;
    let page = world.index.list_uploads(world.all_uploads()).await.unwrap();
    assert_eq!(rows(&page), [format!("a {first}"), format!("a {second}"), format!("b {b}")]);
    let UploadRow::Upload(row) = &page.rows[1] else { panic!("{page:?}") };
    assert_eq!(*row, world.index.upload(world.bucket, &key("a"), second).await.unwrap());

    let after =
        |marker| ListUploads { key_marker: Some("a".into()), upload_marker: marker, ..world.all_uploads() };
    let page = world.index.list_uploads(after(Some(first))).await.unwrap();
    assert_eq!(rows(&page), [format!("a {second}"), format!("b {b}")]);
    let page = world.index.list_uploads(after(None)).await.unwrap();
    assert_eq!(rows(&page), [format!("b {b}")]);
    world.index.abort_upload(world.bucket, &key("a"), first).await.unwrap();
    let page = world.index.list_uploads(after(Some(first))).await.unwrap();
    assert_eq!(rows(&page), [format!("a {second}"), format!("b {b}")], "a marker that is gone hides nothing");
    let page = world.index.list_uploads(ListUploads { limit: 0, ..world.all_uploads() }).await.unwrap();
    assert_eq!(page, UploadPage::default());
}

type Model = BTreeMap<String, Vec<VersionUid>>;

fn expected(model: &Model, query: &ListUploads) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let marker = query.key_marker.as_ref();
    for (key, uploads) in model {
        let mut uploads = &uploads[..];
        let upload = query.upload_marker.filter(|_| marker == Some(key));
        if let Some(place) = upload.and_then(|id| uploads.iter().position(|found| *found == id)) {
            uploads = &uploads[place + 1..];
        }
        let after = marker.is_none_or(|marker| key > marker || (key == marker && upload.is_some()));
        if uploads.is_empty() || !after {
            continue;
        }
        let Some(rest) = key.strip_prefix(&query.prefix) else { continue };
        let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        match delimiter.and_then(|delimiter| rest.find(delimiter).map(|at| at + delimiter.len())) {
            None => found.extend(uploads.iter().map(|id| format!("{key} {id}"))),
            Some(end) => {
                let prefix = format!("{}{}", query.prefix, &rest[..end]);
                let row = format!("+{prefix}");
                if marker != Some(&prefix) && found.last() != Some(&row) {
                    found.push(row);
                }
            }
        }
    }
    found
}

/// Reads all pages, each from the last row of the previous one.
async fn paged(index: &Arc<dyn Index>, mut query: ListUploads) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = index.list_uploads(query.clone()).await.unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        found.extend(rows(&page));
        if !page.truncated {
            return found;
        }
        assert!(found.len() < 1000, "a truncated page goes on from somewhere");
        (query.key_marker, query.upload_marker) = match page.rows.last().unwrap() {
            UploadRow::Upload(upload) => (Some(upload.key.to_string()), Some(upload.uid)),
            UploadRow::Prefix(prefix) => (Some(prefix.clone()), None),
        };
    }
}

/// Pages that end among the keys, so that the keys under a common prefix are skipped.
pub async fn pages_of_few_uploads_step(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    for name in ["a", "a", "b/1", "b/2", "b/3", "c", "c", "d/1", "e"] {
        world.begin(name).await;
    }
    let found =
        paged(&index, ListUploads { delimiter: Some("/".into()), limit: 4, ..world.all_uploads() }).await;
    assert_eq!(found.len(), 7, "{found:?}");
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => prop::sample::select(vec!["a", "a/", "a/b", "b"]).prop_map(str::to_owned),
        1 => fragment(),
    ]
}

fn query() -> impl Strategy<Value = (ListUploads, Option<usize>)> {
    let some = |text: &str| Some(text.to_owned());
    let delimiter = prop::sample::select(vec![None, some("/"), some("::"), some("a"), some("")]);
    let prefix = prop_oneof![3 => Just(String::new()), 1 => Just("a".to_owned()), 1 => Just("a/".to_owned())];
    let query = (prefix, delimiter, prop::option::of(name()), 1_u32..6);
    let query = query.prop_map(|(prefix, delimiter, key_marker, limit)| ListUploads {
        bucket: BucketId([0; 16]),
        prefix,
        delimiter,
        key_marker,
        upload_marker: None,
        limit,
    });
    (query, prop::option::of(any::<usize>()))
}

pub async fn pages_of_uploads_agree_with_a_naive_model(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let case = async |begun: Vec<(String, bool)>, queries: Vec<(ListUploads, Option<usize>)>| {
        let id = bucket(&index, &world.account, &format!("b{}", BucketId::random())).await.id;
        let world = World { bucket: id, ..world.clone() };
        let (mut model, mut ever) = (Model::new(), Model::new());
        for (name, stays) in &begun {
            let upload = world.begin(name).await;
            ever.entry(name.clone()).or_default().push(upload);
            if *stays {
                model.entry(name.clone()).or_default().push(upload);
            } else {
                world.index.abort_upload(id, &key(name), upload).await.unwrap();
            }
        }
        for (query, nth) in queries {
            // An upload that the marker's key has or had.
            let had = query.key_marker.as_ref().and_then(|key| ever.get(key));
            let upload_marker = nth.and_then(|nth| had.map(|had| had[nth % had.len()]));
            let query = ListUploads { bucket: id, upload_marker, ..query };
            prop_assert_eq!(paged(&index, query.clone()).await, expected(&model, &query), "{:?}", query);
        }
        Ok(())
    };
    let begun = prop::collection::vec((name(), prop::bool::weighted(0.8)), 0..30);
    let cases = (begun, prop::collection::vec(query(), 12));
    tokio::task::block_in_place(|| {
        runner.run(&cases, |(begun, queries)| handle.block_on(case(begun, queries))).unwrap();
    });
    world.exact().await;
}
