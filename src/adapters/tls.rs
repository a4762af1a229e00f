//! How connections to mail servers are opened: TCP without Nagle's delay, TLS verified against the
//! machine's certificates and the operator's own, and failures in words an operator can act on.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

/// After this time the host's next address is tried (an IPv6 route may lead nowhere).
const PER_ADDRESS: Duration = Duration::from_secs(20);

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Plain greeting, then STARTTLS; refused when the server does not offer it.
    StartTls,
    /// None at all: only towards this very machine.
    None,
}

/// Why a connection could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Trying again later may work: name resolution, refused or broken connections.
    #[error("{0}")]
    Temporary(String),
    /// A person has to look: certificate, CA file, name, protection refused.
    #[error("{0}")]
    Setup(String),
}

/// Connects to `host:port` with `TCP_NODELAY` set: a mail dialogue is many small writes, and Nagle's
/// algorithm would add 40 ms to each. Addresses are tried in the resolver's order.
///
/// # Errors
/// [`ConnectError::Setup`] when `security` is [`Security::None`] and the host is not this machine.
pub async fn dial(host: &str, port: u16, security: Security) -> Result<TcpStream, ConnectError> {
    let found = lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|error| ConnectError::Temporary(format!("cannot find {host}: {error}")))?.collect();
    if security == Security::None && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(ConnectError::Setup(format!(
            "tls = \"none\" would send password and mail in clear to {host}: \
             it is allowed for 127.0.0.1 and ::1 only; use \"implicit\" or \"starttls\""
        )));
    }
    let mut last = ConnectError::Temporary(format!("{host} has no address"));
    for address in addresses {
        match tokio::time::timeout(PER_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without the option the dialogue is only slower.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = ConnectError::Temporary(format!("cannot connect to {host}:{port}: {error}")),
            Err(_) => {
                let waited = PER_ADDRESS.as_secs();
                last = ConnectError::Temporary(format!("no answer from {host}:{port} ({address}) in {waited} s"));
            }
        }
    }
    Err(last)
}

/// What certificates are verified against. Loaded at the first handshake, and again after a failed
/// one, so that a replaced CA file counts without a restart.
#[derive(Debug)]
pub struct Tls {
    ca_file: Option<PathBuf>,
    config: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    /// The machine's certificates, and those of a PEM file beside them.
    pub fn new(ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, config: Mutex::new(None) }
    }

    /// Does the TLS handshake; `host` is the name the certificate must carry (or an IP address).
    ///
    /// # Errors
    /// [`ConnectError::Setup`] when the certificate does not verify or the other side speaks no TLS,
    /// [`ConnectError::Temporary`] when the connection broke.
    pub async fn handshake(&self, stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, ConnectError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ConnectError::Setup(format!("“{host}” is no host name a certificate could carry")))?;
        let connector = TlsConnector::from(self.config().await?);
        match connector.connect(name, stream).await {
            Ok(stream) => Ok(stream),
            Err(error) => {
                *self.cached() = None;
                Err(explain(host, &error))
            }
        }
    }

    /// Loads the trusted certificates, to find a bad CA file before the first connection needs it.
    ///
    /// # Errors
    /// [`ConnectError::Setup`] naming the file.
    pub async fn config(&self) -> Result<Arc<ClientConfig>, ConnectError> {
        let cached = self.cached().clone();
        if let Some(config) = cached {
            return Ok(config);
        }
        let ca_file = self.ca_file.clone();
        let loaded = tokio::task::spawn_blocking(move || client_config(ca_file.as_deref())).await;
        let config = loaded.map_err(|error| ConnectError::Temporary(format!("loading certificates: {error}")))??;
        *self.cached() = Some(Arc::clone(&config));
        Ok(config)
    }

    fn cached(&self) -> std::sync::MutexGuard<'_, Option<Arc<ClientConfig>>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// TLS 1.2 and 1.3 with the machine's trusted certificates and those of `ca_file` (PEM).
///
/// # Errors
/// [`ConnectError::Setup`] when the file cannot be read or no certificate can be trusted at all.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ConnectError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = ca_file {
        add_ca_file(&mut roots, path)?;
    }
    if roots.is_empty() {
        return Err(ConnectError::Setup(
            "this machine trusts no certificate at all: install the package ca-certificates, or set ca_file".into(),
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::Setup(format!("TLS cannot be set up: {error}")))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn add_ca_file(roots: &mut RootCertStore, path: &Path) -> Result<(), ConnectError> {
    let setup = |what: String| ConnectError::Setup(format!("ca_file {}: {what}", path.display()));
    let pem = std::fs::read(path).map_err(|error| setup(error.to_string()))?;
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| setup(format!("not a PEM file: {error}")))?;
        roots.add(certificate).map_err(|error| setup(format!("a certificate in it is not usable: {error}")))?;
    }
    if roots.len() == before {
        return Err(setup("no certificate in it (a PEM file with BEGIN CERTIFICATE is expected)".into()));
    }
    Ok(())
}

fn explain(host: &str, error: &io::Error) -> ConnectError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(problem) = inner else {
        return ConnectError::Temporary(format!("the connection to {host} broke during the TLS handshake: {error}"));
    };
    let words = match problem {
        rustls::Error::InvalidCertificate(problem) => explain_certificate(host, problem),
        rustls::Error::InvalidMessage(_) => format!(
            "{host} does not speak TLS on this port: check port and tls (\"implicit\" is usual on 465 and 993, \
             \"starttls\" on 587 and 143)"
        ),
        other => format!("the TLS handshake with {host} failed: {other}"),
    };
    ConnectError::Setup(words)
}

fn explain_certificate(host: &str, problem: &CertificateError) -> String {
    use CertificateError as E;
    match problem {
        E::Expired | E::ExpiredContext { .. } => {
            format!("the certificate of {host} has expired: it has to be renewed on the server")
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet: check this machine's clock")
        }
        E::UnknownIssuer => format!(
            "the certificate of {host} is signed by an issuer this machine does not trust: \
             name the issuer's certificate as ca_file if it is your own"
        ),
        E::BadSignature => format!(
            "the certificate of {host} is not signed by the issuer this machine trusts, though by one of the same name: \
             ca_file may be out of date"
        ),
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            format!(
                "the certificate of {host} is made out to another name: use the name it carries as host ({problem})"
            )
        }
        E::Revoked => format!("the certificate of {host} was revoked"),
        other => format!("the certificate of {host} cannot be used: {other}"),
    }
}
