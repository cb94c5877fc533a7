//! Which certificates are trusted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::hub::error::HubError;

/// Names a file of certificates that are trusted instead: as for OpenSSL, and so for torch.hub.
const VARIABLE: &str = "SSL_CERT_FILE";

/// The roots that come with this crate, or those that the environment names.
pub(super) fn config() -> Result<TlsConfig, HubError> {
    let config = TlsConfig::builder();
    Ok(match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) {
        None => config,
        Some(path) => config.root_certs(RootCerts::from(
            certificates(&path).map_err(HubError::io_at("use the certificates of", &path))?,
        )),
    }
    .build())
}

fn certificates(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let pem = fs::read(path)?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(io::Error::other)? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(io::Error::other(format!("none in it; {VARIABLE} names this file")));
    }
    Ok(found)
}
