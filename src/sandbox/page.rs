//! The page at `/`: what goes on in the stand-in, for people. It is one file without outside help, and uses the levers
//! as any other client would.

use super::call::Reply;

/// Where the page is.
pub(super) const PATH: &str = "/";

/// Nothing from elsewhere: mails are shown as they were written, and must neither run nor fetch anything.
const POLICY: &str = "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src 'none'; \
                      media-src 'none'; object-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page.
pub(super) fn answer() -> Reply {
    Reply::html(200, include_str!("page.html"))
        .with("content-security-policy", POLICY)
        .with("x-content-type-options", "nosniff")
        .with("cache-control", "no-store")
}
