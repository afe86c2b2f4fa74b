"""Keeps the documents of collections in one JSON file. Speaks Flow's materialize protocol over JSON lines.

The file holds the documents and the runtime's checkpoint, and is replaced by one rename for each transaction. On open
the runtime is told the checkpoint of the file, and goes on from there: exactly once, whichever side is killed when.
"""
import json, os, sys

SPEC = {
    "protocol": 3032023,
    "configSchema": {"type": "object", "required": ["path"], "properties": {
        "path": {"type": "string", "title": "Path", "description": "The JSON file."}}},
    "resourceConfigSchema": {"type": "object", "required": ["table"], "properties": {
        "table": {"type": "string", "title": "Table", "description": "A name in the file.", "x-collection-name": True}}},
    "documentationUrl": "https://github.com/estuary/flow",
}


def send(kind, message={}):
    sys.stdout.write(json.dumps({kind: message}) + "\n")
    sys.stdout.flush()


def constraint(projection):
    """The key and the whole document are needed; other fields are not, as the document has them."""
    needed = projection.get("isPrimaryKey") or not projection.get("ptr")
    kind = "LOCATION_REQUIRED" if needed else "FIELD_FORBIDDEN"
    return {"type": kind, "reason": "The file holds keys and whole documents"}


def validated(binding):
    constraints = {p["field"]: constraint(p) for p in binding["collection"]["projections"]}
    return {"resourcePath": [binding["resourceConfig"]["table"]], "constraints": constraints}


def run(request, requests):
    spec = request["materialization"]
    path, tables = spec["config"]["path"], [b["resourcePath"][0] for b in spec["bindings"]]
    state = {"checkpoint": {}, "tables": {}}
    if os.path.exists(path):
        with open(path) as file:
            state = json.load(file)
    send("opened", {"runtimeCheckpoint": state["checkpoint"]})
    for kind, request in requests:
        rows = state["tables"].setdefault(tables[request.get("binding", 0)], {})
        if kind == "acknowledge":
            send("acknowledged")  # Commits are done at startCommit, so there is nothing to wait for.
        elif kind == "load" and request["keyPacked"] in rows:
            send("loaded", {"binding": request.get("binding", 0), "doc": rows[request["keyPacked"]]})
        elif kind == "flush":
            send("flushed")
        elif kind == "store" and request.get("delete"):
            rows.pop(request["keyPacked"], None)
        elif kind == "store":
            rows[request["keyPacked"]] = request["doc"]
        elif kind == "startCommit":
            state["checkpoint"] = request.get("runtimeCheckpoint", {})
            with open(path + ".new", "w") as file:
                json.dump(state, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(path + ".new", path)
            send("startedCommit")


requests = ((next((k, v) for k, v in json.loads(text).items() if v is not None)) for text in sys.stdin)
for kind, request in requests:
    if kind == "spec":
        send("spec", SPEC)
    elif kind == "validate":
        send("validated", {"bindings": [validated(binding) for binding in request["bindings"]]})
    elif kind == "apply":
        send("applied")
    elif kind == "open":
        run(request, requests)
