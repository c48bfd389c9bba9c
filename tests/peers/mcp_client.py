"""The official Python client of the Model Context Protocol, on `ctct mcp`, in both of its ways to begin."""

import asyncio, types

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from mcp import Client, StdioServerParameters

from peer import CTCT, calls, empty_machine, prove, sandbox


async def talk(mode, env, ready, address):
    """One session. Gives what the client saw; the client itself holds results against the output schemas."""
    server = StdioServerParameters(command=CTCT, args=["mcp"], env=env)
    async with Client(server, mode=mode, read_timeout_seconds=30) as client:
        seen = types.SimpleNamespace(version=client.protocol_version, server=client.server_info, tools=[])
        page = await client.list_tools()
        seen.tools += page.tools
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            seen.tools += page.tools
        email = {"address": address, "permission_to_send": "implicit"}
        seen.made = await client.call_tool("create_contact", {"create_source": "Account", "email_address": email})
        seen.listed = await client.call_tool("list_contacts", {})
        before = calls(ready)
        seen.refused = await client.call_tool("create_contact", {"email_address": {"address": "not an address"}})
        seen.spent = calls(ready) - before
        return seen


def broken(tool):
    """What is wrong with the schemas of a tool; nothing, it is hoped."""
    try:
        for schema in filter(None, [tool.input_schema, tool.output_schema]):
            Draft202012Validator.check_schema(schema)
    except SchemaError as trouble:
        return f"{tool.name}: {trouble.message}"


def output(answer):
    return (answer.structured_content or {}).get("output") or {}


def text(answer):
    return " ".join(block.text for block in answer.content if block.type == "text")


def check(mode, seen, address):
    prove(f"{mode}: the client and the server agree on {seen.version}", seen.version and seen.server, seen.server)

    tools = {tool.name: tool for tool in seen.tools}
    count = len(seen.tools)
    prove(f"{mode}: {count} tools, each once", count >= 128 and len(tools) == count, sorted(tools))
    silent = [tool.name for tool in seen.tools if not (tool.description and tool.annotations)]
    prove(f"{mode}: every tool has a description and annotations", not silent, silent)
    reads, writes = (tools[name].annotations.read_only_hint for name in ("get_contact", "create_contact"))
    prove(f"{mode}: get_contact only reads, create_contact does not", reads is True and not writes, (reads, writes))
    faults = list(filter(None, map(broken, seen.tools)))
    prove(f"{mode}: every schema is valid by the 2020-12 meta-schema", not faults, faults)

    prove(f"{mode}: create_contact works", not seen.made.is_error and output(seen.made).get("contact_id"), seen.made)
    people = output(seen.listed).get("contacts", [])
    there = any(person.get("email_address", {}).get("address") == address for person in people)
    prove(f"{mode}: list_contacts shows the new person", not seen.listed.is_error and there, seen.listed)
    prove(f"{mode}: both also answer in text", text(seen.made) and text(seen.listed), seen.listed)

    prove(f"{mode}: an invalid input is an error of the tool", seen.refused.is_error is True, seen.refused)
    prove(f"{mode}: which names the field", "/email_address/address" in text(seen.refused), text(seen.refused))
    prove(f"{mode}: and was not sent", seen.spent == 0, f"{seen.spent} calls")


with empty_machine() as env, sandbox(env) as ready:
    # `legacy` is the handshake by initialize; `auto` asks for the newest revision first and falls back to it.
    for mode in ("legacy", "auto"):
        address = f"{mode}@example.com"
        try:
            seen = asyncio.run(talk(mode, env, ready, address))
        except Exception as trouble:
            raise SystemExit(f"NOT PROVED: the client comes to its end ({mode})\n  seen: {trouble!r}")
        check(mode, seen, address)
