//! What bad servers do, and what comes of it: an error that says so, or the right file; never another.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use statedict::hub::{self, HubError, Options};
use statedict::{StateMap, TensorView, WriteOptions};

use statedict_tests::server::{
    LIMIT, Server, files, give, give_up_after, head, options, say, until_gone,
};

/// Fetches with a server of its own, and says what came of it and what is in the folder.
fn fetch(server: &Server, change: impl FnOnce(Options) -> Options) -> Result<Vec<u8>, HubError> {
    let folder = tempfile::tempdir().unwrap();
    let result = hub::fetch_with(server.url("/a.pt?secret"), &change(options(folder.path())));
    let result = result.map(|path| std::fs::read(path).unwrap());
    if let Err(error) = &result {
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(files(folder.path()), [""; 0], "{error}");
    }
    result
}

fn same(options: Options) -> Options {
    options
}

#[test]
fn redirects() {
    let server = Server::start(|request, stream| match request.target.as_str() {
        "/a.pt?secret" => say(stream, "302 Found", &["Location: /b/c.pt"], b"elsewhere"),
        "/b/c.pt" => say(stream, "307 Temporary Redirect", &["Location: ../d.pt?x"], b""),
        "/d.pt?x" => say(stream, "200 OK", &[], b"abc"),
        _ => say(stream, "404 Not Found", &[], b""),
    });
    assert_eq!(fetch(&server, same).unwrap(), b"abc");
    assert_eq!(server.count(), 3);
}

#[test]
fn redirects_in_a_circle_end() {
    let server = Server::start(|request, stream| {
        let location = format!("Location: {}", request.target);
        say(stream, "301 Moved Permanently", &[&location], b"")
    });
    let error = fetch(&server, same).unwrap_err();
    assert!(error.to_string().contains("more than 10 redirects"), "{error}");
    assert_eq!(server.count(), 11);
}

#[test]
fn redirects_to_elsewhere_than_the_web() {
    for (location, expected) in [
        ("file:///etc/passwd?secret", "a `file:` address, which is refused"),
        ("ftp://h/secret", "a `ftp:` address, which is refused"),
        ("http://", "what is no address of the web"),
        ("", "what is no address of the web"),
    ] {
        let header = format!("Location: {location}");
        let server = Server::start(move |_, stream| say(stream, "302 Found", &[&header], b""));
        let error = fetch(&server, same).unwrap_err();
        assert!(matches!(error, HubError::Download { attempts: 1, .. }), "{location}: {error}");
        let error = error.to_string();
        assert!(error.ends_with(&format!("it redirects to {expected}")), "{location}: {error}");
        assert!(!error.contains("secret") && server.count() == 1, "{location}: {error}");
    }
}

#[test]
fn statuses_that_pass_are_asked_again() {
    for status in ["408", "425", "429", "500", "502", "503", "504"] {
        let server = Server::start(move |request, stream| match request.number {
            0 | 1 => say(stream, &format!("{status} No"), &["Retry-After: 0"], b"not now"),
            _ => say(stream, "200 OK", &[], b"abc"),
        });
        assert_eq!(fetch(&server, same).unwrap(), b"abc");
        assert_eq!(server.count(), 3, "{status}");
    }
}

#[test]
fn but_not_without_end() {
    let server = Server::start(|_, stream| say(stream, "500 No", &[], b"never"));
    let error = fetch(&server, |options| options.retries(2)).unwrap_err();
    assert!(matches!(error, HubError::Status { status: 500, attempts: 3, .. }), "{error}");
    assert!(error.to_string().ends_with("HTTP status 500 (after 3 attempts)"), "{error}");
    assert_eq!(server.count(), 3);
    assert!(fetch(&server, |options| options.retries(0)).is_err());
    assert_eq!(server.count(), 4);
}

#[test]
fn a_server_that_wants_us_to_come_back_tomorrow_is_not_waited_for() {
    let server =
        Server::start(|_, stream| say(stream, "503 No", &["Retry-After: 86400"], b"closed"));
    let error = fetch(&server, same).unwrap_err();
    assert!(matches!(error, HubError::Status { status: 503, attempts: 1, .. }), "{error}");
}

