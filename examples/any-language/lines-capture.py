"""Captures the lines of a text file, as they are appended. Speaks Flow's capture protocol over JSON lines.

The state is the byte offset up to which the file has been captured. Each round sends the new lines and then one
checkpoint with the new offset; the runtime commits both together, so that no line is lost or doubled.
"""
import json, os, sys, time

def schema(**properties):
    return {"type": "object", "required": list(properties), "properties": properties}

SPEC = {
    "protocol": 3032023, "documentationUrl": "https://github.com/estuary/flow", "resourcePathPointers": ["/name"],
    "configSchema": schema(path={"type": "string", "title": "Path", "description": "The text file."}),
    "resourceConfigSchema": schema(name={"type": "string", "title": "Name", "description": "The stream's name."}),
}
LINES = {
    "recommendedName": "lines", "resourceConfig": {"name": "lines"}, "resourcePath": ["lines"], "key": ["/offset"],
    "documentSchema": schema(offset={"type": "integer"}, line={"type": "string"}),
}

def send(kind, message):
    sys.stdout.write(json.dumps({kind: message}) + "\n")

def new_lines(path, offset):
    """The whole lines from `offset` on, at most a thousand, each with the offset it begins at and ends before."""
    with open(path, "rb") as file:
        file.seek(offset)
        for line, _ in zip(file, range(1000)):
            if not line.endswith(b"\n"):
                return  # Still being written.
            yield offset, offset + len(line), line[:-1].decode("utf-8", "replace")
            offset += len(line)

def pull(capture, offset):
    runtime = os.getppid()
    while os.getppid() == runtime:  # A runtime that was killed leaves no one to capture for.
        reached = offset
        for begin, reached, line in new_lines(capture["config"]["path"], offset):
            for binding in range(len(capture["bindings"])):
                send("captured", {"binding": binding, "doc": {"offset": begin, "line": line}})
        if reached == offset:
            time.sleep(0.1)
        else:
            offset = reached
            send("checkpoint", {"state": {"updated": {"offset": offset}, "mergePatch": True}})
            sys.stdout.flush()

ANSWERS = {"spec": ("spec", SPEC), "discover": ("discovered", {"bindings": [LINES]}),
           "apply": ("applied", {}), "open": ("opened", {})}

for text in sys.stdin:
    [(kind, request)] = [item for item in json.loads(text).items() if item[1] is not None]
    if kind == "validate":
        paths = [{"resourcePath": [binding["resourceConfig"]["name"]]} for binding in request["bindings"]]
        send("validated", {"bindings": paths})
    else:
        send(*ANSWERS[kind])
    sys.stdout.flush()
    if kind == "open":
        pull(request["capture"], request.get("state", {}).get("offset", 0))
