"""A host in ten lines, and what it can do with `ctct plugin`: JSON-RPC 2.0, one message a line."""

import itertools, json, subprocess

from peer import CTCT, calls, empty_machine, prove, sandbox


class Host:
    def __init__(self, command, env):
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.ids = itertools.count(1)

    def call(self, method, params):
        return self.send(json.dumps({"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}))

    def send(self, line):
        print(line, file=self.process.stdin, flush=True)
        return next(m for m in map(json.loads, self.process.stdout) if "method" not in m)  # a method: progress


def result(answer):
    prove(f"answer {answer.get('id')} is a result of JSON-RPC 2.0", answer.get("jsonrpc") == "2.0" and "result" in answer, answer)
    return answer["result"]


def error(answer, code):
    prove(f"answer {answer.get('id')} is the error {code}", answer.get("error", {}).get("code") == code, answer)
    return answer["error"]


def ask(host):
    connector = result(host.call("connector/describe", {}))
    prove("the connector calls itself constantcontact", connector.get("key") == "constantcontact", connector)

    names = [action["name"] for action in result(host.call("actions/list", {}))]
    prove(f"{len(names)} actions are listed, each once", len(names) >= 128 and len(set(names)) == len(names), names)

    action = result(host.call("actions/describe", {"action": "get_contact"}))
    inputs = action.get("input", {})
    prove("get_contact says that it needs contact_id", "contact_id" in inputs.get("required", []), action)


def work(host, ready):
    def invoke(action, **values):
        return host.call("actions/invoke", {"action": action, "connection": "sandbox", "input": values})

    email = {"address": "noor.haddad@example.com", "permission_to_send": "implicit"}
    made = result(invoke("create_contact", create_source="Account", first_name="Noor", email_address=email))
    prove("create_contact is complete", made.get("outcome") == "complete" and made.get("run_id"), made)

    got = result(invoke("get_contact", contact_id=made["output"]["contact_id"]))["output"]
    prove("get_contact gives the same person", got["email_address"]["address"] == email["address"], got)

    before = calls(ready)
    data = error(invoke("create_contact", email_address={"address": "not an address"}), -32000).get("data", {})
    prove("a wrong address is invalid_input", data.get("code") == "invalid_input" and data.get("sent") == "no", data)
    pointers = [field["pointer"] for field in data.get("fields", [])]
    prove("and its field is named", "/email_address/address" in pointers, data)
    prove("and nothing was sent", calls(ready) == before, f"{calls(ready)} calls instead of {before}")

    counters = result(host.call("connector/metrics", {}))["text"]
    for outcome in ("complete", "invalid_input"):
        line = f'ctct_runs_total{{action="create_contact",outcome="{outcome}"}} 1'
        prove(f"the counters tell of one create_contact that was {outcome}", line in counters.splitlines(), counters)


def break_rules(host):
    error(host.call("contacts/juggle", {}), -32601)
    answer = host.send('{"jsonrpc": "2.0", "id": 99, "method": ')
    error(answer, -32700)
    prove("of a message that cannot be read the id is null", answer.get("id", 0) is None, answer)
    result(host.call("connector/describe", {}))


with empty_machine() as env, sandbox(env) as ready:
    host = Host([CTCT, "plugin"], env)
    try:
        ask(host)
        work(host, ready)
        break_rules(host)
        host.process.stdin.close()
        prove("closing its input ends the plugin", host.process.wait(10) == 0, host.process.returncode)
    except StopIteration:
        raise SystemExit(f"NOT PROVED: the plugin answers\n  seen: its end, exit {host.process.wait(10)}")
    finally:
        host.process.kill()
        host.process.wait()
