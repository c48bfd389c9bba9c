//! A form in parts, as a browser sends it.

/// One part.
pub(super) struct Part {
    pub(super) name: String,
    /// Whether it came as a file, that is, with a file name.
    pub(super) is_file: bool,
    pub(super) content: Vec<u8>,
}

/// Takes a form apart; the fault is the first thing that cannot be read.
pub(super) fn parts(content_type: &str, body: &[u8]) -> Result<Vec<Part>, String> {
    let boundary = content_type.split(';').find_map(|one| one.trim().strip_prefix("boundary="));
    let boundary = boundary.ok_or("the content type names no boundary")?.trim_matches('"');
    let mut pieces = split(body, format!("--{boundary}").as_bytes());
    match pieces.pop() {
        Some(end) if end.starts_with(b"--") => {}
        _ => return Err("the closing boundary is missing".to_owned()),
    }
    pieces.into_iter().skip(1).map(part).collect()
}

fn part(piece: &[u8]) -> Result<Part, String> {
    let piece = piece.strip_prefix(b"\r\n").and_then(|piece| piece.strip_suffix(b"\r\n"));
    let piece = piece.ok_or("a part does not stand on lines of its own")?;
    let end = find(piece, b"\r\n\r\n").ok_or("a part has no empty line after its headers")?;
    let head = std::str::from_utf8(&piece[..end]).map_err(|_| "a part's headers are not text")?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition: form-data"));
    let line = line.ok_or("a part is not marked as form-data")?;
    let mut attributes = line.split(';').map(str::trim);
    let name = attributes.clone().find_map(|one| one.strip_prefix("name=\"")?.strip_suffix('"'));
    Ok(Part {
        name: name.ok_or("a part has no name")?.to_owned(),
        is_file: attributes.any(|one| one.starts_with("filename")),
        content: piece[end + 4..].to_vec(),
    })
}

fn split<'a>(mut body: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find(body, by) {
        pieces.push(&body[..at]);
        body = &body[at + by.len()..];
    }
    pieces.push(body);
    pieces
}

fn find(body: &[u8], what: &[u8]) -> Option<usize> {
    body.windows(what.len()).position(|window| window == what)
}
