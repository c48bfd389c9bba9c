//! The formats that the contract names.

/// Whether a text has the format; one that says nothing of the text is always had.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "uuid" => looks(text, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"),
        "date" => date(text),
        "date-time" => text.split_once('T').is_some_and(|(day, rest)| date(day) && clock(rest)),
        "email" => text.split_once('@').is_some_and(|(left, right)| !left.is_empty() && right.contains('.')),
        "int32" => text.parse::<i32>().is_ok(),
        "int64" => text.parse::<i64>().is_ok(),
        _ => true,
    }
}

fn date(text: &str) -> bool {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(0);
    looks(text, "9999-99-99") && (1..=12).contains(&number(5, 7)) && (1..=31).contains(&number(8, 10))
}

/// A time of day and an offset, as RFC 3339 has them: the offset is there, and has its colon.
fn clock(text: &str) -> bool {
    let Some(time) = text.strip_suffix('Z').or_else(|| without_offset(text)) else { return false };
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    looks(whole, "99:99:99") && !fraction.is_empty() && fraction.bytes().all(|digit| digit.is_ascii_digit())
}

fn without_offset(text: &str) -> Option<&str> {
    let (time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    (looks(offset, "+99:99") || looks(offset, "-99:99")).then_some(time)
}

/// `9` stands for a digit, `h` for a hexadecimal one, everything else for itself.
fn looks(text: &str, pattern: &str) -> bool {
    let one = |(found, wanted): (u8, u8)| match wanted {
        b'9' => found.is_ascii_digit(),
        b'h' => found.is_ascii_hexdigit(),
        _ => found == wanted,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(one)
}
