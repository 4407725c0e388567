//! As much of HTTP/1.0 as it takes to be scraped: one request, one answer, and the connection ends.
//!
//! It is reached through a file, so that the file system says who may; a proxy such as `socat` or nginx takes it to Prometheus.

use crate::control::Status;

/// Bytes of a request, at most.
pub(crate) const LONGEST: usize = 8192;

/// To one that is longer.
pub(crate) const TOO_LONG: &[u8] =
    b"HTTP/1.0 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n";

/// To whoever finds all places taken.
pub(crate) const BUSY: &[u8] = b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// The end of the first request: behind the empty line.
pub(crate) fn end(bytes: &[u8]) -> Option<usize> {
    ["\r\n\r\n", "\n\n"].iter().filter_map(|empty| at(bytes, empty.as_bytes())).min()
}

fn at(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what).map(|at| at + what.len())
}

/// The answer to a request.
pub(crate) fn answer(request: &[u8], status: &mut dyn FnMut() -> Status) -> Vec<u8> {
    let line = request.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    if !version.is_some_and(|version| version.starts_with("HTTP/1.")) {
        return plain("400 Bad Request", "this is no request of HTTP/1\n", true);
    }
    let path = target.and_then(|target| target.split('?').next());
    match (method, path) {
        (Some("GET" | "HEAD"), Some("/metrics" | "/")) => {
            let text = super::render(&status());
            plain("200 OK", &text, method == Some("GET"))
        }
        (Some("GET" | "HEAD"), _) => {
            plain("404 Not Found", "the metrics are at /metrics\n", method == Some("GET"))
        }
        _ => plain("405 Method Not Allowed", "metrics can only be read\n", true),
    }
}

fn plain(status: &str, text: &str, with_text: bool) -> Vec<u8> {
    let head = format!(
        "HTTP/1.0 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    head.into_bytes().into_iter().chain(text.bytes().filter(|_| with_text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_with_an_empty_line() {
        assert_eq!(end(b"GET / HTTP/1.0\r\n"), None);
        assert_eq!(end(b"GET / HTTP/1.0\r\n\r\nmore"), Some(18));
        assert_eq!(end(b"GET / HTTP/1.0\n\n\r\n\r\n"), Some(16));
    }

    #[test]
    fn only_metrics_are_read() {
        let first = |request: &str| {
            let answer = answer(request.as_bytes(), &mut || panic!("nobody asked for metrics"));
            String::from_utf8(answer).unwrap().lines().next().unwrap().to_owned()
        };
        assert_eq!(first("GET /x HTTP/1.1\r\n\r\n"), "HTTP/1.0 404 Not Found");
        assert_eq!(first("POST /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.0 405 Method Not Allowed");
        assert_eq!(first("GET /metrics\r\n\r\n"), "HTTP/1.0 400 Bad Request");
        assert_eq!(first("\r\n\r\n"), "HTTP/1.0 400 Bad Request");
    }
}
