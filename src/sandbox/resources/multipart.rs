//! A reader of `multipart/form-data`, for the one operation that takes a file.
//!
//! It works on the body in memory, which the server has already limited, and goes through it once.

use percent_encoding::percent_decode_str;

/// Parts of a form; more than that is not a form.
const MAX_PARTS: usize = 100;
/// Characters of a boundary.
const MAX_BOUNDARY: usize = 70;

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub name: String,
    /// There only when the field is a file.
    pub filename: Option<String>,
    pub body: &'a [u8],
}

/// The boundary that a content type names; none when it is not that of a form.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let kind = content_type.split(';').next().unwrap_or("").trim();
    let boundary = parameter(content_type, "boundary").filter(|_| kind.eq_ignore_ascii_case("multipart/form-data"));
    boundary.filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len()))
}

/// The parts of a form, in order; none when it is not well formed or not complete.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut rest = match body.strip_prefix(opening.as_bytes()) {
        Some(rest) => rest,
        // What stands before the first boundary belongs to nobody.
        None => split(body, between.as_bytes())?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MAX_PARTS {
            return None;
        }
        let (bytes, after) = split(rest, between.as_bytes())?;
        parts.push(part(bytes)?);
        rest = after;
    }
    Some(parts)
}

/// One part: headers, an empty line, and the body.
fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let (head, body) = split(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(head);
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let (_, disposition) = headers.find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))?;
    Some(Part { name: text(disposition, "name")?, filename: text(disposition, "filename"), body })
}

/// A parameter in either of its spellings: plain, or with a star and percent-encoded.
fn text(header: &str, name: &str) -> Option<String> {
    let encoded = || {
        let value = parameter(header, &format!("{name}*"))?;
        // Character set, language and text, with apostrophes between.
        let text = value.splitn(3, '\'').nth(2)?;
        Some(percent_decode_str(text).decode_utf8_lossy().into_owned())
    };
    parameter(header, name).or_else(encoded)
}

/// What comes before and after the first place of `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(mark.len().max(1)).position(|window| window == mark)?;
    Some((bytes.get(..place)?, bytes.get(place + mark.len()..)?))
}

/// The value of a header's parameter, quoted or not.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = value(after.trim_start());
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// The value at the start of a text, and what follows its semicolon.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return (value, chars.as_str().split_once(';').map_or("", |(_, rest)| rest)),
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "multipart/form-data; charset=utf-8; boundary=\"a b\"";

    fn read(body: &str) -> Option<Vec<(String, Option<String>, String)>> {
        let parts = parts(body.as_bytes(), "B")?;
        let owned = |p: Part<'_>| (p.name, p.filename, String::from_utf8_lossy(p.body).into_owned());
        Some(parts.into_iter().map(owned).collect())
    }

    #[test]
    fn boundaries() {
        assert_eq!(boundary(FORM).as_deref(), Some("a b"));
        assert_eq!(boundary("Multipart/Form-Data; Boundary=x;y=z").as_deref(), Some("x"));
        for bad in ["", "application/json", "multipart/form-data", "text/plain; boundary=x"] {
            assert_eq!(boundary(bad), None, "{bad}");
        }
        assert_eq!(boundary("multipart/form-data; boundary="), None);
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }

    #[test]
    fn a_form_as_clients_send_it() {
        let form = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".csv\"\r\n\
                    Content-Type: text/csv\r\n\r\nemail\r\n\r\n--A\r\n\r\n\
                    --B\r\ncontent-disposition: form-data; name=lists; filename*=utf-8''a%20b.csv\r\n\r\n\r\n--B--\r\n";
        let file = ("file".to_owned(), Some("a \"b\".csv".to_owned()), "email\r\n\r\n--A\r\n".to_owned());
        let lists = ("lists".to_owned(), Some("a b.csv".to_owned()), String::new());
        assert_eq!(read(form), Some(vec![file, lists]));
        assert_eq!(read(&format!("preamble\r\n{form}")).map(|parts| parts.len()), Some(2));
        assert_eq!(read("--B--"), Some(Vec::new()));
        assert_eq!(text("file; name*=utf-8'en'a%20b", "name").as_deref(), Some("a b"));
    }

    #[test]
    fn what_is_not_a_form() {
        let open = "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nvalue";
        for bad in ["", "--", "--B", "--B\r\n\r\n", open, "--B\r\n\r\nno name\r\n--B--", "--B\r\nx\r\n--B--"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(parts(b"\xff\r\n--B\r\n\xff:\r\n\r\n\xff", "B"), None);
        assert_eq!(read(&format!("{}--B--", "--B\r\nContent-Disposition: x; name=a\r\n\r\n\r\n".repeat(101))), None);
    }
}
