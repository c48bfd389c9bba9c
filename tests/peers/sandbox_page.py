"""The sandbox's page in a real browser: chromium without a window, driven by the plain HTTP of its own driver."""

import base64, collections, contextlib, json, os, re, shutil, signal, socket, struct, subprocess, tempfile, time, zlib
import urllib.error, urllib.parse, urllib.request

from peer import CTCT, empty_machine, prove

# Nothing of the browser's own business, and no name but this machine's leads anywhere.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--no-default-browser-check", "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--disable-extensions", "--no-proxy-server", "--force-color-profile=srgb", "--window-size=1300,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
START = "2026-01-15T09:00:00Z"
GREEN, RED = (19, 163, 91), (255, 0, 0)
SUBJECT = "A mail for the page"
# Its script would paint it red and rename the page; its picture would tell somebody that it was read.
MAIL = (
    '<html><body style="margin:0;background:rgb(19,163,91)"><h1>Hello</h1>'
    '<img src="https://tracker.example.com/read.png" alt="">'
    "<script>document.body.style.background='rgb(255,0,0)'; parent.document.title = 'The mail ran'</script></body></html>"
)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(url, method="GET", document=None, token=None):
    """One call to this machine: status, and the JSON of the answer."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = None if document is None else json.dumps(document).encode()
    try:
        with DIRECT.open(urllib.request.Request(url, data, headers, method=method), timeout=40) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        status, text = refusal.code, refusal.read()
    return status, json.loads(text) if text else None


@contextlib.contextmanager
def sandbox(env):
    """A sandbox with the demo data, whose clock only its levers move."""
    flags = ["--seed", "demo", "--limits", "off", "--clock", f"fixed:{START}", "--token-ttl", "1000000"]
    process = subprocess.Popen([CTCT, "sandbox", "--listen", "127.0.0.1:0", *flags], env=env, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        prove("the sandbox says when it is ready", line, process.poll())
        yield json.loads(line)
    finally:
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def browser(env):
    """A window of a browser that is new, and gone afterwards."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    prove("chromium and its driver are installed", driver and program, f"chromedriver {driver}, chromium {program}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port, said = free_port(), open(f"{folder}/driver.log", "w+")
        process = subprocess.Popen([driver, f"--port={port}"], env=env, stdout=said, stderr=said, start_new_session=True)
        window = None
        try:
            base = f"http://127.0.0.1:{port}"
            until("the driver is ready", lambda: answers(base, process), 30, lambda: written(said))
            window = Window(base, program, f"{folder}/profile")
            yield window
        finally:
            if window:
                window.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            said.close()


