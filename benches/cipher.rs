//! How much of the raw cipher's speed is left in a sealed blob. `cargo bench --bench cipher`.
//!
//! Reports GB per second of this thread's CPU time, so that other work on the machine counts as little as can
//! be. All contenders run in turn in each round, and the median of the rounds is shown; the raw cipher does
//! nothing but encrypt the same chunks with one key. Aim: sealing and opening a blob costs at most 1.3 times
//! the raw cipher. For small objects the fixed costs are shown as well: header, key derivation, envelope.

#![expect(clippy::print_stdout, reason = "a bench reports to its reader")]

use std::hint::black_box;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use cardea::encryption::layout::{CHUNK, TAG};
use cardea::encryption::{
    Binding, Cipher, CustomerKey, DataKey, Holder, KeyRing, Mode, Opener, Sealer, VersionKey, hash_parts,
    open_inner, open_outer, seal_inner, seal_outer,
};
use rustix::time::{ClockId, clock_gettime};

/// Chunks in the blob that is sealed and opened: 4 MiB of plaintext.
const CHUNKS: usize = 64;
/// How often a round seals and opens it.
const REPEATS: u32 = 24;
const ROUNDS: usize = 21;
const SMALL: usize = 4096;
const BLOB_ID: [u8; 24] = [1; 24];
const UID: [u8; 16] = [2; 16];

/// CPU seconds for one byte (throughput), or for one object.
type Contender = (String, Box<dyn FnMut() -> f64>);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing to measure in a test run: cargo bench --bench cipher");
        return;
    }
    let mut contenders = Vec::new();
    contenders.extend(raw());
    for cipher in ciphers() {
        contenders.extend(blob(cipher));
    }
    let bulk = contenders.len();
    contenders.extend(small());

    let mut samples = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for ((_, run), samples) in contenders.iter_mut().zip(&mut samples) {
            samples.push(run());
        }
    }
    let medians: Vec<f64> = samples.into_iter().map(median).collect();

    println!("{CHUNKS} chunks of {CHUNK} bytes, {REPEATS} times, {ROUNDS} rounds, medians");
    println!("{:<28} {:>12} {:>12}", "", "GB/CPU-s", "cost/raw");
    for (index, ((name, _), seconds)) in contenders.iter().zip(&medians).enumerate().take(bulk) {
        // Contenders come in pairs: seal, open. The first pair is the raw cipher.
        println!("{name:<28} {:>12.2} {:>12.3}", 1e-9 / seconds, seconds / medians[index % 2]);
    }
    println!("\n{:<28} {:>12}", "", "CPU-µs each");
    for ((name, _), seconds) in contenders.iter().zip(&medians).skip(bulk) {
        println!("{name:<28} {:>12.2}", seconds * 1e6);
    }
}

fn ciphers() -> Vec<Cipher> {
    vec![
        Cipher::AwsLc,
        Cipher::Portable,
        #[cfg(feature = "unsealed-benches")]
        Cipher::Unsealed,
    ]
}

/// `aws-lc-rs` alone.
fn raw() -> Vec<Contender> {
    let key = || LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[3; 32]).expect("a key of 32 bytes"));
    let nonce = |index: usize| {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&(index as u64).to_be_bytes());
        Nonce::assume_unique_for_key(nonce)
    };
    let seal = move |key: &LessSafeKey, buffer: &mut [u8]| {
        for (index, chunk) in buffer.chunks_exact_mut(CHUNK + TAG).enumerate() {
            let (chunk, tag) = chunk.split_at_mut(CHUNK);
            let sealed = key.seal_in_place_separate_tag(nonce(index), Aad::empty(), chunk).expect("seals");
            tag.copy_from_slice(sealed.as_ref());
        }
    };
    let mut to_seal = buffer();
    let mut to_open = buffer();
    let sealing = move || {
        let key = key();
        per_byte(cpu_seconds(|| (0..REPEATS).for_each(|_| seal(&key, black_box(&mut to_seal)))))
    };
    let opening = move || {
        let key = key();
        let mut seconds = 0.0;
        for _ in 0..REPEATS {
            seal(&key, &mut to_open);
            seconds += cpu_seconds(|| {
                for (index, chunk) in black_box(&mut to_open).chunks_exact_mut(CHUNK + TAG).enumerate() {
                    let (chunk, tag) = chunk.split_at_mut(CHUNK);
                    key.open_in_place_separate_tag(nonce(index), Aad::empty(), tag, chunk).expect("opens");
                }
            });
        }
        per_byte(seconds)
    };
    vec![("aws-lc-rs, seal".into(), Box::new(sealing)), ("aws-lc-rs, open".into(), Box::new(opening))]
}

