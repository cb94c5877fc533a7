//! Several processes that want one file: one downloads, and nobody waits for the dead.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use statedict::hub;

use statedict_tests::server::{
    LIMIT, Request, Server, content, files, give, head, options, until_gone,
};
use statedict_tests::test_as_process;

const LOCATION: &str = "STATEDICT_HUB_TEST_LOCATION";
const FOLDER: &str = "STATEDICT_HUB_TEST_FOLDER";

/// Not a test of its own: what the others run as processes.
#[test]
#[ignore = "run by the other tests"]
fn fetch_in_a_process() {
    let Ok(location) = std::env::var(LOCATION) else { return };
    log::set_logger(&Lines).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let options = match std::env::var_os(FOLDER) {
        Some(folder) => options(Path::new(&folder)),
        None => hub::Options::new(),
    };
    match hub::fetch_with(location, &options) {
        Ok(path) => say(format_args!("is at {}", path.display())),
        Err(error) => panic!("failed: {error}"),
    }
}

/// A line for the process that listens.
fn say(line: std::fmt::Arguments<'_>) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").unwrap();
}

/// The log as lines for the process that listens.
struct Lines;

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "statedict::hub"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            say(format_args!("{}: {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Processes that run, and what they say.
pub(crate) struct Processes {
    children: Vec<Option<Child>>,
    /// Who listens to them, until they have said all.
    readers: Vec<JoinHandle<()>>,
    sender: Sender<(usize, String)>,
    lines: Receiver<(usize, String)>,
    pub(crate) said: Vec<(usize, String)>,
}

impl Processes {
    pub(crate) fn new() -> Processes {
        let (sender, lines) = channel();
        Processes { children: Vec::new(), readers: Vec::new(), sender, lines, said: Vec::new() }
    }

    pub(crate) fn start(&mut self, location: &str, environment: &[(&str, &str)]) {
        let mut command = test_as_process(fetch_in_a_process);
        for name in ["RANK", "LOCAL_RANK", "TORCH_HOME", "XDG_CACHE_HOME", "ALL_PROXY", "all_proxy"]
        {
            command.env_remove(name);
        }
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "NO_PROXY",
            "no_proxy",
            "SSL_CERT_FILE",
        ] {
            command.env_remove(name);
        }
        command.env(LOCATION, location).envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (index, sender) = (self.children.len(), self.sender.clone());
        let output = BufReader::new(child.stderr.take().unwrap());
        self.readers.push(std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // Nobody listens any more where a test has failed.
                let _ = sender.send((index, line));
            }
        }));
        self.children.push(Some(child));
    }

    /// Waits until this many processes have said something with `text` in it; which.
    pub(crate) fn wait_for(&mut self, count: usize, text: &str) -> Vec<usize> {
        let end = Instant::now() + LIMIT;
        loop {
            let mut who: Vec<usize> = self.who(text);
            who.dedup();
            if who.len() >= count {
                return who;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.said.push(line),
                Err(error) => panic!("{error}: no {count} times {text:?}: {:?}", self.said),
            }
        }
    }

    pub(crate) fn who(&self, text: &str) -> Vec<usize> {
        let mut who: Vec<usize> =
            self.said.iter().filter(|(_, line)| line.contains(text)).map(|(who, _)| *who).collect();
        who.sort_unstable();
        who
    }

    fn kill(&mut self, index: usize) {
        let mut child = self.children[index].take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Waits until all have ended, and how.
    pub(crate) fn ends(&mut self) -> Vec<ExitStatus> {
        let end = Instant::now() + LIMIT;
        let mut ends = Vec::new();
        for child in self.children.iter_mut().filter_map(Option::as_mut) {
            ends.push(loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                assert!(Instant::now() < end, "a process does not end: {:?}", self.said);
                std::thread::sleep(Duration::from_millis(5));
            });
        }
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        self.said.extend(self.lines.try_iter());
        ends
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.children.iter_mut().filter_map(Option::as_mut) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server that gives half of the file, says so, and gives the rest when it is told to, or never.
fn in_halves(file: &[u8]) -> (Server, Receiver<()>, Sender<()>) {
    let (go, wait) = channel();
    let (half, given) = channel();
    let (file, wait) = (file.to_vec(), Mutex::new(wait));
    let server = Server::start(move |request: &Request, stream| match request.number {
        0 => {
            let length = format!("Content-Length: {}", file.len());
            head(stream, "200 OK", &["ETag: \"1\"", &length])?;
            let (first, second) = file.split_at(file.len() / 2);
            stream.write_all(first)?;
            half.send(()).unwrap();
            match wait.lock().unwrap().recv_timeout(LIMIT) {
                Ok(()) => stream.write_all(second),
                Err(_) => until_gone(stream),
            }
        }
        _ => give(request, stream, &file, "\"1\""),
    });
    (server, given, go)
}

#[test]
fn four_processes_ask_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = content(1_000_000);
    let (server, _given, go) = in_halves(&file);
    let mut processes = Processes::new();
    for _ in 0..4 {
        let environment = [(FOLDER, folder.path().to_str().unwrap())];
        processes.start(&server.url("/a.pt"), &environment);
    }
    processes.wait_for(3, "waiting for another process");
    go.send(()).unwrap();
    assert!(processes.ends().iter().all(ExitStatus::success), "{:?}", processes.said);
    assert_eq!(processes.who("is at"), [0, 1, 2, 3]);
    assert_eq!(processes.who("Downloading").len(), 1);
    assert_eq!(server.count(), 1);
    assert_eq!(std::fs::read(folder.path().join("a.pt")).unwrap(), file);
    assert_eq!(files(folder.path()), ["a.pt"]);
}

