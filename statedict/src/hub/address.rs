//! Addresses of the web, and what of them may be shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use ureq::http::Uri;

use crate::hub::error::HubError;
use crate::hub::hash;

/// An `http://` or `https://` address. `Display` leaves out what may be secret.
#[derive(Clone)]
pub(super) struct Address {
    /// Without user and password.
    uri: Uri,
    /// The value of the header that user and password make.
    authorization: Option<String>,
    shown: String,
    place: String,
    fingerprint: String,
}

/// Returns `true` if `text` begins as a web address, well-formed or not.
pub(super) fn is_web(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Address, HubError> {
        let refused = |reason: &str| {
            // Where the parts of it cannot be told, none of it is known to be harmless.
            let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
            HubError::Address { address: format!("{scheme}://***"), reason: reason.to_owned() }
        };
        if let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(refused(&format!("{odd:?} has to be percent-encoded in an address")));
        }
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| refused("an address without a scheme"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let plain = format!("{}://{host}{tail}", scheme.to_ascii_lowercase());
        let uri: Uri = plain.parse().map_err(|_| refused("not a well-formed address"))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(refused("an address without a host"));
        }
        let port = uri.authority().zip(uri.host()).and_then(|(authority, host)| {
            authority.as_str().strip_prefix(host).filter(|port| !port.is_empty())
        });
        if port.is_some() && uri.port_u16().is_none() {
            return Err(refused("an address whose port is no number"));
        }
        let (path, query) = tail.split_once('?').map_or((tail, false), |(path, _)| (path, true));
        let shown = format!(
            "{}://{}{host}{path}{}",
            scheme.to_ascii_lowercase(),
            if user.is_some() { "***@" } else { "" },
            if query { "?***" } else { "" },
        );
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let mut pair: Vec<u8> = percent_decode_str(name).collect();
            pair.push(b':');
            pair.extend(percent_decode_str(password));
            format!("Basic {}", STANDARD.encode(pair))
        });
        let place = format!("{}{path}", host.to_ascii_lowercase());
        let fingerprint = hash::hex(&Sha256::digest(&plain));
        Ok(Address { uri, authorization, shown, place, fingerprint })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    pub(super) fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// As far as it may be shown.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Host and path: what stays the same where a query is a signature of today.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The SHA-256 of the address without user and password: what a partial download remembers it by.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns what `os.path.basename(urlparse(url).path)` of Python is: the end of the path, without query
    /// and parameters, and with its percent signs.
    pub(super) fn file_name(&self) -> &str {
        let path = self.uri.path();
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        name.split_once(';').map_or(name, |(name, _)| name)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_pythons_urlparse() {
        for (address, name) in [
            ("http://h/a/model-5c106cde.pth", "model-5c106cde.pth"),
            ("https://h/a/b.pt?download=1&x=/c.pt", "b.pt"),
            ("https://h/a/b.pt#/c.pt", "b.pt"),
            ("http://h/a/b.pt;version=2", "b.pt"),
            ("http://h/a;x/b.pt", "b.pt"),
            ("http://h/a%2Fb%20c.pt", "a%2Fb%20c.pt"),
            ("http://h/a/", ""),
            ("http://h", ""),
            ("http://h?x=/y.pt", ""),
            ("http://h/..", ".."),
            ("HTTP://h:8080/x@y.pt", "x@y.pt"),
        ] {
            assert_eq!(Address::parse(address).unwrap().file_name(), name, "{address}");
        }
    }

    #[test]
    fn secrets_are_neither_shown_nor_sent_to_be_logged() {
        let address = Address::parse("https://me:p%40ss@h:1/a/b.pt?token=t0ken#frag").unwrap();
        assert_eq!(address.to_string(), "https://***@h:1/a/b.pt?***");
        assert_eq!(format!("{address:?}"), address.to_string());
        assert_eq!(address.uri().to_string(), "https://h:1/a/b.pt?token=t0ken");
        // `me:p@ss`
        assert_eq!(address.authorization(), Some("Basic bWU6cEBzcw=="));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for wrong in [
            "http://",
            "http:///x.pt",
            "https://me:sec/ret@h/x.pt",
            "http://h:port/secret",
            "http://h:/secret",
            "http://h/a secret",
            "http://h/sécret",
            "http://h/\nsecret",
            "http://[::1/secret",
        ] {
            let error = Address::parse(wrong).unwrap_err().to_string();
            assert!(error.starts_with("http") && !error.contains("ret"), "{wrong}: {error}");
            assert!(error.contains("://***: "), "{wrong}: {error}");
        }
    }
}
