"""Secrets never leave: a whole session with known secrets, and then a look through everything that was written.

A proxy on this machine stands between the program and the sandbox and notes every secret that passes: client secrets,
access and refresh tokens, codes and verifiers. The store's key is known too, and some secrets are given in the wrong
place on purpose. Then stdout, stderr (with -vvv, the finest), the store's files and the exports are searched for all of them, plain
and in Base64, percent-encoded and hexadecimal form, whole or cut off.
"""

import base64, collections, pathlib, subprocess, urllib.parse

import driver, relay

given = driver.arguments(__doc__)
from driver import peer

planted, exits = set(), collections.Counter()


class Session:
    """Runs commands and keeps all that they print."""

    def __init__(self, env, out):
        self.env, self.out, self.number = env, out, 0

    def keep(self, code, *texts):
        self.number += 1
        exits[code] += 1
        (self.out / f"{self.number}.txt").write_text("\n".join(texts))

    def __call__(self, env, *words, stdin=""):
        run = subprocess.run([peer.CTCT, *words], env=env, input=stdin, capture_output=True, text=True, timeout=100)
        self.keep(run.returncode, run.stdout, run.stderr)
        return run.returncode

    def all(self, *lines):
        """Each line as a command, as it is and as JSON, with all logs."""
        for line in lines:
            for more in (["-vvv"], ["-vvv", "--json"]):
                self(self.env, *line.split(), *more)

    def connect(self, name, profile):
        code, out, err, location = driver.connect(self.env, name, profile, "-vvv")
        planted.update(urllib.parse.parse_qs(urllib.parse.urlsplit(location).query).get("code", []))
        self.keep(code, out, err)
        return code


def session(env, box, tell):
    ready, token, through = dict(box.ready), "/oauth2/default/v1/token", relay.start(box.levers, planted)
    box.ready |= {"api": (api := through + "/v3"), "token": through + token}
    wrong = {word: f"planted-{word}-1f9AzQ7-in-the-wrong-place" for word in ("secret", "token", "key", "code")}
    planted.update([*wrong.values(), ready["client_secret"], ready["access_token"], env["MASTER"]])
    env |= {"PASTED": ready["access_token"]}
    driver.profile(env, box, "p", run=tell)
    tell.all(f"profiles add bad --client-id {ready['client_id']} --client-secret {wrong['secret']}",
        f"profiles add pkce --client-id {ready['pkce_client_id']} --api-base {api} --authorize-url "
        f"{ready['authorize']} --token-url {box.ready['token']}", "profiles show p", "profiles list")
    peer.prove("connections are made", [tell.connect("c", "p"), tell.connect("k", "pkce")] == [0, 0])
    back = f"http://localhost:4173/callback?code={wrong['code']}&state=another"
    tell(env, *"connect x --profile p --paste -vv".split(), stdin=back + "\n")
    tell.env = env | {"CLIENT_SECRET": wrong["secret"]}
    peer.prove("a wrong client secret connects nothing", tell.connect("x", "p") != 0)
    tell.env = env
    tell.all(f"connections add t --access-token env:PASTED --api-base {api}", "connections list",
        f"connections add u --access-token {wrong['token']}", f"--key {wrong['key']} connections list")
    works = ["run get_user_privileges -c c", "run list_contacts -c k", "run get_user_privileges -c t"]
    tell.all(*works, "connections check", "run create_contact -c c -i {}",
        "run create_list -c c --dry-run -i {\"name\":\"L\"}")
    for kind in ("error500", "html", "throttled", "unauthorized", "cut_off", "reset_after"):
        box.advance(90_000)
        box.pull("faults", kind=kind, path=token, times=2)
        box.pull("faults", kind=kind, path="/v3/", times=1)
        tell.all(*works[:2])
    lines = "".join(driver.invoke(number, name, 30_000) for number, name in enumerate(["c", "k", "t", "nobody"]))
    tell(env, "plugin", "-vvv", stdin=lines + '{"jsonrpc":"2.0","id":9,"method":"connector/describe"}\n')
    tell(env, "mcp", "-vvv", stdin='{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}\n')
    box.advance(200 * 86_400)
    out = tell.out.parent / "exports"
    tell.all(*works, "connections list", "runs", "quota", f"export openapi --out {out}", f"docs --out {out}",
        f"export json-schema --out {out}", f"store backup {out}/backup", "keys rotate", "connections list")


def forms(secret):
    """How a secret could look in a file; of a long one its ends are enough, so that a cut one is found too."""
    ends = {secret[-20:]} | ({secret[:20]} if not secret.startswith("eyJ") else set())
    for end in (end.encode() for end in ends):
        yield from (end, end.hex().encode(), end.hex().upper().encode(), "".join(f"%{b:02X}" for b in end).encode())
        yield from (urllib.parse.quote(end, safe="").encode(), urllib.parse.quote(end, safe="").lower().encode())
        for shift in range(3):
            code = base64.b64encode(b"\0" * shift + end)[(0, 2, 3)[shift] : (shift + len(end)) * 8 // 6]
            yield from (code, code.translate(bytes.maketrans(b"+/", b"-_")))


def scan(folder):
    files = [p for p in folder.rglob("*") if p.is_file() and p.name != "key"]
    written = {str(p.relative_to(folder)): p.read_bytes() for p in files}
    needles = {secret: set(forms(secret)) for secret in planted if len(secret) > 8}

    def inside(data):
        return [secret[:4] + "..." for secret, some in needles.items() if any(form in data for form in some)]

    blind = [s for s in needles if not inside(base64.b64encode(b"id:" + s.encode()))]
    peer.prove("the search would find each secret inside a Basic header", not blind, len(blind))
    found = {name: secrets for name, data in written.items() if (secrets := inside(data))}
    stores = [name for name in written if name.endswith("store.sqlite")]
    peer.prove("the store is among the files searched", stores, list(written))
    print(f"{sum(exits.values()):>8}  commands, by exit code: {dict(sorted(exits.items()))}")
    print(f"{len(written):>8}  files searched, {sum(map(len, written.values())) // 1024} KiB")
    print(f"{len(needles):>8}  secrets, {sum(map(len, needles.values()))} forms of them")
    peer.prove("none of the planted secrets is in anything written", not found, found)


driver.at_most(300)
with peer.empty_machine() as env, driver.sandbox(env) as box:
    folder = pathlib.Path(env["CTCT_HOME"]).parent
    env |= {"MASTER": base64.b16encode(bytes(range(7, 231, 7))).decode().lower(), "CTCT_KEY": "env:MASTER"}
    (folder / "printed").mkdir()
    session(env, box, Session(env, folder / "printed"))
    scan(folder)
