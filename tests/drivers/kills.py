"""A thousand kills: a process that must refresh is killed at a random moment, and its connection must live.

The sandbox is strict: a refresh token works once, and the second use of one kills the whole family. A kill that falls
between the server's rotation and the commit on our side takes the only good token with it; nothing on our side can
bring it back, so those are counted apart. With --grace 60 the server still takes the old token for a while, and then
no kill at all may lose a connection. Each connection has a store and a token address of its own, so the journal says
what arrived for which. Half of the kills fall anywhere in 0 to 120 ms, the others around the refresh, as it is learnt.
"""

import collections, heapq, random, sqlite3, subprocess, time

import driver

given = driver.arguments(__doc__, n=(1000, "kills"), grace=(0, "the server's grace period in seconds"),
    pool=(60, "connections that take turns"), seed=(1, "seed of the moments"))
from driver import peer

TTL = 2  # seconds a token lives; our side refreshes when three quarters are over
WINDOW, OTHERWISE, TOLD = "lost in the window", "lost otherwise", "lost, and told as a refresh that broke off"


class Place:
    """One store with one connection in it."""

    def __init__(self, env, box, number):
        self.env, self.box, self.label = env | {"CTCT_HOME": f"{env['CTCT_HOME']}/{number}"}, box, f"label={number}"
        self.connects = self.commits = self.explained = 0
        driver.profile(self.env, box, "p", label=number)
        self.connect()

    def connect(self):
        driver.connected(self.env, "c", "p")
        self.connects += 1
        self.generation = self.state()[0]

    def state(self):
        """(generation, refresh begun, lease) on disk; read without writing, so that only the program cleans up."""
        base = sqlite3.connect(f"file:{self.env['CTCT_HOME']}/store.sqlite?mode=ro", uri=True, timeout=10)
        generation, begun = base.execute("SELECT generation, refresh_intent_ms FROM connections").fetchone()
        until = base.execute("SELECT max(until_ms) FROM leases").fetchone()[0] or 0
        base.close()
        return generation, begun is not None, max(0.0, until / 1000 - time.time())

    def changed(self):
        """Since last time: (commits, refresh begun, seconds that a lease still holds)."""
        before, (self.generation, begun, lease) = self.generation, self.state()
        self.commits += self.generation - before
        return self.generation - before, begun, lease

    def run(self):
        return subprocess.Popen([peer.CTCT, "run", "get_user_privileges", "-c", "c"], env=self.env, **driver.PIPES)

    def kill(self, delay):
        with self.run() as process:
            time.sleep(delay)
            process.kill()
        return self.changed()

    def uncommitted(self):
        """Rotations of the server that never became ours."""
        given_out = sum(e["query"] == self.label and e["status"] == 200 for e in self.box.journal())
        return given_out - self.connects - self.commits

    def verify(self, count):
        """The next run: says whether the connection is decided to be alive or lost; connects anew where it is lost."""
        said = (process := self.run()).communicate(timeout=200)[1] or "nothing"
        self.changed()
        if process.returncode != 4:
            count["runs that decided nothing"] += process.returncode != 0
            return process.returncode == 0
        dead = self.uncommitted()
        kind, self.explained = WINDOW if dead > self.explained else OTHERWISE, dead
        count.update([kind, TOLD] if "broke off" in said else [kind])
        print(f"{kind}: {said.splitlines()[0]}", flush=True)
        self.connect()
        return True


def work(places, count):
    """Kills, each connection in its turn, and after each kill that left a trace looks whether it lives."""
    due, around, longest = [(time.time() + TTL, number, False) for number in range(len(places))], 0.06, 0.0
    while any(check for _, _, check in due) or count["kills"] < given.n:
        when, number, check = heapq.heappop(due)
        if not check and count["kills"] >= given.n:
            continue
        time.sleep(max(0.0, when - time.time()))
        if check:
            decided = places[number].verify(count)
            heapq.heappush(due, (time.time() + TTL, number, not decided))
            continue
        delay = max(0.0, random.gauss(around, 0.006)) if count["kills"] % 2 else random.uniform(0, 0.12)
        commits, begun, lease = places[number].kill(delay)
        count["kills"] += 1
        count[f"killed {'after' if commits else 'inside' if begun else 'before'} the refresh"] += 1
        around = min(0.5, max(0.005, around + (-0.002 if commits else 0 if begun else 0.002)))
        longest = max(longest, lease)
        heapq.heappush(due, (time.time() + max(lease + 0.05, TTL if commits else 0), number, begun or commits > 0))
    count["seconds, the longest wait for a dead process's lease"] = round(longest, 1)
    count["refreshes committed"] = sum(place.commits for place in places)
    count["kills between rotation and commit"] = sum(place.uncommitted() for place in places)


def report(count):
    for name in sorted({*count, WINDOW, OTHERWISE, TOLD}):
        print(f"{count[name]:>8}  {name}")
    peer.prove("kills fell inside a refresh", count["killed inside the refresh"] or given.n < 100)
    peer.prove("none was lost but by a kill between the server's rotation and our commit", not count[OTHERWISE])
    peer.prove("each loss is told as a refresh that broke off", count[WINDOW] == count[TOLD])
    if given.grace:
        peer.prove(f"with a grace period of {given.grace} s none was lost at all", not count[WINDOW], count[WINDOW])


driver.at_most(300 + given.n * 2)
random.seed(given.seed)
strict = ["--limits", "off", "--token-ttl", str(TTL), "--reuse", "revoke_family", "--grace", str(given.grace)]
with peer.empty_machine() as env, driver.sandbox(env, *strict) as box:
    places, count = [Place(env, box, number) for number in range(min(given.pool, given.n))], collections.Counter()
    work(places, count)
    report(count)
