//! Formats, as strict as the service and no stricter: a value that the service takes must pass here.

/// An address with one `@`, something on both sides and a dot in the domain; non-ASCII letters are allowed.
pub(super) fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"()<>,;:\\\"[]@".contains(c);
    let labels_ok =
        domain.contains('.') && domain.split('.').all(|l| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-'));
    !local.is_empty() && labels_ok && local.chars().all(plain) && domain.chars().all(plain)
}

/// Any UUID in its usual form of 36 characters.
pub(super) fn uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// An ISO time, offset with or without a colon, or a plain date.
pub(super) fn date_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
        || colon_offset(text).is_some_and(|t| t.parse::<jiff::Timestamp>().is_ok())
        || date(text)
}

/// A plain date, `2026-11-22`.
pub(super) fn date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// An absolute address.
pub(super) fn uri(text: &str) -> bool {
    url::Url::parse(text).is_ok()
}

/// `…-0500` as `…-05:00`.
fn colon_offset(text: &str) -> Option<String> {
    let at = text.len().checked_sub(5)?;
    let (head, tail) = (text.get(..at)?, text.get(at..)?);
    let sign = tail.starts_with(['+', '-']) && tail[1..].bytes().all(|b| b.is_ascii_digit());
    sign.then(|| format!("{head}{}:{}", &tail[..3], &tail[3..]))
}

#[cfg(test)]
mod tests {
    use super::{date, date_time, email, uuid};

    #[test]
    fn what_the_service_takes_passes() {
        for good in ["noor@example.com", "josé@exämple.org", "a+b@sub.example.co.uk"] {
            assert!(email(good), "{good}");
        }
        for good in ["2026-01-01T00:00:00-0500", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+02:00", "2026-01-01"] {
            assert!(date_time(good), "{good}");
        }
        assert!(uuid("5b9cbf1e-2f4a-11ef-8a0f-fa163e123456"));
    }

    #[test]
    fn what_it_refuses_does_not() {
        for bad in ["noor", "noor@", "@example.com", "a b@example.com", "a@example", "a@b@example.com", "a@.com"] {
            assert!(!email(bad), "{bad}");
        }
        for bad in ["yesterday", "2026-13-01", "", "é-0500", "2026-1-1"] {
            assert!(!date_time(bad) && !date(bad), "{bad}");
        }
        assert!(!uuid("5b9cbf1e"));
    }
}