/// A whole blob: header, key derivation, chunks.
fn blob(cipher: Cipher) -> Vec<Contender> {
    let key = DataKey::generate();
    let mut to_seal = buffer();
    let sealing = move || {
        let seal = || {
            for _ in 0..REPEATS {
                seal_blob(cipher, &key, black_box(&mut to_seal));
            }
        };
        per_byte(cpu_seconds(seal))
    };
    let key = DataKey::generate();
    let mut to_open = buffer();
    let opening = move || {
        let mut seconds = 0.0;
        for _ in 0..REPEATS {
            let sealer = seal_blob(cipher, &key, &mut to_open);
            seconds += cpu_seconds(|| {
                let len = (CHUNKS * CHUNK) as u64;
                let opener = Opener::new(cipher, &key, &BLOB_ID, sealer.header(), len).expect("its header");
                for (index, chunk) in (0..).zip(black_box(&mut to_open).chunks_exact_mut(CHUNK + TAG)) {
                    opener.open_chunk(index, chunk).expect("opens");
                }
            });
        }
        per_byte(seconds)
    };
    vec![
        (format!("blob with {cipher:?}, seal"), Box::new(sealing)),
        (format!("blob with {cipher:?}, open"), Box::new(opening)),
    ]
}

fn seal_blob(cipher: Cipher, key: &DataKey, buffer: &mut [u8]) -> Sealer {
    let mut sealer = Sealer::new(cipher, key, &BLOB_ID);
    for (number, chunk) in (1..).zip(buffer.chunks_exact_mut(CHUNK + TAG)) {
        let (chunk, tag) = chunk.split_at_mut(CHUNK);
        tag.copy_from_slice(&sealer.seal_chunk(chunk, number == CHUNKS).expect("seals"));
    }
    sealer
}

/// What an object costs beside its bytes.
fn small() -> Vec<Contender> {
    let ring = KeyRing::generate();
    let customer = CustomerKey::generate();
    let blob = each(move || {
        let mut chunk = [0; SMALL];
        let mut sealer = Sealer::new(Cipher::AwsLc, &DataKey::generate(), &BLOB_ID);
        black_box(sealer.seal_chunk(&mut chunk, true)).expect("seals");
    });
    let place = || Binding {
        account: "5f705ddd5f6a4b1f8f3c9a0b0e3b7a11",
        bucket: &[4; 16],
        key: b"a/key/of/some/length",
        version_id: "null",
        version_uid: &UID,
        mode: Mode::Customer,
        total_length: 0,
        parts: hash_parts(std::iter::empty()),
    };
    let write = {
        let (ring, customer) = (ring.clone(), CustomerKey::new(*customer.expose()));
        each(move || {
            let key = VersionKey::generate();
            black_box(key.wrap(&UID, &BLOB_ID, &DataKey::generate()));
            let inner = seal_inner(&ring, Holder::Customer(&customer), &key, place().account, &UID);
            black_box(seal_outer(&ring, &inner, &place()));
        })
    };
    let key = VersionKey::generate();
    let wrapped = key.wrap(&UID, &BLOB_ID, &DataKey::generate());
    let inner = seal_inner(&ring, Holder::Customer(&customer), &key, place().account, &UID);
    let envelope = seal_outer(&ring, &inner, &place());
    let read = each(move || {
        let inner = open_outer(&ring, &envelope, &place()).expect("its place");
        let holder = Holder::Customer(&customer);
        let key = open_inner(&ring, &inner, holder, place().account, &UID).expect("its key");
        black_box(key.unwrap(&UID, &BLOB_ID, &wrapped)).expect("its data key");
    });
    vec![
        ("blob of 4 KiB, seal".into(), blob),
        ("envelope and data key, seal".into(), write),
        ("envelope and data key, open".into(), read),
    ]
}

/// Runs a small thing often and gives the seconds of one run.
fn each(mut run: impl FnMut() + 'static) -> Box<dyn FnMut() -> f64> {
    const TIMES: u32 = 1000;
    Box::new(move || cpu_seconds(|| (0..TIMES).for_each(|_| run())) / f64::from(TIMES))
}

fn buffer() -> Vec<u8> {
    vec![0x5a; CHUNKS * (CHUNK + TAG)]
}

#[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
fn per_byte(seconds: f64) -> f64 {
    seconds / (CHUNKS * CHUNK) as f64 / f64::from(REPEATS)
}

/// The CPU time of this thread that something takes.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of one thread's run")]
fn cpu_seconds(run: impl FnOnce()) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let start = now();
    run();
    now() - start
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
