//! How a mail looks: previews with the owner's data in place of a contact's, and test mails.
//!
//! Which tags there are is known in part only; those that are not known here stay as they are written.

use serde_json::Value;

use super::body::{self, Body};
use super::campaign_content::{PLAIN, find, id_of, not_found, subject_of};
use super::campaign_footer as footer;
use crate::sandbox::account::Account;
use crate::sandbox::call::{Answer, Call, Reply, escape};
use crate::sandbox::env::Env;

/// `GET /emails/activities/{campaign_activity_id}/previews`.
pub(super) fn preview(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let (index, part) = find(account, call)?;
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    let mut content = campaign.primary.content.clone();
    body::show(&mut content, "subject", subject_of(campaign, part));
    let html = with_footer(account, &content);
    let html = filled(account, &html, escape);
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_activity_id", Some(id_of(campaign, part)));
    for name in PLAIN {
        let text = body::text(&content, name);
        body::show(&mut shown, name, text.map(|text| filled(account, &text, str::to_owned)));
    }
    body::show(&mut shown, "preview_text_content", Some(plain_text(&html)));
    body::show(&mut shown, "preview_html_content", Some(html));
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// A test mail: its tags stay as they are written, and a message to the testers stands before the content.
pub(super) fn test_mail(account: &Account, content: &Body, message: Option<&str>) -> String {
    let html = with_footer(account, content);
    let Some(message) = message else { return html };
    after_the_start(&html, &format!("<p>{}</p>", escape(message)))
}

/// The mail with the address under it.
fn with_footer(account: &Account, content: &Body) -> String {
    let html = body::text(content, "html_content").unwrap_or_default();
    let Some(address) = footer::of(account, content) else { return html };
    before_the_end(&html, &format!("<p>{}</p>", escape(&footer::line(&address))))
}

fn before_the_end(html: &str, addition: &str) -> String {
    match html.rsplit_once("</body>") {
        Some((body, end)) => format!("{body}{addition}</body>{end}"),
        None => format!("{html}{addition}"),
    }
}

fn after_the_start(html: &str, addition: &str) -> String {
    let start = html.find("<body").and_then(|at| html.get(at..)?.find('>').map(|end| at + end + 1));
    let (head, body) = start.and_then(|at| html.split_at_checked(at)).unwrap_or(("", html));
    format!("{head}{addition}{body}")
}

/// A text with its tags filled in: `[[firstName]]`, or `[[firstName OR "friend"]]` with a word for those who have none.
fn filled(account: &Account, text: &str, write: fn(&str) -> String) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag, after)) = next_tag(rest) {
        done.push_str(before);
        let (name, fallback) = read_tag(tag);
        let value = value(account, &name);
        let word = value.as_deref().filter(|word| !word.is_empty()).map(write);
        // A tag that is known but has no value leaves nothing behind.
        let word = word.or_else(|| fallback.map(str::to_owned)).or(value);
        done.push_str(&word.unwrap_or_else(|| format!("[[{tag}]]")));
        rest = after;
    }
    done.push_str(rest);
    done
}

/// What is before the next tag, the tag, and what is after it.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("[[")?;
    let (tag, after) = rest.split_once("]]")?;
    Some((before, tag, after))
}

/// The name of a tag in lower case, because case does not matter, and its fallback.
fn read_tag(tag: &str) -> (String, Option<&str>) {
    let (name, fallback) = tag.split_once(" OR ").map_or((tag, None), |(name, word)| (name, Some(word)));
    (name.trim().to_ascii_lowercase(), fallback.map(unquoted))
}

/// A word without its quotes, which an editor may have written as entities.
fn unquoted(word: &str) -> &str {
    let word = word.trim();
    let word = word.strip_prefix("&quot;").or_else(|| word.strip_prefix('"')).unwrap_or(word);
    word.strip_suffix("&quot;").or_else(|| word.strip_suffix('"')).unwrap_or(word)
}

/// What a tag stands for when the account's owner reads the mail; none for a tag that is not known.
fn value(account: &Account, tag: &str) -> Option<String> {
    let own = |name: &str| text(Some(&account.summary), name);
    let address = |name: &str| text(account.physical_address.as_ref(), name);
    let value = match tag {
        "trackingimage" => String::new(),
        "firstname" => own("first_name"),
        "lastname" => own("last_name"),
        "email" | "emailaddress" => own("contact_email"),
        "phone" | "phonenumber" => own("contact_phone"),
        "companyname" | "organizationname" => own("organization_name"),
        "website" => own("website"),
        "addressline1" => address("address_line1"),
        "addressline2" => address("address_line2"),
        "city" => address("city"),
        "statecode" => address("state_code"),
        "postalcode" | "zipcode" => address("postal_code"),
        "countrycode" => address("country_code"),
        _ => return None,
    };
    Some(value)
}

fn text(object: Option<&Value>, name: &str) -> String {
    object.and_then(|object| object.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The words of a page, without its tags.
fn plain_text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn preview_of(html: &str) -> String {
        let account = Account { summary: json!({ "first_name": "Sam & Co", "last_name": "" }), ..Account::default() };
        filled(&account, html, escape)
    }

    #[test]
    fn tags_are_filled_in() {
        assert_eq!(preview_of("a[[trackingImage]]b"), "ab");
        assert_eq!(preview_of("Hi [[FIRSTNAME OR \"friend\"]]!"), "Hi Sam &amp; Co!");
        assert_eq!(preview_of("Hi [[lastName OR &quot;friend&quot;]]!"), "Hi friend!");
        assert_eq!(preview_of("Hi [[lastName]]!"), "Hi !");
    }

    #[test]
    fn what_is_no_tag_stays() {
        for html in ["[[", "]][[", "a[[b", "[[custom.shoe_size]]", "[x]"] {
            assert_eq!(preview_of(html), html);
        }
        assert_eq!(preview_of("[[custom.shoe_size OR \"none\"]]"), "none");
    }

    #[test]
    fn additions_go_inside_the_body() {
        assert_eq!(before_the_end("<body>x</body></html>", "y"), "<body>xy</body></html>");
        assert_eq!(before_the_end("x", "y"), "xy");
        assert_eq!(after_the_start("<html><body class=\"é\">x", "y"), "<html><body class=\"é\">yx");
        assert_eq!(after_the_start("x", "y"), "yx");
    }
}
