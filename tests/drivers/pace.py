"""Full speed: 8 processes on one API key, each asking as fast as it is answered, for a minute.

The service allows 4 calls in any sliding second and answers one more with 429. Together the processes must make at
least 97 % of what that allows, and must not be answered with 429 once. What arrived is counted by the server's journal.
"""

import collections, datetime, json, threading, time

import driver

given = driver.arguments(__doc__, seconds=(60, "seconds at full speed"), processes=(8, "processes"),
    ahead=(4, "requests that each process has waiting"))
from driver import peer

PER_SECOND = 4


class Worker(threading.Thread):
    """One process, kept busy until `until`."""

    def __init__(self, env, until):
        super().__init__(daemon=True)
        self.process, self.until, self.asked, self.answers = driver.plugin(env), until, 0, []
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def ask(self):
        self.process.stdin.write(driver.invoke(self.asked, "c", 60_000))
        self.process.stdin.flush()
        self.asked += 1

    def run(self):
        for _ in range(given.ahead):
            self.ask()
        for line in self.process.stdout:
            self.answers.append((time.monotonic(), json.loads(line)))
            if time.monotonic() < self.until:
                self.ask()
            elif not self.process.stdin.closed:
                self.process.stdin.close()


def full_speed(env):
    """Lets all processes go; gives their answers, each process's apart."""
    until = time.monotonic() + given.seconds + 2
    workers = []
    try:
        for _ in range(given.processes):
            workers.append(Worker(env, until))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return [worker.answers for worker in workers], until
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.wait()


def judge(journal, answers, until):
    times = [datetime.datetime.fromisoformat(e["at"].replace("Z", "+00:00")).timestamp() for e in journal]
    # The time that counts begins with the first call, and ends before the processes run out of work.
    taken = [at for at, e in zip(times, journal) if e["status"] != 429]
    made = sum(at < times[0] + given.seconds for at in taken)
    allowed = PER_SECOND * given.seconds
    refused = sum(e["status"] == 429 for e in journal)
    fullest = max(sum(times[i] <= at < times[i] + 1 for at in times[i : i + 20]) for i in range(len(times)))
    shares = [sum(at < until for at, _ in some) for some in answers]
    waited = [a["result"]["meta"]["waited_ms"] for some in answers for _, a in some if "result" in a]
    failed = [a["error"] for some in answers for _, a in some if "error" in a]
    share = f"{100 * made / allowed:.1f} % of the {allowed} that {PER_SECOND}/s allows"
    print(f"{made:>8}  calls taken in {given.seconds} s, {share}")
    print(f"{fullest:>8}  calls in the fullest second, as they arrived, refused ones with them")
    print(f"{refused:>8}  answers 429")
    print(f"{max(waited, default=0):>8}  milliseconds, the longest wait for a permit")
    print(f"          calls of each process: {', '.join(map(str, sorted(shares)))}")
    status = collections.Counter(e["status"] for e in journal)
    peer.prove("no answer was a 429", not refused, status)
    peer.prove("every run is answered with success", not failed, (len(failed), failed[:2]))
    peer.prove("no second held more than the service allows", fullest <= PER_SECOND, fullest)
    peer.prove("at least 97 % of what is allowed was used", made >= 0.97 * allowed, share)
    peer.prove("every process had its turn", min(shares) > 0, shares)


driver.at_most(given.seconds + 120)
with peer.empty_machine() as env, driver.sandbox(env, "--limits", "on") as box:
    driver.profile(env, box, "p")
    driver.connected(env, "c", "p")
    mark = len(box.journal())
    answers, until = full_speed(env)
    judge(box.journal()[mark:], answers, until)
