//! The binary under measurement: started on fresh data, metered through `/proc`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running gateway.
pub struct Server {
    child: Child,
    dir: tempfile::TempDir,
    /// The plain HTTP port.
    pub plain: u16,
    /// The TLS port.
    pub tls: u16,
}

/// Which binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Build {
    /// As shipped.
    Sealed,
    /// With the cipher replaced by nothing.
    Unsealed,
}

impl Build {
    /// The binary's path; `None` where the unsealed one was not built.
    pub fn path(self) -> Option<PathBuf> {
        match self {
            Self::Sealed => Some(
                std::env::var_os("CARDEA_BIN")
                    .map_or_else(|| env!("CARGO_BIN_EXE_cardea").into(), PathBuf::from),
            ),
            Self::Unsealed => std::env::var_os("CARDEA_UNSEALED_BIN").map(PathBuf::from),
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    /// Starts a gateway with these extra settings in its file.
    pub fn start(build: Build, settings: &str) -> Option<Self> {
        let binary = build.path()?;
        let dir =
            tempfile::tempdir_in(std::env::var_os("CARDEA_BENCH_DIR").unwrap_or_else(|| "target".into()))
                .unwrap();
        let (plain, tls, management) = (free_port(), free_port(), free_port());
        let below = std::env::var("CARDEA_BENCH_SETTINGS").unwrap_or_default();
        let below = below.replace("{server}", &management.to_string());
        let file = dir.path().join("cardea.toml");
        fs::write(
            &file,
            format!(
                "listen = \"127.0.0.1:{tls}\"\nplain_listen = \"127.0.0.1:{plain}\"\nmanagement_listen = \"127.0.0.1:{management}\"\n\
                 require_tls_for_customer_keys = false\n{below}\n{settings}\n{ACCOUNT}"
            ),
        )
        .unwrap();
        let child = Command::new(binary)
            .args(["serve", "--config"])
            .arg(&file)
            .arg("--data")
            .arg(dir.path().join("data"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Self { child, dir, plain, tls };
        let since = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", plain)).is_err() {
            assert!(
                since.elapsed() < Duration::from_secs(20),
                "the gateway does not start:\n{}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// User and system seconds the process has used.
    pub fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Fields 14 and 15, counted behind the command's name in parentheses; in ticks of 10 ms. Threads that
        // have ended are counted too.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }

    /// Peak resident memory in MiB.
    pub fn peak_memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The CA that the gateway generated.
    pub fn ca(&self) -> PathBuf {
        Path::new(&self.data()).join("tls/ca.crt")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The account that the benches use.
const ACCOUNT: &str = r#"
[[accounts]]
id = "bench"
name = "bench"
[[accounts.users]]
id = "bench"
name = "bench"
password = "bench-password"
roles = ["admin"]
[[accounts.users.access_keys]]
access = "BENCHACCESS"
secret = "bench-secret"
"#;
