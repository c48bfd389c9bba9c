"""What the Python peers share: the binary, a machine that holds nothing yet, the sandbox, and a word for each proof."""

import contextlib, json, os, pathlib, signal, subprocess, sys, tempfile, traceback, urllib.request

CTCT = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CTCT", "target/debug/ctct")).absolute())
SECONDS = 120


def give_up(*_):
    raise SystemExit(f"NOT PROVED: an end within {SECONDS} seconds")


def stumble(kind, trouble, trace):
    step = traceback.extract_tb(trace)[0]
    print(f"NOT PROVED: {step.line}\n  line: {step.lineno}\n  seen: {kind.__name__}: {trouble}", file=sys.stderr)


if not os.access(CTCT, os.X_OK):
    raise SystemExit(f"{CTCT} is no program; build it, or name another one as argument or in CTCT")
sys.excepthook = stumble
signal.signal(signal.SIGALRM, give_up)
signal.alarm(SECONDS)


def prove(claim, holds, seen=""):
    """Says that a claim holds, or ends the script with what was seen instead."""
    if not holds:
        raise SystemExit(f"NOT PROVED: {claim}\n  seen: {str(seen)[:2000]}")
    print(f"ok  {claim}", flush=True)


# Where the store is, when it is not a file in the data folder.
STORE = {}


@contextlib.contextmanager
def empty_machine():
    """An environment with a new home and a new data folder, and of this machine only the search path."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.environ.get("PATH", ""), "HOME": f"{folder}/home", "CTCT_HOME": f"{folder}/data"} | STORE
        os.mkdir(env["HOME"])
        os.mkdir(env["CTCT_HOME"])
        yield env


def ctct(env, *arguments):
    """Runs one command to its end and gives what it printed."""
    run = subprocess.run([CTCT, *arguments], env=env, capture_output=True, text=True, encoding="utf-8", timeout=60)
    if run.returncode != 0:
        raise SystemExit(f"NOT PROVED: ctct {' '.join(arguments)} works\n  seen: exit {run.returncode}: {run.stderr[:2000]}")
    return run.stdout


@contextlib.contextmanager
def sandbox(env):
    """A running sandbox, and in `env` a connection of that name to it."""
    command = [CTCT, "sandbox", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"NOT PROVED: the sandbox says when it is ready\n  seen: exit {process.wait(10)}")
        ready = json.loads(line)
        env["SANDBOX_TOKEN"] = ready["access_token"]
        ctct(env, "connections", "add", "sandbox", "--access-token", "env:SANDBOX_TOKEN", "--api-base", ready["api"])
        yield ready
    finally:
        process.kill()
        process.wait()


def calls(ready):
    """How many calls have reached the sandbox."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(ready["api"].removesuffix("/v3") + "/_sandbox/journal", timeout=10) as answer:
        return len(json.load(answer))
