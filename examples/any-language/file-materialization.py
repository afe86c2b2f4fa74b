"""Keeps the documents of collections in one JSON file. Speaks Flow's materialize protocol over JSON lines.

The file holds the documents and the runtime's checkpoint, and is replaced by one rename for each transaction. On open
the runtime is told the checkpoint of the file, and goes on from there: exactly once, whichever side is killed when.
"""
import json, os, sys

def schema(name, title, description, **more):
    text = {"type": "string", "title": title, "description": description, **more}
    return {"type": "object", "required": [name], "properties": {name: text}}

SPEC = {
    "protocol": 3032023, "documentationUrl": "https://github.com/estuary/flow",
    "configSchema": schema("path", "Path", "The JSON file."),
    "resourceConfigSchema": schema("table", "Table", "A name in the file.", **{"x-collection-name": True}),
}

def send(kind, message={}):
    print(json.dumps({kind: message}), flush=True)

def validated(binding):
    """The key and the whole document are needed; other fields are not, as the document has them."""
    constraints = {}
    for field in binding["collection"]["projections"]:
        needed = field.get("isPrimaryKey") or not field.get("ptr")
        kind = "LOCATION_REQUIRED" if needed else "FIELD_FORBIDDEN"
        constraints[field["field"]] = {"type": kind, "reason": "The file holds keys and whole documents"}
    return {"resourcePath": [binding["resourceConfig"]["table"]], "constraints": constraints}

def replace(path, state):
    with open(path + ".new", "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)

for text in sys.stdin:
    [(kind, request)] = [item for item in json.loads(text).items() if item[1] is not None]
    binding, key = request.get("binding", 0), request.get("keyPacked")
    rows = state["tables"].setdefault(tables[binding], {}) if key else {}
    if kind == "open":
        spec = request["materialization"]
        path, tables = spec["config"]["path"], [each["resourcePath"][0] for each in spec["bindings"]]
        state = json.load(open(path)) if os.path.exists(path) else {"checkpoint": {}, "tables": {}}
        send("opened", {"runtimeCheckpoint": state["checkpoint"]})
    elif kind == "load" and key in rows:
        send("loaded", {"binding": binding, "doc": rows[key]})
    elif kind == "store" and request.get("delete"):
        rows.pop(key, None)
    elif kind == "store":
        rows[key] = request["doc"]
    elif kind == "startCommit":
        state["checkpoint"] = request.get("runtimeCheckpoint", {})
        replace(path, state)
        send("startedCommit")
    elif kind == "validate":
        send("validated", {"bindings": [validated(each) for each in request["bindings"]]})
    elif kind != "load":  # Commits are done at startCommit, so an acknowledge has nothing to wait for.
        send({"spec": "spec", "apply": "applied", "acknowledge": "acknowledged", "flush": "flushed"}[kind],
             SPEC if kind == "spec" else {})