#[test]
fn the_others_go_on_when_the_one_that_downloads_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = content(1_000_000);
    let (server, given, _go) = in_halves(&file);
    let mut processes = Processes::new();
    for _ in 0..4 {
        let environment = [(FOLDER, folder.path().to_str().unwrap())];
        processes.start(&server.url("/a.pt"), &environment);
    }
    processes.wait_for(3, "waiting for another process");
    // Not before it has asked: the one that goes on would get the half then.
    given.recv_timeout(LIMIT).unwrap();
    let downloads = processes.wait_for(1, "Downloading")[0];
    processes.kill(downloads);
    assert!(processes.ends().iter().all(ExitStatus::success), "{:?}", processes.said);
    assert_eq!(processes.who("is at").len(), 3);
    assert_eq!(server.count(), 2);
    assert_eq!(std::fs::read(folder.path().join("a.pt")).unwrap(), file);
    assert_eq!(files(folder.path()), ["a.pt"]);
}

#[test]
fn what_a_killed_process_had_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    // More than what is noted at once, twice.
    let file = content(40 << 20);
    let (server, _given, _go) = in_halves(&file);
    let mut processes = Processes::new();
    let environment = [(FOLDER, folder.path().to_str().unwrap())];
    processes.start(&server.url("/a.pt"), &environment);
    let end = Instant::now() + LIMIT;
    let noted = |name: &String| name == "a.pt.partial.json";
    while !files(folder.path()).iter().any(noted) {
        assert!(Instant::now() < end, "{:?}", processes.said);
        std::thread::sleep(Duration::from_millis(5));
    }
    processes.kill(0);
    let path = hub::fetch_with(server.url("/a.pt"), &options(folder.path())).unwrap();
    assert!(std::fs::read(path).unwrap() == file);
    assert_eq!(files(folder.path()), ["a.pt"]);
    let range = server.requests()[1].range();
    // Killed between creating the note and filling it, nothing is known.
    assert!(range.is_none_or(|start| start >= 16 << 20), "{range:?}");
}

#[test]
fn each_process_reports_its_own_error() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, stream| head(stream, "404 Not Found", &["Content-Length: 0"]));
    let mut processes = Processes::new();
    for rank in ["0", "1", "2", "3"] {
        let environment = [(FOLDER, folder.path().to_str().unwrap()), ("LOCAL_RANK", rank)];
        processes.start(&server.url("/a.pt"), &environment);
    }
    assert!(processes.ends().iter().all(|status| !status.success()), "{:?}", processes.said);
    processes.wait_for(4, "HTTP status 404");
}

#[test]
fn only_rank_zero_speaks() {
    let server = Server::of("abc");
    for (rank, speaks) in [("0", true), ("1", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Processes::new();
        let environment = [(FOLDER, folder.path().to_str().unwrap()), ("RANK", rank)];
        processes.start(&server.url("/a.pt?secret"), &environment);
        processes.wait_for(1, "is at");
        assert_eq!(processes.who("INFO: Downloading: \"http://").len(), usize::from(speaks));
        assert_eq!(processes.who("secret"), [0; 0]);
    }
}

#[test]
fn the_environment_says_where_the_cache_is() {
    let folder = tempfile::tempdir().unwrap();
    let (home, cache) = (folder.path().join("home"), folder.path().join("cache"));
    let server = Server::of("abc");
    let mut processes = Processes::new();
    let variable = |path: &Path| path.to_str().unwrap().to_owned();
    processes.start(&server.url("/a.pt"), &[("TORCH_HOME", &variable(&home))]);
    processes.start(&server.url("/a.pt"), &[("XDG_CACHE_HOME", &variable(&cache))]);
    assert!(processes.ends().iter().all(ExitStatus::success), "{:?}", processes.said);
    assert_eq!(files(&home.join("hub/checkpoints")), ["a.pt"]);
    assert_eq!(files(&cache.join("torch/hub/checkpoints")), ["a.pt"]);
}

#[test]
fn the_environment_says_which_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Server::of("abc");
    let mut processes = Processes::new();
    let home = folder.path().to_str().unwrap();
    let environment = [("TORCH_HOME", home), ("HTTP_PROXY", &*proxy.url(""))];
    processes.start("http://model.invalid/a.pt", &environment);
    processes.ends();
    assert!(proxy.requests()[0].target.contains("model.invalid"), "{:?}", proxy.requests());
}