#[test]
fn statuses_that_stay_are_not() {
    for status in [204, 206, 304, 400, 403, 404, 410, 416, 501] {
        let server = Server::start(move |_, stream| {
            head(stream, &format!("{status} No"), &["Content-Length: 0"])
        });
        let error = fetch(&server, same).unwrap_err();
        assert!(
            matches!(error, HubError::Status { status: found, attempts: 1, .. } if found == status),
            "{status}: {error}"
        );
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn a_file_that_is_cut_off_is_none() {
    let bodies: [(&str, &[u8]); 3] = [
        ("Content-Length: 6", b"abc"),
        ("Transfer-Encoding: chunked", b"3\r\nabc\r\n"),
        ("Transfer-Encoding: chunked", b"6\r\nabc"),
    ];
    for (header, body) in bodies {
        let server = Server::start(move |_, stream| {
            head(stream, "200 OK", &[header])?;
            stream.write_all(body)
        });
        let error = fetch(&server, |options| options.retries(1)).unwrap_err();
        assert!(matches!(error, HubError::Download { attempts: 2, .. }), "{header}: {error}");
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn a_file_in_chunks_or_without_a_length() {
    let server = Server::start(|_, stream| {
        head(stream, "200 OK", &["Transfer-Encoding: chunked"])?;
        stream.write_all(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
    });
    assert_eq!(fetch(&server, same).unwrap(), b"abc");
    let server = Server::start(|_, stream| {
        head(stream, "200 OK", &[])?;
        stream.write_all(b"abc")
    });
    assert_eq!(fetch(&server, same).unwrap(), b"abc");
}

#[test]
fn a_server_that_encodes_what_it_was_asked_not_to() {
    for coding in ["gzip", "br"] {
        let header = format!("Content-Encoding: {coding}");
        let server = Server::start(move |_, stream| say(stream, "200 OK", &[&header], b"xyz"));
        let error = fetch(&server, same).unwrap_err();
        assert!(error.to_string().contains(&format!("as `{coding}`")), "{error}");
        assert_eq!(server.count(), 1);
    }
    let server =
        Server::start(|_, stream| say(stream, "200 OK", &["Content-Encoding: Identity"], b"abc"));
    assert_eq!(fetch(&server, same).unwrap(), b"abc");
}

#[test]
fn files_that_are_too_large() {
    let server = Server::of("abc");
    assert_eq!(fetch(&server, |options| options.max_size(3)).unwrap(), b"abc");
    let error = fetch(&server, |options| options.max_size(2)).unwrap_err();
    assert!(matches!(error, HubError::TooLarge { size: Some(3), limit: 2, .. }), "{error}");
    // One that never ends, and does not say so.
    let server = Server::start(|_, stream| {
        head(stream, "200 OK", &[])?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    let error = fetch(&server, |options| options.max_size(1 << 20)).unwrap_err();
    assert!(matches!(error, HubError::TooLarge { size: None, .. }), "{error}");
}

#[test]
fn silent_servers() {
    let short = Duration::from_millis(60);
    // Before the answer, in its head, and in the file.
    for beginning in
        ["", "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"]
    {
        let server = Server::start(move |_, stream| {
            stream.write_all(beginning.as_bytes())?;
            until_gone(stream)
        });
        let start = Instant::now();
        let stall = |options: Options| options.stall_timeout(short).retries(1);
        let error = fetch(&server, stall).unwrap_err();
        assert!(matches!(error, HubError::Download { attempts: 2, .. }), "{error}");
        assert!(error.to_string().contains("nothing came for 0.06 s"), "{error}");
        assert_eq!(server.count(), 2);
        assert!(start.elapsed() < LIMIT);
    }
}

/// The length that a server tells is all that comes; an archive shows that it was not all of it.
#[test]
fn lengths_that_lie() {
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(vec![0.5f32; 100], [100]).unwrap());
    let mut whole = Vec::new();
    map.write_with(&mut whole, &WriteOptions::default()).unwrap();
    for (told, is_cut) in [(10, true), (whole.len() - 1, true), (whole.len(), false)] {
        let file = whole.clone();
        let server = Server::start(move |_, stream| {
            head(stream, "200 OK", &[&format!("Content-Length: {told}")])?;
            stream.write_all(&file)
        });
        let result = fetch(&server, |options| options.retries(1));
        assert_eq!(result.is_err(), is_cut, "{told}: {result:?}");
        if let Err(error) = result {
            assert!(error.to_string().contains("an archive that is cut off"), "{error}");
        }
    }
}

/// Each byte comes in time, but the file would take years.
#[test]
fn servers_that_are_as_good_as_silent() {
    let server = Server::start(|_, stream| {
        head(stream, "200 OK", &["Content-Length: 1000000000"])?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let window = Duration::from_millis(250);
    let slow = |options: Options| options.stall_timeout(window).retries(1);
    let error = fetch(&server, slow).unwrap_err();
    assert!(matches!(error, HubError::Download { attempts: 2, .. }), "{error}");
    assert!(error.to_string().contains("bytes came in 0.25 s"), "{error}");
}

/// What others can plant in a folder that is not theirs alone.
#[cfg(unix)]
#[test]
fn links_in_the_cache_are_not_followed() {
    use std::os::unix::fs::symlink;
    let server = Server::start(|_, stream| say(stream, "200 OK", &["ETag: \"1\""], b"abc"));
    for plant in ["a.pt.partial", "a.pt.source", "a.pt.partial.json"] {
        let (folder, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let victim = others.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, folder.path().join(plant)).unwrap();
        let path = hub::fetch_with(server.url("/a.pt"), &options(folder.path())).unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious", "{plant}");
        assert!(std::fs::symlink_metadata(&path).unwrap().is_file(), "{plant}");
        assert_eq!(std::fs::read(&path).unwrap(), b"abc", "{plant}");
    }
    // A lock is not made elsewhere.
    let folder = tempfile::tempdir().unwrap();
    symlink(folder.path().join("elsewhere"), folder.path().join("a.pt.lock")).unwrap();
    assert!(hub::fetch_with(server.url("/a.pt"), &options(folder.path())).is_err());
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn slow_servers_have_until_the_time_is_over() {
    // Each byte comes in time; all of them would take hours.
    let server = Server::start(|_, stream| {
        head(stream, "200 OK", &["Content-Length: 1000000000"])?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let limit = Duration::from_millis(200);
    let start = Instant::now();
    let error = fetch(&server, |options| options.timeout(limit)).unwrap_err();
    assert!(matches!(error, HubError::Timeout { .. }), "{error}");
    assert!(start.elapsed() < LIMIT);
    // Nor is there a wait that could only end after it.
    let server = Server::start(|_, stream| say(stream, "503 No", &["Retry-After: 100"], b""));
    let error = fetch(&server, |options| options.timeout(LIMIT)).unwrap_err();
    assert!(matches!(error, HubError::Timeout { .. }), "{error}");
    assert!(start.elapsed() < LIMIT);
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let error =
        hub::fetch_with(format!("http://{address}/a.pt"), &options(folder.path())).unwrap_err();
    assert!(matches!(error, HubError::Download { attempts: 5, .. }), "{error}");
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn what_is_not_http() {
    let server = Server::start(|_, stream| stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    let error = fetch(&server, same).unwrap_err();
    assert!(matches!(error, HubError::Download { .. }), "{error}");
}

#[test]
fn a_break_in_the_middle_is_gone_on_with() {
    let server = Server::start(|request, stream| match request.number {
        0 => give_up_after(stream, b"abcdef", "\"1\"", 3),
        _ => give(request, stream, b"abcdef", "\"1\""),
    });
    assert_eq!(fetch(&server, same).unwrap(), b"abcdef");
    assert_eq!(server.requests()[1].range(), Some(3));
    assert_eq!(server.requests()[1].header("if-range"), Some("\"1\""));
}

#[test]
fn a_whole_file_that_grows_again_is_told_from_the_start() {
    // Without an ETag, what came before the break is of no use.
    let server = Server::start(|request, stream| match request.number {
        0 => {
            head(stream, "200 OK", &["Content-Length: 6"])?;
            stream.write_all(b"abc")
        }
        _ => say(stream, "200 OK", &[], b"abcdef"),
    });
    assert_eq!(fetch(&server, same).unwrap(), b"abcdef");
    assert_eq!(server.requests()[1].range(), None);
}
