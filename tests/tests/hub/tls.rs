//! https: whose certificates count, and that there is no way back to http.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::processes::Processes;
use statedict_tests::server::{LIMIT, Server};

/// Answers every question over TLS with `answer`, until the test's process ends; its address, and the
/// file of its certificate in `folder`.
fn serve(folder: &Path, answer: String) -> (String, PathBuf) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = folder.join("certificate.pem");
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            // A client that does not trust us says no more.
            let asked = stream.by_ref().lines().map_while(Result::ok).any(|line| line.is_empty());
            if asked && stream.get_mut().write_all(answer.as_bytes()).is_ok() {
                let stream = stream.get_mut();
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (address, certificate)
}

/// Fetches in a process that trusts these certificates, or the usual ones.
fn fetch(location: &str, home: &Path, certificates: Option<&Path>) -> (bool, Processes) {
    let mut environment = vec![("TORCH_HOME", home.to_str().unwrap())];
    environment.extend(certificates.map(|path| ("SSL_CERT_FILE", path.to_str().unwrap())));
    let mut processes = Processes::new();
    processes.start(location, &environment);
    let ends = processes.ends();
    (ends.iter().all(ExitStatus::success), processes)
}

#[test]
fn only_certificates_that_are_trusted_count() {
    let folder = tempfile::tempdir().unwrap();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_owned();
    let (address, certificate) = serve(folder.path(), answer);
    let location = format!("{address}/a-ba7816bf.pt");
    let (well, processes) = fetch(&location, folder.path(), None);
    assert!(!well && processes.who("certificate").len() == 1, "{:?}", processes.said);
    assert_eq!(processes.who("attempts"), [0; 0], "it was asked again: {:?}", processes.said);

    let (well, processes) = fetch(&location, folder.path(), Some(&certificate));
    assert!(well, "{:?}", processes.said);
    let path = folder.path().join("hub/checkpoints/a-ba7816bf.pt");
    assert_eq!(std::fs::read(path).unwrap(), b"abc");
}

#[test]
fn certificates_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for path in [&empty, &folder.path().join("nowhere.pem")] {
        let (well, processes) = fetch("https://127.0.0.1:1/a.pt", folder.path(), Some(path));
        assert!(
            !well && processes.who("use the certificates of").len() == 1,
            "{:?}",
            processes.said
        );
    }
}

#[test]
fn no_redirect_from_https_to_http() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Server::of("abc");
    let location = plain.url("/a.pt?secret");
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let (address, certificate) = serve(folder.path(), answer);
    let (well, processes) = fetch(&format!("{address}/a.pt"), folder.path(), Some(&certificate));
    assert!(!well && processes.who("from https to http").len() == 1, "{:?}", processes.said);
    assert_eq!((plain.count(), processes.who("secret")), (0, vec![]));
}
