//! The person at the consent page: opens it, presses Allow, and is sent back.

use url::{Url, form_urlencoded};

use crate::{
    protocol::{ActionError, Code},
    transport::loopback,
};

/// Visits the page and allows. The redirect leads the browser to our own listener.
pub(super) async fn allow(url: Url) -> Result<(), ActionError> {
    let failed =
        |e: reqwest::Error| ActionError::new(Code::Unavailable, format!("the consent page: {}", e.without_url()));
    let client =
        loopback(reqwest::redirect::Policy::limited(3)).map_err(|cause| ActionError::new(Code::Internal, cause))?;
    let page = client.get(url.clone()).send().await.map_err(failed)?;
    if !page.status().is_success() {
        return Err(ActionError::new(Code::Rejected, format!("the consent page answered {}", page.status())));
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(url.query_pairs()).append_pair("decision", "allow");
    let body = form.finish();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    request.send().await.map_err(failed)?;
    Ok(())
}
