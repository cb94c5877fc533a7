//! One question to a server, and its answer.

use std::io::{self, Read};
use std::time::Duration;

use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, Timeout};

use crate::hub::address::Address;
use crate::hub::deadline::{Deadline, limit};
use crate::hub::error::HubError;
use crate::hub::options::Options;
use crate::hub::redirect;
use crate::hub::tls;

/// As many redirects are followed.
const MAX_REDIRECTS: u32 = 10;

/// Why there is no answer, or no more of it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) reason: String,
    /// `true` if it may be otherwise the next time.
    pub(super) passing: bool,
}

impl Fault {
    pub(super) fn lasting(reason: impl Into<String>) -> Fault {
        Fault { reason: reason.into(), passing: false }
    }

    pub(super) fn passing(reason: impl Into<String>) -> Fault {
        Fault { reason: reason.into(), passing: true }
    }
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    /// A strong `ETag`, quotes included: it names these very bytes.
    pub(super) etag: Option<String>,
    pub(super) length: Option<u64>,
    pub(super) range: Option<ContentRange>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Box<dyn Read>,
}

/// `Content-Range: bytes START-…/TOTAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) start: u64,
    pub(super) total: Option<u64>,
}

/// Asks for one address, again where it has to be.
pub(super) struct Client<'a> {
    address: &'a Address,
    agent: Agent,
    stall_timeout: Duration,
}

impl<'a> Client<'a> {
    pub(super) fn new(address: &'a Address, options: &Options) -> Result<Client<'a>, HubError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Redirects from there to plain http are refused.
            .https_only(address.is_https())
            // They are followed here, so that it can be told where one leads that is refused.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("statedict/", env!("CARGO_PKG_VERSION")))
            // The file's bytes and no others.
            .accept_encoding("identity")
            .timeout_resolve(limit(options.connect_timeout))
            .timeout_connect(limit(options.connect_timeout))
            .timeout_per_read(limit(options.stall_timeout))
            .timeout_per_write(limit(options.stall_timeout));
        if !options.environment_proxy {
            config = config.proxy(None);
        }
        // A redirect may lead from http to https.
        config = config.tls_config(tls::config()?);
        Ok(Client {
            address,
            agent: config.build().new_agent(),
            stall_timeout: options.stall_timeout,
        })
    }

    /// Asks for the file: all of it, or from a byte on if it is still the file of this `ETag`.
    pub(super) fn get(
        &self,
        resume: Option<(u64, &str)>,
        deadline: &Deadline,
    ) -> Result<Answer, Fault> {
        let mut to = None;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(to.as_ref(), resume, deadline)?;
            let location = text(response.headers(), &header::LOCATION);
            match (response.status().as_u16(), location) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    let from = to.as_ref().unwrap_or(self.address.uri());
                    to = Some(redirect::resolve(from, location).map_err(Fault::lasting)?);
                }
                _ => return self.answer(response),
            }
        }
        Err(Fault::lasting(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Asks the address, or the one that a redirect leads `to`.
    fn ask(
        &self,
        to: Option<&Uri>,
        resume: Option<(u64, &str)>,
        deadline: &Deadline,
    ) -> Result<Response<Body>, Fault> {
        let mut request = self.agent.get(to.unwrap_or(self.address.uri()));
        // Not for where a redirect leads.
        if let Some(authorization) = self.address.authorization().filter(|_| to.is_none()) {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some((start, etag)) = resume {
            request = request
                .header(header::RANGE, format!("bytes={start}-"))
                .header(header::IF_RANGE, etag);
        }
        let request = request.config().timeout_global(deadline.remaining()).build();
        request.call().map_err(|error| self.fault(error))
    }

    fn answer(&self, response: Response<Body>) -> Result<Answer, Fault> {
        let (head, body) = response.into_parts();
        let headers = &head.headers;
        if head.status.is_success()
            && let Some(coding) = text(headers, &header::CONTENT_ENCODING)
            && !coding.trim().eq_ignore_ascii_case("identity")
        {
            return Err(Fault::lasting(format!(
                "the server sends the file as `{coding}`, although it was asked for the file as it is"
            )));
        }
        Ok(Answer {
            status: head.status.as_u16(),
            etag: text(headers, &header::ETAG).filter(|etag| is_strong(etag)).map(str::to_owned),
            length: text(headers, &header::CONTENT_LENGTH).and_then(|text| text.parse().ok()),
            range: text(headers, &header::CONTENT_RANGE).and_then(content_range),
            retry_after: text(headers, &header::RETRY_AFTER)
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_secs),
            body: Box::new(body.into_reader()),
        })
    }

    /// Returns the meaning of a failure while the body is read.
    pub(super) fn body_fault(&self, error: io::Error) -> Fault {
        self.fault(error.into())
    }

    /// Never with an address in it: it may be one that a redirect made, with a secret.
    fn fault(&self, error: ureq::Error) -> Fault {
        use ureq::Error;
        match error {
            Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
                let seconds = self.stall_timeout.as_secs_f64();
                Fault::passing(format!("nothing came for {seconds} s"))
            }
            Error::Timeout(timeout) => Fault::passing(format!("it took too long: {timeout}")),
            Error::Io(error) => match error.kind() {
                // TLS reports its errors so.
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                    Fault::lasting(error.to_string())
                }
                io::ErrorKind::UnexpectedEof => Fault::passing("the connection ended too early"),
                _ => Fault::passing(error.to_string()),
            },
            Error::HostNotFound => Fault::passing("the host was not found"),
            Error::ConnectionFailed | Error::BodyStalled => Fault::passing("the connection failed"),
            Error::RequireHttpsOnly(_) => {
                Fault::lasting("it redirects from https to http, which is refused")
            }
            Error::BadUri(_) => Fault::lasting("it redirects to what is no address of the web"),
            Error::ConnectProxyFailed(_) => Fault::lasting("the proxy refuses the connection"),
            Error::Protocol(_) => Fault::lasting("what the server answers is not HTTP"),
            Error::Rustls(error) => Fault::lasting(error.to_string()),
            Error::Tls(error) => Fault::lasting(error),
            _ => Fault::lasting("the request failed"),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Weak ones (`W/"…"`) name what is as good as the file, and not its bytes.
fn is_strong(etag: &str) -> bool {
    etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')
}

fn content_range(text: &str) -> Option<ContentRange> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    (start <= end && total.is_none_or(|total| end < total)).then_some(ContentRange { start, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        let range = |start, total| Some(ContentRange { start, total });
        assert_eq!(content_range("bytes 5-9/10"), range(5, Some(10)));
        assert_eq!(content_range("bytes 5-9/*"), range(5, None));
        for wrong in
            ["bytes */10", "bytes 9-5/10", "bytes 5-9/9", "items 5-9/10", "bytes 5-/10", ""]
        {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn strong_etags() {
        assert!(is_strong("\"a\""));
        assert!(!is_strong("W/\"a\"") && !is_strong("a") && !is_strong("\"\"") && !is_strong(""));
    }

    #[test]
    fn faults_tell_no_addresses() {
        let address = Address::parse("https://h/x").unwrap();
        let client = Client::new(&address, &Options::new()).unwrap();
        let secret = || "https://h/?token".to_owned();
        for error in [
            ureq::Error::BadUri(secret()),
            ureq::Error::RequireHttpsOnly(secret()),
            ureq::Error::ConnectProxyFailed(secret()),
        ] {
            let fault = client.fault(error);
            assert!(!fault.reason.contains("token") && !fault.passing, "{fault:?}");
        }
    }
}
