//! The address that a redirect leads to.

use ureq::http::Uri;

/// Returns the address that a `Location` names, seen from the one that was asked; or why it is not followed.
pub(super) fn resolve(from: &Uri, location: &str) -> Result<Uri, String> {
    let location = location.split('#').next().unwrap_or_default().trim();
    let nowhere = || "it redirects to what is no address of the web".to_owned();
    let (scheme, host) = from.scheme_str().zip(from.authority()).ok_or_else(nowhere)?;
    let absolute = match scheme_of(location) {
        Some(scheme) if matches!(&*scheme.to_ascii_lowercase(), "http" | "https") => {
            location.to_owned()
        }
        Some(scheme) => {
            let scheme = scheme.to_ascii_lowercase();
            return Err(format!("it redirects to a `{scheme}:` address, which is refused"));
        }
        None if location.starts_with("//") => format!("{scheme}:{location}"),
        None if location.starts_with('/') => format!("{scheme}://{host}{location}"),
        None if location.starts_with('?') => format!("{scheme}://{host}{}{location}", from.path()),
        None if location.is_empty() => return Err(nowhere()),
        None => {
            let (path, query) = match location.split_once('?') {
                Some((path, query)) => (path, format!("?{query}")),
                None => (location, String::new()),
            };
            format!("{scheme}://{host}{}{query}", join(from.path(), path))
        }
    };
    let uri: Uri = absolute.parse().map_err(|_| nowhere())?;
    if uri.host().is_none_or(str::is_empty) { Err(nowhere()) } else { Ok(uri) }
}

/// The scheme that an address begins with, if it is not relative.
fn scheme_of(location: &str) -> Option<&str> {
    let (scheme, _) = location.split_once(':')?;
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|other| other.is_ascii_alphanumeric() || b"+-.".contains(&other));
    is_scheme.then_some(scheme)
}

/// A path that is relative to another.
fn join(base: &str, path: &str) -> String {
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut segments: Vec<&str> = folder.split('/').skip(1).collect();
    let mut last = "";
    for segment in path.split('/') {
        last = segment;
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let end = if matches!(last, "." | "..") { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let from: Uri = "https://user@h:8/a/b/c.pt?old".parse().unwrap();
        let to = |location| resolve(&from, location).map(|uri| uri.to_string());
        for (location, expected) in [
            ("http://other/x?y#z", "http://other/x?y"),
            ("HTTPS://other/x", "https://other/x"),
            ("//other/x", "https://other/x"),
            ("/x/y", "https://user@h:8/x/y"),
            ("?new", "https://user@h:8/a/b/c.pt?new"),
            ("d.pt?x=../y", "https://user@h:8/a/b/d.pt?x=../y"),
            ("../d.pt", "https://user@h:8/a/d.pt"),
            ("./../../../../d/.", "https://user@h:8/d/"),
            ("d:8/x", ""),
            ("1:8/x", "https://user@h:8/a/b/1:8/x"),
        ] {
            match expected {
                "" => assert!(to(location).is_err(), "{location}"),
                _ => assert_eq!(to(location).unwrap(), expected, "{location}"),
            }
        }
        for (location, expected) in [
            ("file:///etc/passwd?secret", "it redirects to a `file:` address, which is refused"),
            ("FTP://h/secret", "it redirects to a `ftp:` address, which is refused"),
            ("data:secret", "it redirects to a `data:` address, which is refused"),
            ("http://", "it redirects to what is no address of the web"),
            ("#top", "it redirects to what is no address of the web"),
        ] {
            assert_eq!(to(location).unwrap_err(), expected, "{location}");
        }
    }
}
