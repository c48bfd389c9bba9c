"""The exported documents, held against the 2020-12 meta-schema, their own examples and the rules of OpenAPI 3.1."""

import json, pathlib, re, urllib.parse

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError

from peer import ctct, empty_machine, prove

DIALECT = "https://json-schema.org/draft/2020-12/schema"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
FORMATS = FormatChecker(["date", "email", "uuid"])  # those that need no further package


def read(path):
    """A JSON file in which no object says a name twice, which most readers would let pass."""
    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise SystemExit(f"NOT PROVED: {path.name} says every name once\n  seen: {[name for name, _ in pairs]}")
        return dict(pairs)
    return json.loads(path.read_text("utf-8"), object_pairs_hook=once)


def children(node):
    """Names and values below a node, without those that are data and not structure."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    return [(name, value) for name, value in items if name not in ("const", "default", "enum", "example", "examples")]


def references(node):
    for name, value in children(node):
        yield from [value] if name == "$ref" and isinstance(value, str) else references(value)


def target(document, reference):
    """What a reference points at within its document; None where there is nothing."""
    for part in urllib.parse.unquote(reference).removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(name) if isinstance(document, list) else name]
        except (LookupError, TypeError, ValueError):
            return None
    return document


def schemas_of(node, place=""):
    """Every schema of an OpenAPI document, with its place."""
    for name, value in children(node):
        here = f"{place}/{name}"
        known = name == "schema" or place == "/components/schemas"
        yield from [(here, value)] if known else schemas_of(value, here)


def faults(document, schemas):
    """What is wrong with these schemas of a document, and with its references."""
    for place, schema in schemas:
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as trouble:
            yield f"{place}: {trouble.message}"
    yield from (f"{r} points at nothing" for r in references(document) if target(document, r) is None)


def check_actions(folder):
    schemas = {path.name.removesuffix(".json"): read(path) for path in folder.glob("actions/*.json")}
    wrong = [fault for name, schema in schemas.items() for fault in faults(schema, [(name, schema)])]
    wrong += [f"{name}: another dialect" for name, schema in schemas.items() if schema.get("$schema", DIALECT) != DIALECT]
    prove(f"{len(schemas)} schemas of actions are valid 2020-12", len(schemas) >= 256 and not wrong, wrong)
    prove("connector.json is constantcontact's", read(folder / "connector.json").get("key") == "constantcontact")
    actions = read(folder / "bundle.json")["actions"]
    sides = {f"{name}.{side}": action["examples"] for name, action in actions.items() for side in ("input", "output")}
    prove(f"bundle.json has the same {len(actions)} actions", set(sides) == set(schemas), set(sides) ^ set(schemas))
    shown = [(name, example[side]) for name in sides for example in sides[name] if (side := name.split(".")[1]) in example]
    wrong = []
    for name, value in shown:
        errors = Draft202012Validator(schemas[name], format_checker=FORMATS).iter_errors(value)
        wrong += [f"{name} {error.json_path}: {error.message}" for error in errors]
    prove(f"{len(shown)} examples are valid by their schemas", len(shown) >= len(actions) and not wrong, wrong)


def check_openapi(document):
    version = document.get("openapi", "")
    prove("openapi.json says OpenAPI 3.1 and a title", version.startswith("3.1.") and document["info"]["title"], version)
    paths = document["paths"].items()
    found = [(re.sub("{.*?}", "{}", path), m, entry[m]["operationId"]) for path, entry in paths for m in METHODS & set(entry)]
    unique = len(found) == len({place[:2] for place in found}) == len({place[2] for place in found})
    prove(f"{len(found)} operations, each with an id and a place of its own", len(found) >= 128 and unique, found)
    schemas = list(schemas_of(document))
    wrong = list(faults(document, schemas))
    prove(f"{len(schemas)} schemas in it are valid and every reference resolves", schemas and not wrong, wrong)


with empty_machine() as env:
    first, second = pathlib.Path(env["HOME"], "first"), pathlib.Path(env["HOME"], "second")
    for kind, out in [(kind, out) for out in (first, second) for kind in ("json-schema", "openapi")]:
        ctct(env, "export", kind, "--out", str(out / kind))
    one, two = ({(str(p.relative_to(out)), p.read_bytes()) for p in out.rglob("*") if p.is_file()} for out in (first, second))
    prove(f"{len(one)} files are the same when exported again", one and one == two, sorted(name for name, _ in one ^ two))
    check_actions(first / "json-schema")
    check_openapi(read(first / "openapi" / "openapi.json"))
