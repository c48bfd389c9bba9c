//! The page at `/`: what goes on in the stand-in, for people. It is one file without outside help, and uses the levers
//! as any other client would.

use super::call::Reply;

/// Where the page is.
pub(super) const PATH: &str = "/";

/// Nothing from elsewhere: mails are shown as they were written, and must neither run nor fetch anything.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page.
pub(super) fn answer() -> Reply {
    Reply::html(200, include_str!("page.html"))
        .with("content-security-policy", POLICY)
        .with("x-content-type-options", "nosniff")
        .with("cache-control", "no-store")
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn what_the_policy_does_not_name_is_not_fetched() {
        let page = answer();
        let policy = page.headers.iter().find(|(name, _)| *name == "content-security-policy");
        assert!(policy.is_some_and(|(_, policy)| policy.starts_with("default-src 'none';")), "{policy:?}");
    }
}
