//! A real ACME server: Pebble, which Let's Encrypt tests its clients with, and its companion that plays the DNS.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use http::Method;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;

use crate::{Program, Site, until};

/// The identifier of the external account that some servers ask for, and its key, base64url.
pub const EXTERNAL_ACCOUNT: (&str, &str) =
    ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W");

/// Where the server will be: known before it runs, because the program's configuration names it.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    server: u16,
    management: u16,
    dns: u16,
    records: u16,
}

/// How the server behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// How long certificates are valid, in seconds; its own default (five years) without.
    pub validity_s: Option<u64>,
    /// Whether it takes nobody without an external account.
    pub external_account: bool,
}

/// The running server. Dropping it ends it.
pub struct Pebble {
    children: Vec<Child>,
    /// The authority that signs what it issues; a new one with each start.
    pub root: CertificateDer<'static>,
    /// The same, in PEM.
    pub root_pem: String,
}

/// A port that is free now.
fn free() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it has an address").port()
}

impl Ports {
    /// Ports that nothing listens on now.
    pub fn choose() -> Self {
        Self { server: free(), management: free(), dns: free(), records: free() }
    }

    /// The directory's address.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.server)
    }

    /// Where records are put into its DNS.
    pub fn records(&self) -> String {
        format!("http://127.0.0.1:{}", self.records)
    }
}

impl Pebble {
    /// Starts it on those ports. It validates names at the program's listeners `plain` and `tls`: every name is this
    /// machine's. It refuses some good nonces, as servers may.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub async fn start(site: &Site, program: &Program, ports: Ports, manner: Manner) -> Self {
        let port = |listener: &str| -> u16 {
            let address = &program.listener(listener).address;
            address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address has a port")
        };
        let own = site.authority.server(&[]);
        site.write("pebble.pem", &own.certificate);
        site.write("pebble.key", &own.key);
        let (kid, key) = EXTERNAL_ACCOUNT;
        let mut config = json!({
            "listenAddress": format!("127.0.0.1:{}", ports.server),
            "managementListenAddress": format!("127.0.0.1:{}", ports.management),
            "certificate": site.path("pebble.pem"),
            "privateKey": site.path("pebble.key"),
            "httpPort": port("plain"),
            "tlsPort": port("tls"),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": manner.external_account,
            "externalAccountMACKeys": {kid: key},
        });
        if let Some(seconds) = manner.validity_s {
            config["certificateValidityPeriod"] = seconds.into();
        }
        site.write("pebble.json", &json!({"pebble": config}).to_string());
        let start = |program: &str, arguments: &[&str]| {
            let log = File::create(site.path(&format!("{program}.log"))).expect("the folder can be written");
            Command::new(program)
                .args(arguments)
                .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "10"), ("PEBBLE_AUTHZREUSE", "0")])
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a file has more than one handle"))
                .stderr(log)
                .spawn()
                .expect("pebble is installed: scripts/setup test sees to it")
        };
        let (dns, management) = (format!("127.0.0.1:{}", ports.dns), format!("127.0.0.1:{}", ports.records));
        let off = ["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""];
        let names = [&["-dns01", &dns, "-management", &management][..], &off].concat();
        let children = vec![
            start("pebble-challtestsrv", &names),
            start(
                "pebble",
                &["-strict", "-config", &site.path("pebble.json").display().to_string(), "-dnsserver", &dns],
            ),
        ];
        let mut pebble = Self { children, root: CertificateDer::from(Vec::new()), root_pem: String::new() };
        let visitor = site.visitor(&format!("https://127.0.0.1:{}", ports.management));
        let directory = site.visitor(&format!("https://127.0.0.1:{}", ports.server));
        pebble.root_pem = until("pebble answers", async || {
            for child in &mut pebble.children {
                assert!(child.try_wait().expect("a child can be asked").is_none(), "{}", site.read("pebble.log"));
            }
            let there = directory.send(Method::GET, "/dir", None).await.ok()?;
            let root = visitor.send(Method::GET, "/roots/0", None).await.ok()?;
            (there.status == 200 && root.status == 200).then(|| root.text().to_owned())
        })
        .await;
        pebble.root = CertificateDer::from_pem_slice(pebble.root_pem.as_bytes()).expect("a certificate");
        pebble
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
