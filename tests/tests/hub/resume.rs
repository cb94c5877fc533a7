//! Downloads that go on where another call left them, and never join halves of two files.

use std::io;
use std::net::TcpStream;
use std::path::Path;

use statedict::hub::{self, HubError};

use statedict_tests::server::{Request, Server, files, give, give_up_after, head, options, say};

const OLD: &[u8] = b"old-old-old-";
const NEW: &[u8] = b"NEWNEWNEWNEW";
const TAG: &str = "\"old\"";

/// A folder in which the first five bytes of the old file are, and the server that has them.
fn half(
    answer: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(move |request, stream| match request.number {
        0 => give_up_after(stream, OLD, TAG, 5),
        _ => answer(request, stream),
    });
    let error =
        hub::fetch_with(server.url("/a.pt"), &options(folder.path()).retries(0)).unwrap_err();
    assert!(matches!(error, HubError::Download { attempts: 1, .. }), "{error}");
    assert_eq!(files(folder.path()), ["a.pt.partial", "a.pt.partial.json"]);
    assert_eq!(std::fs::read(folder.path().join("a.pt.partial")).unwrap(), b"old-o");
    (folder, server)
}

/// Fetches once more: the file, and what was asked after the first time.
fn go_on(folder: &Path, server: &Server) -> (Vec<u8>, Vec<Option<usize>>) {
    let path = hub::fetch_with(server.url("/a.pt"), &options(folder).retries(0)).unwrap();
    assert_eq!(files(folder), ["a.pt"]);
    let asked = server.requests().iter().skip(1).map(Request::range).collect();
    (std::fs::read(path).unwrap(), asked)
}

#[test]
fn the_rest_of_the_same_file() {
    let (folder, server) = half(|request, stream| give(request, stream, OLD, TAG));
    assert_eq!(go_on(folder.path(), &server), (OLD.to_vec(), vec![Some(5)]));
    assert_eq!(server.requests()[1].header("if-range"), Some(TAG));
}

#[test]
fn the_rest_by_way_of_a_redirect() {
    let (folder, server) = half(|request, stream| match request.target.as_str() {
        "/a.pt" => say(stream, "302 Found", &["Location: /b.pt"], b""),
        _ => give(request, stream, OLD, TAG),
    });
    assert_eq!(go_on(folder.path(), &server), (OLD.to_vec(), vec![Some(5), Some(5)]));
}

#[test]
fn the_file_has_changed() {
    let (folder, server) = half(|request, stream| give(request, stream, NEW, "\"new\""));
    assert_eq!(go_on(folder.path(), &server), (NEW.to_vec(), vec![Some(5)]));
}

#[test]
fn a_server_without_ranges() {
    let (folder, server) = half(|_, stream| say(stream, "200 OK", &[], OLD));
    assert_eq!(go_on(folder.path(), &server), (OLD.to_vec(), vec![Some(5)]));
}

/// These send a part although it is of another file, or do not say of which: all of it is asked for.
#[test]
fn servers_that_ignore_if_range() {
    for headers in [
        &["ETag: \"new\"", "Content-Range: bytes 5-11/12"][..],
        &["ETag: W/\"old\"", "Content-Range: bytes 5-11/12"],
        &["Content-Range: bytes 5-11/12"],
        &["ETag: \"old\""],
        &["ETag: \"old\"", "Content-Range: bytes 4-11/12"],
        &["ETag: \"old\"", "Content-Range: bytes 5-11/13"],
        &["ETag: \"old\"", "Content-Range: bytes */12"],
        &["ETag: \"old\"", "Content-Range: bytes 5-11/11"],
    ] {
        let (folder, server) = half(move |request, stream| match request.range() {
            Some(start) => say(stream, "206 Partial Content", headers, &NEW[start..]),
            None => say(stream, "200 OK", &[], NEW),
        });
        let asked = vec![Some(5), None];
        assert_eq!(go_on(folder.path(), &server), (NEW.to_vec(), asked), "{headers:?}");
    }
}

