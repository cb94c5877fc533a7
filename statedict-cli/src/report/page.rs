//! The page: its parts in one file, with nothing in it that a name of a file could run.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
/// In the order in which they use each other.
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("data.js"),
    include_str!("histogram.js"),
    include_str!("treemap.js"),
    include_str!("page.js"),
    "})();\n"
);

/// The whole page.
pub(super) fn page(title: &str, contents: &Json) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        BASE64_STANDARD.encode(Sha256::digest(SCRIPT))
    );
    let title = escape(title);
    let data = harmless(&contents.to_string());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"statedict {}\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<noscript>This page draws with JavaScript, which is \
         off.</noscript>\n<main id=\"main\"></main>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script>\n\
         </body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
    )
}

/// JSON that can stand in a page: what ends an element, or a line of a script, is escaped.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for char in json.chars() {
        match char {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => text.push(char),
        }
    }
    text
}

/// Text between tags.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_name_ends_the_data() {
        let hostile = "</script><img src=x onerror=alert(1)><!--\u{2028}";
        let page = page(hostile, &json!({"file": hostile}));
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(!page.contains("<img") && !page.contains("<!--"));
        let start = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        // A line's end in a script; in the title it is a character like others.
        assert!(!start.contains('\u{2028}'));
        let data: Json = serde_json::from_str(start).unwrap();
        assert_eq!(data["file"], hostile);
    }
}
