//! A file from an address: asked for again where that may help, and checked before it counts.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::hub::address::Address;
use crate::hub::deadline::Deadline;
use crate::hub::error::HubError;
use crate::hub::options::Options;
use crate::hub::partial::Partial;
use crate::hub::progress::Progress;
use crate::hub::rank::Log;
use crate::hub::request::{Answer, Client, Fault};

/// So much is read at once.
const CHUNK: usize = 1 << 18;
/// So many bytes a second must come.
const SLOWEST: f64 = 1024.0;
/// The longest wait before asking again.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// The longest one that a server can ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// A download: its address and options.
pub(super) struct Download<'a> {
    pub(super) address: &'a Address,
    pub(super) target: &'a Path,
    /// How the digest should begin.
    pub(super) expected: Option<&'a str>,
    /// The note to leave beside the file.
    pub(super) source: Option<&'a str>,
    pub(super) options: &'a Options,
    pub(super) deadline: &'a Deadline,
    pub(super) log: Log,
}

/// Why an attempt brought no file.
enum Failure {
    /// Nothing will help.
    Final(HubError),
    Status(u16, Option<Duration>),
    Fault(Fault),
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Failure::Final(error)
    }
}

impl Download<'_> {
    /// Downloads the file to its place. With `locked`, nobody else does so now.
    pub(super) fn run(&self, locked: bool) -> Result<(), HubError> {
        let (address, target) = (self.address, self.target);
        self.log.info(|| format!("Downloading: \"{address}\" to {}", target.display()));
        let mut partial =
            Partial::open(target, locked, self.expected.is_some(), address.fingerprint())?;
        if locked && !partial.can_resume() {
            self.log.warn(|| {
                let path = target.display();
                format!("{path}.partial: not a file of this user alone: it is left as it is")
            });
        }
        match self.fill(&mut partial) {
            Ok(()) => partial.finish(target, self.source),
            Err(error) => {
                let useless = matches!(
                    error,
                    HubError::Hash { .. }
                        | HubError::TooLarge { .. }
                        | HubError::Status { status: 404 | 410, .. }
                );
                partial.leave(!useless);
                Err(error)
            }
        }
    }

    fn fill(&self, partial: &mut Partial) -> Result<(), HubError> {
        let client = Client::new(self.address, self.options)?;
        let mut attempts = 0;
        loop {
            self.deadline.check(Duration::ZERO, self.address.shown())?;
            attempts += 1;
            let failure = match self.attempt(&client, partial) {
                Ok(()) => match partial.check(self.expected, self.target) {
                    Ok(()) if self.expected.is_none() && partial.is_cut_off() => {
                        partial.restart(None, None)?;
                        let reason =
                            "what the server says is all of the file is an archive that is cut off";
                        Failure::Fault(Fault::passing(reason))
                    }
                    Ok(()) => return Ok(()),
                    // The pieces do not fit together: all of it again.
                    Err(_) if partial.pieced() => {
                        partial.restart(None, None)?;
                        Failure::Fault(Fault::passing("the pieces of the file do not fit together"))
                    }
                    Err(error) => return Err(error),
                },
                Err(failure) => failure,
            };
            let (error, delay) = self.verdict(failure, attempts);
            let Some(delay) = delay.filter(|_| attempts <= self.options.retries) else {
                return Err(error);
            };
            let seconds = delay.as_secs_f64();
            self.log.warn(|| format!("{error}; trying again in {seconds:.1} s"));
            self.deadline.check(delay, self.address.shown())?;
            std::thread::sleep(delay);
        }
    }

    /// The error of a failure, and how long to wait before the next attempt, if there should be one.
    fn verdict(&self, failure: Failure, attempts: u32) -> (HubError, Option<Duration>) {
        let address = self.address.to_string();
        match failure {
            Failure::Final(error) => (error, None),
            Failure::Status(status, after) => {
                let again = matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504);
                let delay = after.unwrap_or_else(|| self.delay(attempts));
                let delay = (again && delay <= LONGEST_RETRY_AFTER).then_some(delay);
                (HubError::Status { address, status, attempts }, delay)
            }
            Failure::Fault(Fault { reason, passing }) => {
                let delay = passing.then(|| self.delay(attempts));
                (HubError::Download { address, reason, attempts }, delay)
            }
        }
    }

    /// Twice as long each time, and not the same for all who were turned away together.
    fn delay(&self, attempts: u32) -> Duration {
        let doubled = 1u32.checked_shl(attempts - 1).unwrap_or(u32::MAX);
        let delay = self.options.retry_delay.saturating_mul(doubled).min(LONGEST_DELAY);
        let random = u32::from(RandomState::new().hash_one(attempts).to_le_bytes()[0]);
        delay + delay / 4 * random / 255
    }

    /// Asks once (or twice, where the first question is of no use), and reads all that comes.
    fn attempt(&self, client: &Client<'_>, partial: &mut Partial) -> Result<(), Failure> {
        let mut answer = self.ask(client, partial)?;
        self.check_size(partial.total(), partial.length())?;
        if partial.total().is_none() && self.expected.is_none() {
            let address = self.address;
            self.log.warn(|| {
                format!("{address}: the server does not say how long the file is; where it is cut off, that is not noticed here")
            });
        }
        self.tell(partial);
        let mut buffer = vec![0; CHUNK];
        let mut pace = Pace::new(self.options.stall_timeout);
        loop {
            let bytes = match answer.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Fault(client.body_fault(error))),
            };
            pace.note(bytes.len())?;
            self.check_size(None, partial.length() + bytes.len() as u64)?;
            partial.write(bytes)?;
            self.tell(partial);
        }
        match partial.total() {
            Some(total) if partial.length() < total => Err(Failure::Fault(Fault::passing(
                format!("only {} of {total} bytes came", partial.length()),
            ))),
            Some(total) if partial.length() > total => {
                let reason = format!("{} bytes came of {total}", partial.length());
                partial.restart(None, None)?;
                Err(Failure::Fault(Fault::passing(reason)))
            }
            _ => Ok(()),
        }
    }

    /// The answer whose body continues what is there, or is everything.
    fn ask(&self, client: &Client<'_>, partial: &mut Partial) -> Result<Answer, Failure> {
        if partial.rest().is_some() {
            let answer = self.get(client, partial)?;
            match answer.status {
                206 => {
                    let total = answer.range.and_then(|range| {
                        // The same bytes, from where we are: nothing less is good enough.
                        let fits = range.start == partial.length()
                            && answer.etag.as_deref() == partial.rest().map(|(_, etag)| etag);
                        let total = range.total.or(partial.total()).filter(|_| fits)?;
                        partial.total().is_none_or(|known| known == total).then_some(total)
                    });
                    if let Some(total) = total {
                        let length = partial.length();
                        self.log.info(|| format!("going on after {length} of {total} bytes"));
                        partial.go_on(total);
                        return Ok(answer);
                    }
                    partial.restart(None, None)?;
                }
                // It has not so many bytes.
                416 => partial.restart(None, None)?,
                _ => return self.whole(answer, partial),
            }
        }
        // Nothing there, or nothing that could be gone on with.
        partial.restart(None, None)?;
        let answer = self.get(client, partial)?;
        self.whole(answer, partial)
    }

    fn get(&self, client: &Client<'_>, partial: &Partial) -> Result<Answer, Failure> {
        client.get(partial.rest(), self.deadline).map_err(Failure::Fault)
    }

    fn whole(&self, answer: Answer, partial: &mut Partial) -> Result<Answer, Failure> {
        if answer.status != 200 {
            return Err(Failure::Status(answer.status, answer.retry_after));
        }
        partial.restart(answer.etag.clone(), answer.length)?;
        Ok(answer)
    }

    fn check_size(&self, total: Option<u64>, length: u64) -> Result<(), HubError> {
        let Some(limit) = self.options.max_size else { return Ok(()) };
        if total.is_some_and(|total| total > limit) || length > limit {
            return Err(HubError::TooLarge {
                address: self.address.to_string(),
                size: total,
                limit,
            });
        }
        Ok(())
    }

    fn tell(&self, partial: &Partial) {
        if let Some(teller) = &self.options.progress {
            teller.0(Progress {
                address: self.address.shown(),
                path: self.target,
                downloaded: partial.length(),
                total: partial.total(),
            });
        }
    }
}