#[test]
fn the_file_has_become_shorter_than_what_is_there() {
    let (folder, server) = half(|request, stream| match request.range() {
        Some(_) => say(stream, "416 Range Not Satisfiable", &["Content-Range: bytes */3"], b""),
        None => say(stream, "200 OK", &[], b"abc"),
    });
    assert_eq!(go_on(folder.path(), &server), (b"abc".to_vec(), vec![Some(5), None]));
}

#[test]
fn a_part_that_is_cut_off_is_gone_on_with() {
    let (folder, server) = half(|request, stream| match request.number {
        1 => {
            let headers = ["ETag: \"old\"", "Content-Range: bytes 5-11/12", "Content-Length: 7"];
            head(stream, "206 Partial Content", &headers)?;
            io::Write::write_all(stream, &OLD[5..8])
        }
        // A part that is shorter than what was asked for, in itself whole.
        2 => {
            let headers = ["ETag: \"old\"", "Content-Range: bytes 8-9/12"];
            say(stream, "206 Partial Content", &headers, &OLD[8..10])
        }
        _ => give(request, stream, OLD, TAG),
    });
    let path = hub::fetch_with(server.url("/a.pt"), &options(folder.path())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), OLD);
    let asked: Vec<_> = server.requests().iter().map(Request::range).collect();
    assert_eq!(asked, [None, Some(5), Some(8), Some(10)]);
}

#[test]
fn more_comes_than_there_is() {
    let (folder, server) = half(|request, stream| match request.number {
        1 => {
            let headers =
                ["ETag: \"old\"", "Content-Range: bytes 5-11/12", "Transfer-Encoding: chunked"];
            head(stream, "206 Partial Content", &headers)?;
            io::Write::write_all(stream, b"9\r\nld-old-XX\r\n0\r\n\r\n")
        }
        _ => give(request, stream, OLD, TAG),
    });
    let path = hub::fetch_with(server.url("/a.pt"), &options(folder.path())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), OLD);
    assert_eq!(server.requests()[2].range(), None);
}

#[test]
fn halves_that_do_not_make_the_promised_file_are_thrown_away() {
    // The same ETag for two files: only the hash can tell.
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request, stream| match request.number {
        0 => give_up_after(stream, b"xbc", "\"1\"", 2),
        _ => give(request, stream, b"abc", "\"1\""),
    });
    let url = server.url("/a-ba7816bf.pt");
    let path = hub::fetch_with(url, &options(folder.path())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"abc");
    let asked: Vec<_> = server.requests().iter().map(Request::range).collect();
    assert_eq!(asked, [None, Some(2), None]);
}

#[test]
fn the_promised_hash_is_of_both_halves() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request, stream| match request.number {
        0 => give_up_after(stream, b"abc", "\"1\"", 2),
        _ => give(request, stream, b"abc", "\"1\""),
    });
    let url = server.url("/a-ba7816bf.pt");
    assert!(hub::fetch_with(&url, &options(folder.path()).retries(0)).is_err());
    let path = hub::fetch_with(&url, &options(folder.path()).retries(0)).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"abc");
    assert_eq!(server.requests()[1].range(), Some(2));
}

#[test]
fn another_address_of_the_same_name() {
    let (folder, server) = half(|request, stream| give(request, stream, NEW, TAG));
    let path = hub::fetch_with(server.url("/other/a.pt"), &options(folder.path())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), NEW);
    assert_eq!(server.requests()[1].range(), None);
}

#[test]
fn without_a_strong_etag_nothing_is_kept() {
    for tag in ["W/\"1\"", "1", ""] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |_, stream| give_up_after(stream, OLD, tag, 5));
        hub::fetch_with(server.url("/a.pt"), &options(folder.path()).retries(1)).unwrap_err();
        assert_eq!(server.requests()[1].range(), None);
        assert_eq!(files(folder.path()), [""; 0]);
    }
}
