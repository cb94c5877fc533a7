//! A web server of a few lines, which can be as bad as a test needs it. What should not happen in a test panics.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use statedict::hub::Options;

/// A time limit: no step of a test takes as long, even on a machine that does other things.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `HEAD`.
    pub method: String,
    /// The path with its query, or the whole address where a proxy is asked.
    pub target: String,
    /// The headers by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The number of requests before.
    pub number: usize,
}

impl Request {
    /// Returns the header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the start of the range that is asked for.
    pub fn range(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// A server on a port of its own, which ends with this value.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server: each request gets what `answer` writes, and then the end of the connection.
    pub fn start(
        answer: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            over: Arc::default(),
        };
        let (requests, over) = (server.requests.clone(), server.over.clone());
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), requests, answer) = (stream, requests.clone(), answer.clone())
                else {
                    continue;
                };
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || serve(stream, &requests, &*answer));
            }
        });
        server
    }

    /// Starts a server that gives `file` for every path, with its `ETag`, and ranges of it.
    pub fn of(file: impl Into<Vec<u8>>) -> Server {
        let file = file.into();
        Server::start(move |request, stream| give(request, stream, &file, "\"1\""))
    }

    /// Returns the address of a path, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the requests, in their order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the number of requests.
    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync),
) -> io::Result<()> {
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let request = {
        let mut requests = requests.lock().unwrap();
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let request = Request { method, target, headers, number: requests.len() };
        requests.push(request.clone());
        request
    };
    answer(&request, &mut stream)
}

/// Writes the status and headers of an answer.
pub fn head(stream: &mut TcpStream, status: &str, headers: &[&str]) -> io::Result<()> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n")
}

/// Writes a whole answer.
pub fn say(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) -> io::Result<()> {
    let length = format!("Content-Length: {}", body.len());
    head(stream, status, &[headers, &[&length]].concat())?;
    stream.write_all(body)
}

/// Writes what a good server answers: the file, or its rest if it is still this one.
pub fn give(request: &Request, stream: &mut TcpStream, file: &[u8], etag: &str) -> io::Result<()> {
    let tag = format!("ETag: {etag}");
    match request.range() {
        Some(start) if request.header("if-range") == Some(etag) => match file.get(start..) {
            Some(rest) if !rest.is_empty() => {
                let (end, total) = (file.len() - 1, file.len());
                let range = format!("Content-Range: bytes {start}-{end}/{total}");
                say(stream, "206 Partial Content", &[&tag, &range], rest)
            }
            _ => say(stream, "416 Range Not Satisfiable", &[], b""),
        },
        _ => say(stream, "200 OK", &[&tag], file),
    }
}

/// Writes the head of an answer and this many bytes of the file, and no more.
pub fn give_up_after(
    stream: &mut TcpStream,
    file: &[u8],
    etag: &str,
    bytes: usize,
) -> io::Result<()> {
    let (tag, length) = (format!("ETag: {etag}"), format!("Content-Length: {}", file.len()));
    head(stream, "200 OK", &[&tag, &length])?;
    stream.write_all(&file[..bytes])
}

/// Waits until the client has gone.
pub fn until_gone(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}

/// Returns options that cache there, whatever the environment says, and are quick to ask again.
pub fn options(folder: &Path) -> Options {
    Options::new()
        .directory(folder)
        .environment_proxy(false)
        .retry_delay(Duration::from_millis(1))
        .stall_timeout(LIMIT)
        .timeout(LIMIT)
}

/// Returns the names of the files in a folder, sorted, but for the notes of where files are from.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".source"));
    // On Windows these stay, empty.
    names.retain(|name| cfg!(unix) || !name.ends_with(".lock"));
    names.sort();
    names
}

/// Makes bytes of which no part looks like another.
pub fn content(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}
