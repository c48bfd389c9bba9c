"""Secrets never leave, in the whole test suite: all integration tests run with every crate's log at its finest level,
and then the log and all that was printed are searched for the secrets of every sandbox that was started.

Tokens that came later, by a refresh or a consent, are found by their form: access tokens are JWTs, and refresh tokens
are 43 letters and digits of both cases.
"""

import os, pathlib, re, subprocess, tempfile

import driver

given = driver.arguments(__doc__, features=("postgres,otel", "features of the tests"))
from driver import peer

JWT = re.compile(rb"eyJ[A-Za-z0-9_-]{20,}")
REFRESH = re.compile(rb"(?<![A-Za-z0-9_/+=-])(?=[^ ]*[a-z])(?=[^ ]*[A-Z])(?=[^ ]*[0-9])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_/+=-])")

driver.at_most(900)
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    command = ["cargo", "test", "--features", given.features, "--test", "it", "--", "--nocapture"]
    env = os.environ | {"CTCT_TEST_LOG": str(folder)}
    run = subprocess.run(command, env=env, capture_output=True)
    peer.prove("the tests pass with all logs on", run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:])
    planted = set((folder / "planted").read_bytes().split())
    written = {"trace.log": (folder / "trace.log").read_bytes(), "stdout": run.stdout, "stderr": run.stderr}
    lines = sum(data.count(b"\n") for data in written.values())
    print(f"{lines:>8}  lines written, {sum(map(len, written.values())) // 1024} KiB")
    print(f"{len(planted):>8}  secrets planted")
    peer.prove("the log holds spans of runs", b"run{" in written["trace.log"], written["trace.log"][:500])
    peer.prove("secrets were planted", planted)
    found = {name: [s[:6] for s in planted if s in data] for name, data in written.items()}
    peer.prove("none of them is in anything written", not any(found.values()), found)
    tokens = {name: {m[:9] for m in JWT.findall(data)} for name, data in written.items()}
    peer.prove("nothing looks like an access token", not any(tokens.values()), tokens)
    tokens = {name: {m[:9] for m in REFRESH.findall(data)} for name, data in written.items()}
    peer.prove("nothing looks like a refresh token", not any(tokens.values()), tokens)
