//! Whether the strict server itself is strict, in the contract's own terms; spoken to over a bare socket.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Strict;

const TOKEN: &str = "authorization: Bearer t";
const JSON: &str = "content-type: application/json";
const LIST: &str = "/contact_lists/9d6c0e3a-2f4a-11ef-8a0f-fa163e654321";

/// Sends one request and gives back the whole answer as text, status line first.
async fn send(strict: &Strict, request: &str, headers: &[&str], body: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let host = strict.base.trim_start_matches("http://").trim_end_matches("/v3");
    let mut text = format!("{method} /v3{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for header in headers {
        text = text + header + "\r\n";
    }
    text = format!("{text}content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_call_that_fits_gets_the_contracts_own_code() {
    let strict = Strict::start().await;
    let put = format!("PUT {LIST}");
    let calls = [
        ("GET /contact_lists?limit=50&status=all", "", " 200 ", "\r\n\r\n{}"),
        ("GET /contacts/counts", "", " 200 ", "\r\n\r\n{"),
        ("GET /contacts?status=active,deleted&lists=a,b", "", " 200 ", "\r\n\r\n{"),
        (put.as_str(), r#"{"name":"Readers"}"#, " 200 ", "\r\n\r\n{"),
        ("POST /contact_lists", r#"{"name":"Readers"}"#, " 201 ", "\r\n\r\n{"),
        ("DELETE /emails/7", "", " 204 ", "\r\n\r\n"),
    ];
    for (request, body, status, end) in calls {
        let headers = if body.is_empty() { vec![TOKEN] } else { vec![TOKEN, JSON] };
        let answer = send(&strict, request, &headers, body).await;
        assert!(answer.lines().next().unwrap().contains(status) && answer.contains(end), "{request}: {answer}");
    }
    assert_eq!(strict.complaints(), Vec::<String>::new());
    assert_eq!(strict.seen().len(), calls.len());
    assert!(strict.seen().contains(&("GET".to_owned(), "/contacts/counts".to_owned())), "literals win over variables");
    assert!(strict.seen().contains(&("PUT".to_owned(), "/contact_lists/{list_id}".to_owned())));
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let calls = [
        ("GET /nowhere", "", "the contract does not have this path"),
        ("PATCH /contact_lists", "", "the path does not have this method"),
        ("GET /contact_lists/7", "", "path list_id: does not have the format uuid"),
        ("GET /segments/seven", "", "path segment_id: is not of the type integer"),
        ("GET /reports/stats/email_campaign_activities/1,2,3,4,5,6,7,8,9,10,11", "", "11 values, at most 10"),
        ("GET /contact_lists?colour=red", "", "query colour: is not in the contract"),
        ("GET /contact_lists?limit=1001", "", "query limit: is more than 1000"),
        ("GET /contact_lists?limit=ten", "", "query limit: is not of the type integer"),
        ("GET /contact_lists?limit=", "", "query limit: is empty"),
        ("GET /contact_lists?limit=1&limit=2", "", "query limit: is given more than once"),
        ("GET /contact_lists?include_count=yes", "", "query include_count: is not of the type boolean"),
        ("GET /contacts?status=active,asleep", "", "query status: is not one of"),
        ("GET /contacts?tags=red", "", "query tags: does not have the format uuid"),
        ("GET /contacts?updated_after=2026-01-01", "", "query updated_after: does not have the format date-time"),
        ("GET /contacts/contact_id_xrefs", "", "query sequence_ids: is required"),
        ("GET /partner/accounts", "", "header x-api-key: is required"),
        ("DELETE /emails/7", "{}", "body: the operation takes none"),
        ("POST /contact_lists", "", "body: is required"),
        ("POST /contact_lists", "name=Readers", "body: is not JSON"),
        ("POST /contact_lists", "[]", "body: is not of the type object"),
        ("POST /contact_lists", "{}", "body.name: is required"),
        ("POST /contact_lists", r#"{"name":7}"#, "body.name: is not of the type string"),
        ("POST /contact_lists", r#"{"name":"a","colour":"red"}"#, "body.colour: is not in the contract"),
        ("PUT /account/summary", r#"{"encoded_account_id":"a"}"#, "body.encoded_account_id: is read only"),
    ];
    for (request, body, complaint) in calls {
        let strict = Strict::start().await;
        let answer = send(&strict, request, &[TOKEN, JSON], body).await;
        let complaints = strict.complaints();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(r#"{"complaints":["#), "{request}: {answer}");
        assert!(complaints.iter().any(|one| one.contains(complaint)), "{request} {body}: {complaints:?}");
    }
}

#[tokio::test]
async fn headers_are_looked_at() {
    let strict = Strict::start().await;
    let calls: [(&[&str], &str); 3] = [
        (&[JSON], "header authorization: a bearer token is required"),
        (&[TOKEN, "content-type: text/plain"], "header content-type: must be one of"),
        (&[TOKEN, JSON, "accept: text/csv"], "header accept: does not take"),
    ];
    for (headers, complaint) in calls {
        send(&strict, "POST /contact_lists", headers, r#"{"name":"Readers"}"#).await;
        assert!(strict.complaints().last().unwrap().contains(complaint), "{complaint}: {:?}", strict.complaints());
    }
}

#[tokio::test]
async fn a_form_is_taken_apart() {
    let strict = Strict::start().await;
    let kind = "content-type: multipart/form-data; boundary=B";
    let file = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nemail\r\n";
    let lists = "--B\r\nContent-Disposition: form-data; name=\"list_ids\"\r\n\r\na,b\r\n";
    let odd = "--B\r\nContent-Disposition: form-data; name=\"colour\"\r\n\r\nred\r\n";
    let request = "POST /activities/contacts_file_import";

    send(&strict, request, &[TOKEN, kind], &format!("{file}{lists}--B--\r\n")).await;
    assert_eq!(strict.complaints(), Vec::<String>::new());

    for (body, complaint) in [
        (format!("{lists}--B--\r\n"), "part file: is required"),
        (format!("{file}{lists}{odd}--B--\r\n"), "part colour: is not in the contract"),
        (format!("{file}{}--B--\r\n", file.replace("file\"", "list_ids\"")), "part list_ids: must not come as a file"),
        (format!("{file}{lists}"), "the closing boundary is missing"),
    ] {
        send(&strict, request, &[TOKEN, kind], &body).await;
        assert!(
            strict.complaints().iter().any(|one| one.contains(complaint)),
            "{complaint}: {:?}",
            strict.complaints()
        );
    }
}

#[tokio::test]
async fn an_excuse_lets_one_complaint_pass_and_unused_ones_are_told() {
    let excuse = |operation: &str, part: &str| (operation.to_owned(), part.to_owned());
    let used = excuse("GET /contact_lists", "query limit: is more than");
    let unused = excuse("GET /contacts", "query limit: is more than");
    let strict = Strict::start_with(vec![used, unused.clone()]).await;

    let answer = send(&strict, "GET /contact_lists?limit=2000", &[TOKEN], "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(strict.complaints(), Vec::<String>::new());
    assert_eq!(strict.unused_excuses(), [unused]);

    send(&strict, "GET /contact_lists?limit=2000&colour=red", &[TOKEN], "").await;
    assert_eq!(strict.complaints(), ["GET /contact_lists: query colour: is not in the contract"]);
}