def answers(base, process):
    """Whether the driver takes sessions; it never will once it has ended."""
    if process.poll() is not None:
        raise SystemExit(f"NOT PROVED: the driver runs\n  seen: exit {process.returncode}")
    try:
        return call(f"{base}/status")[1]["value"]["ready"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def written(log):
    log.seek(0)
    return log.read()


def until(claim, look, seconds=3, seen=lambda: "nothing of the kind"):
    """Looks again and again until there is something, and proves that it comes in time."""
    end = time.monotonic() + seconds
    found = look()
    while not found and time.monotonic() < end:
        time.sleep(0.1)
        found = look()
    prove(claim, found, found or seen())
    return found


class Window:
    """One window, by the wire protocol of WebDriver."""

    def __init__(self, base, program, profile):
        options = {"binary": program, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        self.base = f"{base}/session"
        session = self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.base += f"/{session['sessionId']}"
        self.events = []

    def ask(self, method, path, document=None):
        status, answer = call(self.base + path, method, {} if method == "POST" and document is None else document)
        value = (answer or {}).get("value")
        if status != 200:
            raise SystemExit(f"NOT PROVED: the browser does {method} {path}\n  seen: {status} {str(value)[:2000]}")
        return value

    def close(self):
        """Ends the browser; if it cannot be asked, the driver's end is its own."""
        with contextlib.suppress(OSError, ValueError, SystemExit):
            self.ask("DELETE", "")

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def rows(self, table):
        """The texts of a table, row by row and cell by cell."""
        cells = "[...row.cells].map((cell) => cell.textContent)"
        return self.run(f"return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map((row) => {cells})", table)

    def element(self, using, value):
        found = self.ask("POST", "/element", {"using": using, "value": value})
        return "/element/" + next(iter(found.values()))

    def click(self, using, value):
        self.ask("POST", self.element(using, value) + "/click")

    def picture(self, selector):
        return base64.b64decode(self.ask("GET", self.element("css selector", selector) + "/screenshot"))

    def errors(self):
        """What the console has said that is an error, since the last time."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]

    def network(self, method):
        """All that the browser has told of its requests by this method, since its start."""
        log = self.ask("POST", "/se/log", {"type": "performance"})
        self.events += [json.loads(entry["message"])["message"] for entry in log]
        return [event["params"] for event in self.events if event["method"] == method]


def colours(png):
    """How often each colour is in a picture of 8 bits a channel."""
    place, packed = 8, b""
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place:place + 8])
        chunk = png[place + 8:place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, channels, _, _, interlaced = struct.unpack(">IIBBBBB", chunk)
        packed += chunk if kind == b"IDAT" else b""
        place += length + 12
    if depth != 8 or channels not in (2, 6) or interlaced:
        raise SystemExit(f"NOT PROVED: the picture can be read\n  seen: {depth} bits, kind {channels}, interlaced {interlaced}")
    size, raw, found = {2: 3, 6: 4}[channels], zlib.decompress(packed), collections.Counter()
    above, stride = bytearray(width * size), width * size + 1
    for row in range(height):
        above = unfiltered(raw[row * stride], bytearray(raw[row * stride + 1:(row + 1) * stride]), above, size)
        found.update(tuple(above[x:x + 3]) for x in range(0, len(above), size))
    return found


def unfiltered(kind, line, above, size):
    """One row of a PNG, whose bytes are told by their difference from those before and above."""
    for x, byte in enumerate(line) if kind else ():
        left, corner = (line[x - size], above[x - size]) if x >= size else (0, 0)
        up = above[x]
        guess = left + up - corner
        nearest = min((left, up, corner), key=lambda one: abs(guess - one))
        line[x] = (byte + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
    return line


def share(found, colour):
    """How much of a picture has about this colour."""
    near = (count for seen, count in found.items() if all(abs(a - b) <= 4 for a, b in zip(seen, colour)))
    return sum(near) / max(1, sum(found.values()))


def looks(window, ready):
    """The page as it comes up."""
    window.open(ready["page"])
    levers = ready["api"].removesuffix("/v3") + "/_sandbox/"
    login = call(levers + "accounts")[1][0]["login"]
    until("the page shows the account's login", lambda: login in [row[0] for row in window.rows("#accounts")])
    until_clock(window, "and the clock", "2026-01-15T09:00:00.000Z")
    errors = window.errors()
    prove("it has loaded without an error", not errors and not window.text("#trouble"), errors or window.text("#trouble"))
    return login


def until_clock(window, claim, now):
    until(claim, lambda: window.text("#clock") == now, seen=lambda: window.text("#clock"))


def follows(window, ready):
    """What others do is seen on the page, and what the page does is done."""
    token, api = ready["access_token"], ready["api"]
    evil = urllib.parse.quote('<b id="evil">')
    call(f"{api}/contacts?limit=7&x={evil}", token=token)
    until("a call shows within three seconds", lambda: "/v3/contacts?limit=7" in window.text("#calls tbody"))
    prove("as text, whatever it holds", window.run("return document.querySelector('#evil')") is None)

    made = call(f"{api}/contact_lists", "POST", {"name": "People of the page"}, token)
    people = {"import_data": [{"email": "page@example.com"}], "list_ids": [made[1]["list_id"]]}
    status, job = call(f"{api}/activities/contacts_json_import", "POST", people, token)
    prove("an import is begun", status == 201, job)

    def row():
        return next((" ".join(cells) for cells in window.rows("#jobs") if job["activity_id"] in cells), "")

    until("the job shows", row)
    prove("and is not done while the clock stands", not re.search("completed", row(), re.I), row())

    window.click("css selector", "[data-testid=plus-day]")
    until_clock(window, "+1 day moves the clock by a day", "2026-01-16T09:00:00.000Z")
    now = call(api.removesuffix("/v3") + "/_sandbox/clock")[1]["now"]
    prove("the sandbox's own", now == "2026-01-16T09:00:00.000Z", now)
    until("and the job is done", lambda: re.search("completed", row(), re.I), seen=row)
    errors = window.errors()
    prove("still without an error", not errors and not window.text("#trouble"), errors or window.text("#trouble"))


def send(ready, login):
    """A test mail, sent as any client would send it."""
    token, api = ready["access_token"], ready["api"]
    sender = {"from_name": "Sam", "from_email": login, "reply_to_email": login}
    mail = sender | {"format_type": 5, "subject": SUBJECT, "html_content": MAIL}
    status, made = call(f"{api}/emails", "POST", {"name": SUBJECT, "email_campaign_activities": [mail]}, token)
    prove("a campaign is made", status == 200, made)
    activity = next(a["campaign_activity_id"] for a in made["campaign_activities"] if a["role"] == "primary_email")
    testers = {"email_addresses": ["noor.haddad@example.com"]}
    status, answer = call(f"{api}/emails/activities/{activity}/tests", "POST", testers, token)
    prove("a test mail is sent", status == 204, answer)


def reads_mail(window, ready, login):
    send(ready, login)
    button = f"//ul[@id='mails']//button[contains(., '{SUBJECT}')]"
    until("the mail shows", lambda: SUBJECT in window.text("#mails"))
    window.click("xpath", button)
    until("its HTML is rendered in the frame", lambda: share(colours(window.picture("#mail-view")), GREEN) > 0.5, 10)
    red, title = share(colours(window.picture("#mail-view")), RED), window.ask("GET", "/title")
    prove("its script has not run", red == 0 and title == "Sandbox", (red, title))
    rights = window.run("return document.querySelector('#mail-view').getAttribute('sandbox')")
    prove("because the frame gives it no rights", rights == "", rights)
    blocked = ("sandboxed", "Content Security Policy")
    errors = [error for error in window.errors() if not any(word in error for word in blocked)]
    prove("and the console tells of nothing else", not errors and not window.text("#trouble"), errors)


def stays_here(window, ready):
    """The picture in the mail was refused by the page itself: the browser never had to look for its host."""
    home = urllib.parse.urlsplit(ready["page"]).netloc
    sent = {e["requestId"]: e["request"]["url"] for e in window.network("Network.requestWillBeSent")}
    failed = {e["requestId"]: e for e in window.network("Network.loadingFailed")}
    web = {number: urllib.parse.urlsplit(url) for number, url in sent.items()}
    web = {number: url for number, url in web.items() if url.scheme in ("http", "https", "ws", "wss")}
    prove("the browser tells of its requests", len(web) > 10, web)
    left = [url for number, url in web.items() if not failed.get(number, {}).get("blockedReason")]
    away = [url.geturl() for url in left if url.netloc != home]
    prove("no request left for any other host", not away, away)
    # Of the page's own requests: the browser looks for a start page of its own before it is told where to go.
    lost = [failed[n] for n in web if "NAME_NOT_RESOLVED" in failed.get(n, {}).get("errorText", "")]
    prove("no name was looked up", not lost, lost)


with empty_machine() as env, sandbox(env) as ready, browser(env) as window:
    login = looks(window, ready)
    follows(window, ready)
    reads_mail(window, ready, login)
    stays_here(window, ready)
