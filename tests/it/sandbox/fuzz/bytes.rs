//! What comes over a socket when no client is at the other end of it, or a broken one.

use super::dice::Dice;

/// Requests that are wrong in ways that have a name.
const WRONG: &[&[u8]] = &[
    b"",
    b"\r\n\r\n",
    b"\0",
    b"GET",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\r\n",
    b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
    b"GET / HTTP/1.1\nhost: x\n\n",
    b"GET /v3/contacts HTTP/1.0\r\n\r\n",
    b"GET  /v3/contacts  HTTP/1.1\r\n\r\n",
    b"GET http://evil.example/v3/contacts HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /v3/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /v3/contacts HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
    b"GET /v3/contacts HTTP/1.1\r\n: x\r\n\r\n",
    b"GET /v3/contacts HTTP/1.1\r\nx y: z\r\n\r\n",
    b"GET /v3/contacts HTTP/1.1\r\nx: a\r\n folded\r\n\r\n",
    b"GET /v3/contacts HTTP/1.1\r\nx: \0\r\n\r\n",
    b"GET /v3/contacts HTTP/1.1\r\nauthorization: Bearer \xff\xfe\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ncontent-length: 18446744073709551615\r\n\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: identity\r\n\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}x",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2;a=\"\r\n{}\r\n0\r\nx: y\r\n\r\n",
    b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
];

/// Requests that are simply too much.
pub(super) fn too_much() -> Vec<Vec<u8>> {
    let many = |part: &str, times: usize| part.repeat(times);
    let request = |head: String| head.into_bytes();
    vec![
        request(format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", many("a", 100_000))),
        request(format!("GET /?{} HTTP/1.1\r\nhost: x\r\n\r\n", many("a=b&", 20_000))),
        request(format!("{} / HTTP/1.1\r\nhost: x\r\n\r\n", many("GET", 10_000))),
        request(format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", many("x: y\r\n", 10_000))),
        request(format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", many("y", 1_000_000))),
        request(format!("GET / HTTP/1.1\r\nhost: x\r\n{}: y\r\n\r\n", many("x", 100_000))),
        request(many("\r\n", 100_000)),
        request(many("G", 1_000_000)),
        // More than the largest import.
        request(format!(
            "POST /v3/activities/contacts_json_import HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n{}",
            many("[", 9_000_000)
        )),
        request(format!(
            "POST /v3/contacts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
            many("1\r\n{\r\n", 50_000)
        )),
    ]
}

/// Good requests, to be spoilt.
fn good(token: &str) -> Vec<String> {
    let head = format!("host: 127.0.0.1\r\nauthorization: Bearer {token}\r\n");
    let json = "content-type: application/json\r\n";
    let chunked = "transfer-encoding: chunked\r\n";
    let multipart = "content-type: multipart/form-data; boundary=b\r\n";
    let body = r#"{"name":"x","favorite":true}"#;
    let form = "--b\r\ncontent-disposition: form-data; name=\"list_ids\"\r\n\r\nx\r\n--b--\r\n";
    vec![
        format!("GET /v3/contacts?limit=1&include=notes HTTP/1.1\r\n{head}\r\n"),
        format!("POST /v3/contact_lists HTTP/1.1\r\n{head}{json}content-length: {}\r\n\r\n{body}", body.len()),
        format!(
            "POST /v3/contact_lists HTTP/1.1\r\n{head}{json}{chunked}\r\n{:x};e\r\n{body}\r\n0\r\n\r\n",
            body.len()
        ),
        format!(
            "POST /v3/activities/contacts_file_import HTTP/1.1\r\n{head}{multipart}content-length: {}\r\n\r\n{form}",
            form.len()
        ),
        format!("GET /_sandbox/journal?limit=2 HTTP/1.1\r\n{head}\r\n"),
        format!("POST /oauth2/default/v1/token?grant_type=x HTTP/1.1\r\n{head}content-length: 0\r\n\r\n"),
    ]
}

/// So many good requests at once, of which the last one asks for the end.
pub(super) fn pipeline(token: &str, count: usize) -> Vec<u8> {
    let head = format!("GET /v3/account/summary HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n");
    let many = format!("{head}\r\n").repeat(count.saturating_sub(1));
    format!("{many}{head}connection: close\r\n\r\n").into_bytes()
}

/// Bytes that are wrong by name, or good and then spoilt.
pub(super) fn bytes(dice: &mut Dice, number: usize, token: &str) -> Vec<u8> {
    if let Some(wrong) = WRONG.get(number) {
        return wrong.to_vec();
    }
    let good = good(token);
    let mut bytes = dice.pick(&good).clone().into_bytes();
    if dice.percent(20) {
        bytes.extend(dice.pick(&good).bytes());
    }
    for _ in 0..=dice.below(4) {
        spoil(&mut bytes, dice);
    }
    bytes
}

fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    // The head is where most of the reading is done.
    let reach = if dice.percent(70) { bytes.len().min(60) } else { bytes.len() };
    let place = dice.below(reach);
    let end = bytes.len().min(place + dice.below(20));
    match dice.below(7) {
        0 => bytes.truncate(place),
        1 => drop(bytes.drain(place..end)),
        2 => {
            let part = bytes[place..end].to_vec();
            bytes.splice(place..place, part.repeat(1 + dice.below(40)));
        }
        3 => {
            let part: &[&[u8]] = &[b"\r\n", b"\n", b"\0", b"\r\n\r\n", b" ", b":", b"\xff", b"%", b"?", b"0\r\n"];
            bytes.splice(place..place, dice.pick(part).to_vec());
        }
        4 => {
            let noise: Vec<u8> = (0..dice.below(30)).map(|_| dice.byte()).collect();
            bytes.splice(place..place, noise);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = dice.byte();
            }
        }
    }
}
