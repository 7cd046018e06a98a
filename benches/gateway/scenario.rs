//! What is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::client::{Client, empty, full, long, stream};
use crate::server::{Build, Server};

const GIB: u64 = 1 << 30;
const ROUNDS: usize = 5;
const CONNECTIONS: usize = 16;

/// 1 GiB bodies, SSE-C: CPU seconds of the server, sealed against unsealed, plain HTTP and TLS.
pub async fn large() {
    println!("large: 1 GiB SSE-C on one connection, server CPU seconds, median of {ROUNDS}");
    for tls in [false, true] {
        let mut figures = Vec::new();
        for build in [Build::Sealed, Build::Unsealed] {
            let Some(server) = Server::start(build, "") else {
                println!("  (set CARDEA_UNSEALED_BIN for the ratios)");
                continue;
            };
            let mut client = Client::connect(&server, tls).await;
            client.send(Method::PUT, "/bench", false, empty(), 0).await;
            let (mut puts, mut gets) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let before = server.cpu();
                let (status, _) = client.send(Method::PUT, "/bench/large", true, long(GIB), GIB).await;
                assert_eq!(status, StatusCode::OK);
                let between = server.cpu();
                let (status, bytes) = client.send(Method::GET, "/bench/large", true, empty(), 0).await;
                assert_eq!((status, bytes), (StatusCode::OK, GIB));
                puts.push(between - before);
                gets.push(server.cpu() - between);
            }
            let (put, get) = (median(puts), median(gets));
            println!("  {} {build:?}: PUT {put:.2} CPU-s, GET {get:.2} CPU-s", scheme(tls));
            figures.push((put, get));
        }
        if let [sealed, unsealed] = figures[..] {
            println!(
                "  {} speed of sealed against unsealed: PUT {:.0} %, GET {:.0} %",
                scheme(tls),
                100.0 * unsealed.0 / sealed.0,
                100.0 * unsealed.1 / sealed.1
            );
        }
    }
}

/// 4 KiB objects, SSE-C, 16 connections: requests per second and CPU per request, inline and not.
pub async fn small() {
    println!("small: 4 KiB SSE-C, {CONNECTIONS} connections, plain HTTP");
    for (name, settings) in [("inline", ""), ("blobs", "inline_bytes = 0")] {
        load(name, vec![Server::start(Build::Sealed, settings).unwrap()]).await;
    }
}

/// The same over one, two and three replicas on one index and one store, to which the connections go in turn.
pub async fn replicas() {
    println!("replicas: 4 KiB SSE-C, {CONNECTIONS} connections, plain HTTP, CPU of all replicas");
    for count in 1..=3 {
        let servers = (0..count).map(|_| Server::start(Build::Sealed, "").unwrap()).collect();
        load(&format!("{count} replicas"), servers).await;
    }
}

/// PUTs, then GETs, from all connections at once.
async fn load(name: &str, servers: Vec<Server>) {
    let servers = Arc::new(servers);
    let cpu = |servers: &[Server]| servers.iter().map(Server::cpu).sum::<f64>();
    let bucket = format!("/bench-{}", std::process::id() + servers.len() as u32);
    Client::connect(&servers[0], false).await.send(Method::PUT, &bucket, false, empty(), 0).await;
    for method in [Method::PUT, Method::GET] {
        let (before, since) = (cpu(&servers), Instant::now());
        let done = Arc::new(AtomicU64::new(0));
        let workers = (0..CONNECTIONS).map(|worker| {
            let (servers, done, method, bucket) = (servers.clone(), done.clone(), method.clone(), bucket.clone());
            tokio::spawn(async move {
                let mut client = Client::connect(&servers[worker % servers.len()], false).await;
                let body = Bytes::from(vec![42; 4096]);
                for i in 0.. {
                    if since.elapsed() > Duration::from_secs(8) {
                        break;
                    }
                    // PUTs make new objects, GETs go round the first of them.
                    let i = if method == Method::PUT { i } else { i % 200 };
                    let path = format!("{bucket}/w{worker}/{i:06}");
                    let (status, _) = if method == Method::PUT {
                        client.send(Method::PUT, &path, true, full(body.clone()), 4096).await
                    } else {
                        client.send(Method::GET, &path, true, empty(), 0).await
                    };
                    // A slow store leaves fewer than 200.
                    if method == Method::GET && status == StatusCode::NOT_FOUND {
                        continue;
                    }
                    assert_eq!(status, StatusCode::OK);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
        let count = done.load(Ordering::Relaxed) as f64;
        println!(
            "  {name} {method}: {:.0}/s, {:.0} µs of server CPU a request",
            count / since.elapsed().as_secs_f64(),
            (cpu(&servers) - before) / count * 1e6
        );
    }
}

/// 100 uploads of 256 MiB at once: peak memory of the server.
pub async fn memory() {
    println!("memory: 100 uploads of 256 MiB at once, SSE-C, plain HTTP");
    let server = Arc::new(Server::start(Build::Sealed, "").unwrap());
    Client::connect(&server, false).await.send(Method::PUT, "/bench", false, empty(), 0).await;
    let idle = server.peak_memory();
    let uploads: Vec<_> = (0..100u8)
        .map(|i| {
            let server = server.clone();
            tokio::spawn(async move {
                let mut client = Client::connect(&server, false).await;
                let length = 256 << 20;
                // Small frames that arrive in turn: every upload stays open for as long as all of them.
                let block = Bytes::from(vec![i; 64 << 10]);
                let blocks = futures_util::stream::iter((0..length / (64 << 10)).map(move |_| block.clone()));
                let path = format!("/bench/upload-{i}");
                client.send(Method::PUT, &path, true, stream(blocks), length).await.0
            })
        })
        .collect();
    for upload in uploads {
        assert_eq!(upload.await.unwrap(), StatusCode::OK);
    }
    println!("  idle {idle:.0} MiB, peak {:.0} MiB", server.peak_memory());
}

fn scheme(tls: bool) -> &'static str {
    if tls { "TLS" } else { "HTTP" }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
