//! A proxy to the database that records the statements.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// What has passed.
#[derive(Clone, Default)]
pub struct Heard {
    /// Statements that were prepared, without those of transactions that read whole tables on purpose.
    pub statements: Arc<Mutex<BTreeSet<String>>>,
    /// The settings of the sessions, without their schema.
    pub session: Arc<Mutex<String>>,
}

/// The same URL by way of a wiretap.
pub async fn tapped(url: &str, heard: &Heard) -> String {
    let config: Config = url.parse().unwrap();
    let Host::Tcp(host) = config.get_hosts()[0].clone() else { panic!("{url} names no TCP host") };
    let place = (host, config.get_ports()[0]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mine = listener.local_addr().unwrap();
    let heard = heard.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect((place.0.as_str(), place.1)).await.unwrap();
            tokio::spawn(pass(client, server, heard.clone()));
        }
    });
    let (before, rest) = url.split_once('@').unwrap();
    let (_, after) = rest.split_once('/').unwrap();
    format!("{before}@{mine}/{after}")
}

async fn pass(client: TcpStream, server: TcpStream, heard: Heard) {
    for socket in [&client, &server] {
        socket.set_nodelay(true).unwrap();
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let (mut ear, mut buffer) = (Ear { heard, ..Ear::default() }, vec![0; 64 * 1024]);
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        ear.hear(&buffer[..length]);
        if to_server.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Follows the messages of a client.
#[derive(Default)]
struct Ear {
    heard: Heard,
    begun: bool,
    unread: Vec<u8>,
    /// Whether the transaction is one that reads whole tables on purpose.
    whole_tables: bool,
}

impl Ear {
    fn hear(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        // A message has a kind and a length, which counts itself. The first message has no kind.
        loop {
            let kind = usize::from(self.begun);
            let Some(length) = self.unread.get(kind..kind + 4) else { return };
            let end = kind + u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.unread.len() < end {
                return;
            }
            let message: Vec<u8> = self.unread.drain(..end).collect();
            let words: Vec<String> = message[kind + 4..]
                .split(|byte| *byte == 0)
                .map(|word| String::from_utf8_lossy(word).into())
                .collect();
            if !self.begun {
                self.begun = true;
                self.startup(&words);
            } else if message[0] == b'P' && !self.whole_tables {
                self.heard.statements.lock().unwrap().insert(words[1].clone());
            } else if message[0] == b'Q' {
                self.whole_tables = words[0].contains("enable_seqscan = on")
                    || self.whole_tables && !["COMMIT", "ROLLBACK"].contains(&words[0].as_str());
            }
        }
    }

    fn startup(&self, words: &[String]) {
        if let Some(at) = words.iter().position(|word| word.ends_with("options")) {
            let options = words[at + 1].split(" -c search_path").next().unwrap();
            options.clone_into(&mut self.heard.session.lock().unwrap());
        }
    }
}
