"""An OpenTelemetry collector that is not ours: what `ctct` sends it, in both encodings of OTLP over HTTP.

A run leaves a span with its action, connection, calls and status, and one below it for each attempt; no secret is in
anything that arrives. Needs a `ctct` that was built with the feature `otel`.
"""

import http.server, json, os, pathlib, sys, threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "drivers"))
import driver

driver.arguments(__doc__)
from driver import peer

arrived = []


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        arrived.append((self.path, self.headers["content-type"], body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def spans(body):
    for resource in json.loads(body)["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield span, {a["key"]: next(iter(a["value"].values())) for a in span.get("attributes", [])}


driver.at_most(120)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
with peer.empty_machine() as env, driver.sandbox(env) as box:
    driver.profile(env, box, "p")
    driver.connected(env, "c", "p")
    env["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    for encoding in ("http/json", "http/protobuf"):
        env["OTEL_EXPORTER_OTLP_PROTOCOL"] = encoding
        peer.ctct(env, "run", "get_user_privileges")  # its only connection, which the span must name all the same
    kinds = [(path, kind) for path, kind, _ in arrived]
    peer.prove("both encodings arrive where collectors listen", {k for _, k in kinds} == {
        "application/json", "application/x-protobuf"} and {p for p, _ in kinds} == {"/v1/traces"}, kinds)
    found = [s for _, kind, body in arrived if kind == "application/json" for s in spans(body)]
    run = [(s, a) for s, a in found if s["name"] == "run"]
    attempts = [(s, a) for s, a in found if s["name"] == "attempt"]
    peer.prove("one span of the run, one of its attempt", len(run) == 1 and len(attempts) == 1, found)
    attributes = run[0][1]
    told = {k: str(attributes.get(k)) for k in ("action", "connection", "outcome", "calls", "status")}
    peer.prove("it tells action, connection, outcome, calls and status", told == {
        "action": "get_user_privileges", "connection": "c", "outcome": "complete", "calls": "1", "status": "200"}, told)
    peer.prove("and the service's own id of the request", attributes.get("request_id"), attributes)
    peer.prove("the attempt lies below the run", attempts[0][0]["parentSpanId"] == run[0][0]["spanId"], found)
    proto = next(body for _, kind, body in arrived if kind == "application/x-protobuf")
    peer.prove("the other encoding tells the same", b"get_user_privileges" in proto and b"attempt" in proto, proto)
    secrets = [box.ready[name].encode() for name in ("client_secret", "access_token", "refresh_token")]
    peer.prove("no secret went along", not any(s in body for s in secrets for _, _, body in arrived), arrived)
server.shutdown()
