//! Static large objects against a plain concatenation: ranges, data, nesting, every boundary.

use cardea::ops::SegmentRequest;

use super::large_world::{data, ranged, segment, swift, under};
use super::world::{World, collect, key, pattern};

/// A generator of small numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The bytes that an object must have, and the borders of its segments.
struct Model {
    name: String,
    bytes: Vec<u8>,
    boundaries: Vec<u64>,
    is_manifest: bool,
}

const SIZES: [usize; 7] = [1, 7, 100, 16_300, 65_535, 65_537, 200_000];

async fn plain_objects(world: &World, seeds: &[Option<u8>]) -> Vec<Model> {
    let mut models = vec![];
    for (nr, size) in SIZES.into_iter().enumerate() {
        let bytes: Vec<u8> = pattern(size + nr)[nr..].to_vec();
        let name = format!("segment{nr}");
        world.put(&name, &bytes, under(seeds[nr % seeds.len()])).await.unwrap();
        models.push(Model { name, bytes, boundaries: vec![], is_manifest: false });
    }
    models
}

/// Random segments, their bytes, and their borders.
fn compose(numbers: &mut Numbers, models: &[Model]) -> (Vec<SegmentRequest>, Vec<u8>, Vec<u64>) {
    let (mut requests, mut bytes, mut boundaries) = (vec![], vec![], vec![]);
    for _ in 0..=numbers.below(7) {
        boundaries.push(bytes.len() as u64);
        let model = &models[numbers.below(models.len() as u64) as usize];
        let size = model.bytes.len() as u64;
        match numbers.below(5) {
            0 => {
                let own = pattern(numbers.below(300) as usize + 1);
                requests.push(data(&own));
                bytes.extend(own);
            }
            1 | 2 => {
                let first = numbers.below(size);
                let last = first + numbers.below(size - first);
                requests.push(ranged(&model.name, &format!("{first}-{last}")));
                bytes.extend(&model.bytes[first as usize..=last as usize]);
            }
            _ => {
                requests.push(segment(&model.name));
                bytes.extend(&model.bytes);
            }
        }
    }
    (requests, bytes, boundaries)
}

async fn compare(world: &World, model: &Model, seed: Option<u8>, numbers: &mut Numbers) {
    let opened = world.run(swift(&model.name, seed, false)).await.unwrap();
    let size = model.bytes.len() as u64;
    assert_eq!(opened.info.size, size, "{}", model.name);
    let reader = opened.reader.unwrap();
    let mut ranges = vec![0..size, 0..size.min(1), size - 1..size];
    for &boundary in &model.boundaries {
        ranges.push(boundary.saturating_sub(1)..(boundary + 1).min(size));
        ranges.push(boundary..(boundary + 2).min(size));
    }
    for _ in 0..4 {
        let first = numbers.below(size);
        ranges.push(first..first + 1 + numbers.below(size - first));
    }
    for range in ranges {
        let found = collect(reader.open(range.clone()).await.unwrap()).await.unwrap();
        let expected = &model.bytes[range.start as usize..range.end as usize];
        assert!(found == expected, "{} {range:?}", model.name);
    }
}

async fn run(seeds: &[Option<u8>], seed: Option<u8>, start: u64) {
    let world = World::new().await;
    let mut models = plain_objects(&world, seeds).await;
    let mut numbers = Numbers(start);
    for nr in 0..12 {
        let (requests, bytes, boundaries) = compose(&mut numbers, &models);
        let name = format!("manifest{nr}");
        let outcome = world.put_manifest(&name, requests, seed).await.unwrap();
        assert_eq!(outcome.size, bytes.len() as u64);
        let model = Model { name, bytes, boundaries, is_manifest: true };
        compare(&world, &model, seed, &mut numbers).await;
        models.push(model);
    }
    // Later manifests have not damaged earlier ones, though they may have sealed their segments again.
    for model in models.iter().filter(|model| model.is_manifest) {
        compare(&world, model, seed, &mut numbers).await;
        let copied = world.bytes(&model.name, seed.map(key), 0..model.bytes.len() as u64).await.unwrap();
        assert!(copied == model.bytes);
    }
}

#[tokio::test]
async fn manifests_without_a_key_match_the_model() {
    run(&[None], None, 1).await;
    run(&[None], None, 2).await;
}

#[tokio::test]
async fn keyed_manifests_match_the_model() {
    run(&[None, Some(1)], Some(1), 3).await;
    run(&[None], Some(1), 4).await;
}
