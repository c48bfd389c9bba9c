"""A storm: 8 processes x 50 connections on one store, and all tokens end at the same moment.

Every process asks for every connection at once. At the token endpoint there may be exactly one refresh per connection,
no two within a second, none refused and no refresh token used twice (the sandbox kills the family for that); and no
call may be sent with a dead token more than once. The server's clock is moved, so each process finds out by a 401.
"""

import collections, concurrent.futures, datetime, json, time

import driver

given = driver.arguments(__doc__, processes=(8, "processes"), connections=(50, "connections"),
    limits=("on", "the server's limits: on, or off for a quicker run where only this script counts"))
from driver import peer

PATIENCE_MS = 400_000


def prepare(env, box):
    """Makes the connections. All are of one API key, so the token endpoint's second holds for all of them together."""
    pace = ["--per-second", "0", "--per-day", "0"] if given.limits == "off" else []
    for number in range(given.connections):
        driver.profile(env, box, f"p{number}", *pace, label=number)
        driver.connected(env, f"c{number}", f"p{number}")
        time.sleep(1.01 if given.limits == "on" else 0)


def ask_for_all(env, _):
    """One process: its answers, all asked at once."""
    process = driver.plugin(env)
    lines = "".join(driver.invoke(n, f"c{n}", PATIENCE_MS) for n in range(given.connections))
    try:
        out, err = process.communicate(lines, timeout=PATIENCE_MS / 1000)
        return [json.loads(line) for line in out.splitlines()]
    finally:
        process.kill()
        process.wait()


def at_ms(entry):
    return datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).timestamp() * 1000


def judge(answers, journal, seconds):
    tokens = [e for e in journal if e["path"].endswith("/token")]
    calls = collections.Counter(e["status"] for e in journal if not e["path"].endswith("/token"))
    statuses = dict(collections.Counter(e["status"] for e in tokens))
    gaps = [at_ms(b) - at_ms(a) for a, b in zip(tokens, tokens[1:])]
    spent = collections.Counter(a["result"]["meta"]["calls"] for a in answers if "result" in a)
    print(f"{seconds:8.1f}  seconds from the end of all tokens to the last answer")
    print(f"{len(answers):>8}  answers of {given.processes} processes x {given.connections} connections")
    print(f"{len(tokens):>8}  requests at the token endpoint, by status {statuses}")
    print(f"{min(gaps, default=0):8.0f}  milliseconds, the shortest gap between two of them")
    print(f"{sum(calls.values()):>8}  calls, by status {dict(calls)}; runs by number of calls {dict(spent)}")
    failed = [a["error"] for a in answers if "error" in a]
    peer.prove("every run is answered with success", len(answers) == given.processes * given.connections and not failed,
        f"{len(failed)} failed, {dict(collections.Counter(e['data']['code'] for e in failed))}: {failed[:2]}")
    of_each = collections.Counter(e["query"] for e in tokens)
    once = len(of_each) == given.connections and set(of_each.values()) == {1}
    peer.prove("exactly one refresh per connection", once, of_each)
    peer.prove("none refused, so neither 429 nor a token used twice", set(statuses) == {200}, statuses)
    peer.prove("never two within a second", min(gaps, default=1000) >= 1000, sorted(gaps)[:5])
    # A run ends with its one success, and what it spent before that was a dead token.
    peer.prove("no call was answered with anything but success or 401", set(calls) <= {200, 401}, calls)
    peer.prove("no call was sent with a dead token more than once", max(spent) <= 2, spent)


driver.at_most(240 + given.connections * 10)
flags = ["--limits", given.limits, "--reuse", "revoke_family"]
with peer.empty_machine() as env, driver.sandbox(env, *flags) as box:
    prepare(env, box)
    mark = len(box.journal())
    print(f"{given.connections} connections made; all tokens end now", flush=True)
    box.advance(90_000)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(given.processes) as pool:
        answers = [a for some in pool.map(ask_for_all, [env] * given.processes, range(given.processes)) for a in some]
    judge(answers, box.journal()[mark:], time.monotonic() - began)
