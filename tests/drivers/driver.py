"""What the drivers share: arguments, the sandbox and its levers, connections that can refresh, a plugin to be fed.
What they have in common with the peers (the binary, an empty machine, a word for each proof) comes from there.
"""

import argparse, contextlib, http.client, json, os, pathlib, signal, subprocess, sys, urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
PIPES = {"text": True, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def arguments(doc, **numbers):
    """Reads the command line: the binary, and these numbers; then takes up what the peers share."""
    reader = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--ctct", default=os.environ.get("CTCT", "target/debug/ctct"), help="the built binary")
    reader.add_argument("--database", help="a PostgreSQL database to keep the store in, instead of a SQLite file")
    for name, (usual, what) in numbers.items():
        reader.add_argument(f"--{name}", type=type(usual), default=usual, help=f"{what} (usual: {usual})")
    given = reader.parse_args()
    os.environ["CTCT"], sys.argv[1:] = given.ctct, []  # the peers take a first argument for the binary
    global peer
    import peer
    if given.database:
        peer.STORE = {"DATABASE_URL": given.database}
    return given


def at_most(seconds):
    """Ends the driver, and all that it started, after so many seconds."""
    peer.SECONDS = int(seconds)
    signal.alarm(peer.SECONDS)


def http_call(url, method="GET", form=None, document=None):
    """One call to this machine, without following a redirect: (status, location, body)."""
    parts = urllib.parse.urlsplit(url)
    body, kind = (urllib.parse.urlencode(form), "x-www-form-urlencoded") if form else (json.dumps(document), "json")
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        line.request(method, f"{parts.path}?{parts.query}", body, {"content-type": f"application/{kind}"})
        answer = line.getresponse()
        return answer.status, answer.headers.get("location"), answer.read()
    finally:
        line.close()


class Sandbox:
    """A running `ctct sandbox`; its ready line is in `ready`."""

    def __init__(self, process):
        self.process = process
        line = process.stdout.readline()
        peer.prove("the sandbox says when it is ready", line, process.poll())
        self.ready = json.loads(line)
        self.levers = self.ready["api"].removesuffix("/v3") + "/_sandbox/"

    def journal(self):
        return json.loads(http_call(self.levers + "journal")[2])

    def advance(self, seconds):
        """Moves the server's clock; ours stays."""
        self.pull("clock", advance_seconds=seconds)

    def pull(self, lever, **document):
        status, _, body = http_call(self.levers + lever, "POST", document=document)
        if status // 100 != 2:
            raise SystemExit(f"NOT PROVED: the lever {lever} takes {document}\n  seen: {body}")


@contextlib.contextmanager
def sandbox(env, *flags):
    """A sandbox with these flags; its client secret is in the environment as CLIENT_SECRET."""
    command = [peer.CTCT, "sandbox", "--listen", "127.0.0.1:0", *flags]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        box = Sandbox(process)
        env["CLIENT_SECRET"] = box.ready["client_secret"]
        yield box
    finally:
        process.kill()
        process.wait()


def profile(env, box, name, *flags, label=None, run=None):
    """Adds a profile; a label is seen in the journal's `query` of each of its requests to the token endpoint."""
    ready, token = box.ready, box.ready["token"] + (f"?label={label}" if label is not None else "")
    whose = ["--client-id", ready["client_id"], "--client-secret", "env:CLIENT_SECRET"]
    where = ["--api-base", ready["api"], "--authorize-url", ready["authorize"], "--token-url", token]
    return (run or peer.ctct)(env, "profiles", "add", name, *whose, *where, *flags)


def connect(env, name, profile_name, *flags):
    """Lets `ctct connect` make, or make anew, a connection that can refresh: (exit code, stdout, stderr, where to)."""
    command = [peer.CTCT, "connect", name, "--profile", profile_name, "--json", "--paste", *flags]
    process = subprocess.Popen(command, env=env, **PIPES)
    try:
        said = line = process.stderr.readline()
        while line and not line.startswith('{"open"'):
            said += (line := process.stderr.readline())
        page, _, query = json.loads(line or '{"open": ""}')["open"].partition("?")
        location = http_call(page, "POST", dict(urllib.parse.parse_qsl(query)) | {"decision": "allow"})[1]
        out, err = process.communicate(location + "\n", timeout=30)
        return process.returncode, out, said + err, location
    finally:
        process.kill()
        process.wait()


def connected(env, name, profile_name):
    """As `connect`, for those who only want the connection."""
    code, _, said, _ = connect(env, name, profile_name)
    if code:
        raise SystemExit(f"NOT PROVED: connection {name} is made\n  seen: {said[-2000:]}")


def plugin(env):
    """A started `ctct plugin`; it ends when its input is closed and all is answered."""
    return subprocess.Popen([peer.CTCT, "plugin"], env=env, **PIPES)


def invoke(number, connection, timeout_ms):
    """One line for a plugin."""
    params = {"action": "get_user_privileges", "connection": connection, "options": {"timeout_ms": timeout_ms}}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "actions/invoke", "params": params}) + "\n"
