//! Random histories against a naive model, in every state.

use std::collections::BTreeMap;

use cardea::model::VersionId;
use cardea::ops::{Usage, VersionRow, Versioning};

use super::world::{World, key};

/// A version, or a delete marker, of the model.
#[derive(Clone, Debug)]
struct Kept {
    id: VersionId,
    content: Option<(Vec<u8>, Option<u8>)>,
}

/// Every key's versions, oldest first.
#[derive(Default)]
struct Model {
    keys: BTreeMap<String, Vec<Kept>>,
}

impl Model {
    fn push(&mut self, name: &str, id: VersionId, content: Option<(Vec<u8>, Option<u8>)>) {
        let versions = self.keys.entry(name.into()).or_default();
        if id == VersionId::Null {
            versions.retain(|version| version.id != VersionId::Null);
        }
        versions.push(Kept { id, content });
    }

    fn usage(&self) -> Usage {
        let current = self.keys.values().filter_map(|versions| versions.last()?.content.as_ref());
        let bytes = current.clone().map(|(data, _)| data.len() as u64).sum();
        Usage { buckets: 0, objects: current.count() as u64, bytes }
    }
}

/// A small generator, which gives the same history for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

async fn history(seed: u64, steps: usize) {
    let world = World::new().await;
    let (mut dice, mut model, mut state) = (Dice(seed), Model::default(), Versioning::Off);
    for step in 0..steps {
        let name = ["a", "a/b", "a/c", "b"][dice.roll(4)];
        let known: Vec<VersionId> =
            model.keys.get(name).into_iter().flatten().map(|version| version.id).collect();
        match dice.roll(12) {
            0 => {
                state = [Versioning::Enabled, Versioning::Suspended][dice.roll(2)];
                world.set(state).await;
            }
            1..=5 => {
                let data = vec![dice.roll(256) as u8; dice.roll(40)];
                let sealed = [None, Some(1), Some(2)][dice.roll(3)];
                let id = world.write(name, &data, sealed).await.version_id;
                assert_eq!(id == VersionId::Null, state != Versioning::Enabled);
                model.push(name, id, Some((data, sealed)));
            }
            6 | 7 => {
                let deleted = world.remove(name, None).await;
                match (state, deleted.marker) {
                    (Versioning::Off, None) => drop(model.keys.remove(name)),
                    (Versioning::Enabled | Versioning::Suspended, Some(id)) => model.push(name, id, None),
                    other => panic!("{other:?}"),
                }
            }
            8 | 9 if !known.is_empty() => {
                let id = known[dice.roll(known.len())];
                let deleted = world.remove(name, Some(id)).await;
                let versions = model.keys.get_mut(name).unwrap();
                versions.retain(|version| version.id != id);
                let current = versions.last().filter(|last| last.content.is_some()).map(|last| last.id);
                assert_eq!((deleted.removed, deleted.current), (Some(id), current));
            }
            _ if !known.is_empty() => {
                let version = model.keys[name][dice.roll(known.len())].clone();
                let restored = world.restore(name, version.id, None).await;
                assert_eq!(restored.is_ok(), version.content.is_some(), "{restored:?}");
                if let Ok(restored) = restored {
                    assert_eq!(restored.version_id == VersionId::Null, state != Versioning::Enabled);
                    model.push(name, restored.version_id, version.content);
                }
            }
            _ => {}
        }
        compare(&world, &model, step % 10 == 0 || step + 1 == steps).await;
    }
}

async fn compare(world: &World, model: &Model, contents: bool) {
    let mut expected = Vec::new();
    for (name, versions) in &model.keys {
        for (back, version) in versions.iter().rev().enumerate() {
            let size = version.content.as_ref().map_or(0, |(data, _)| data.len() as u64);
            expected.push((name.clone(), version.id, back == 0, version.content.is_none(), size));
        }
    }
    let listed = world.versions().await.into_iter().map(|row| match row {
        VersionRow::Version { key, version_id, latest, marker, size, .. } => {
            (key.to_string(), version_id, latest, marker, size)
        }
        VersionRow::Prefix(prefix) => panic!("{prefix}"),
    });
    let listed: Vec<_> = listed.collect();
    assert_eq!(listed, expected);
    assert_eq!(world.usage().await, model.usage());
    if !contents {
        return;
    }
    for (name, versions) in &model.keys {
        for version in versions {
            let sealed = version.content.as_ref().and_then(|(_, sealed)| *sealed);
            let read = world.read_version(name, Some(version.id), sealed.map(key)).await;
            match &version.content {
                Some((data, _)) => assert_eq!(&read.unwrap().1, data),
                None => assert!(read.is_err()),
            }
        }
    }
}

#[tokio::test]
async fn random_histories_match_the_model() {
    for seed in 0..6 {
        history(seed, 120).await;
    }
}