/// How fast the bytes come: a server that sends one now and then would never be silent for long.
struct Pace {
    window: Duration,
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(window: Duration) -> Self {
        Pace { window, since: Instant::now(), bytes: 0 }
    }

    /// Notes bytes that came, and fails where there were too few for as long as a server may be silent.
    fn note(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes as u64;
        if self.since.elapsed() < self.window {
            return Ok(());
        }
        let seconds = self.window.as_secs_f64();
        if (self.bytes as f64) < SLOWEST * seconds {
            let reason = format!("only {} bytes came in {seconds} s", self.bytes);
            return Err(Failure::Fault(Fault::passing(reason)));
        }
        *self = Pace::new(self.window);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers two questions, neither before both were asked.
    fn answer_both(listener: &TcpListener) {
        let ask = || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            assert!(lines.any(|line| line.is_empty()));
            stream
        };
        let answer = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 3\r\n\r\nabc";
        for mut stream in [ask(), ask()] {
            stream.write_all(answer).unwrap();
        }
    }

    #[test]
    fn where_there_are_no_locks_each_has_a_file_of_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let text = format!("http://{}/a.pt", listener.local_addr().unwrap());
        let address = Address::parse(&text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.pt");
        let options = Options::new().environment_proxy(false).rank(1);
        let deadline = Deadline::new(Some(Duration::from_secs(60)));
        let download = || {
            let log = Log::new(&options);
            let (options, deadline) = (&options, &deadline);
            let (address, target, expected) = (&address, &*target, Some("ba7816bf"));
            Download { address, target, expected, source: None, options, deadline, log }
                .run(false)
                .unwrap();
        };
        std::thread::scope(|scope| {
            scope.spawn(|| answer_both(&listener));
            scope.spawn(download);
            scope.spawn(download);
        });
        assert_eq!(std::fs::read(&target).unwrap(), b"abc");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
