//! HTTP answers, read by hand. The clients of these tests send what no library would, each in its own way; what comes
//! back they read alike.

/// Names in lower case, and values.
pub(super) type Headers = Vec<(String, String)>;

/// Status and headers of the answer at the beginning of these bytes, and what is behind them; none where the head has
/// no end yet, or is none.
pub(super) fn head(bytes: &[u8]) -> Option<(u16, Headers, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let pair = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.trim().to_owned());
    let headers = lines.filter_map(|line| line.split_once(':').map(pair)).collect();
    Some((status, headers, &bytes[end + 4..]))
}

/// A header by its lower-case name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
}
