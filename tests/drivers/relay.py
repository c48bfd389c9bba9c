"""A proxy on this machine, between the program and the sandbox, that notes every secret that passes: client secrets,
access and refresh tokens, codes and verifiers.
"""

import base64, http.client, http.server, json, threading, urllib.parse

NAMES = {"access_token", "refresh_token", "id_token", "client_secret", "code", "code_verifier", "device_code"}


def start(levers, planted):
    """Forwards to the server of these levers, notes secrets in `planted`, and gives the address to use instead."""
    target = urllib.parse.urlsplit(levers).netloc

    class Relay(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        log_message = lambda *_: None

        def relay(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            note_request(self.headers, body, planted)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            line = http.client.HTTPConnection(target, timeout=20)
            try:
                line.request(self.command, self.path, body, headers)
                answer = line.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                # What is broken there is broken here.
                self.close_connection = True
                return
            finally:
                line.close()
            note_answer(self.path, text, planted)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def note_request(headers, body, planted):
    kind, _, value = headers.get("authorization", "").partition(" ")
    planted.add(value)
    if kind == "Basic":
        planted.add(base64.b64decode(value).decode().partition(":")[2])
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        planted.update(v for k, v in urllib.parse.parse_qsl(body.decode()) if k in NAMES)


def note_answer(path, text, planted):
    if path.partition("?")[0].endswith("/token") and text.startswith(b"{"):
        planted.update(v for k, v in json.loads(text).items() if k in NAMES)
