# SPDX-License-Identifier: ISC
"""Files of the catalog, and slips made in one of them, by schema and by program."""
import copy
import glob
import json
import os
import subprocess
import sys
import tempfile

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Dates stay text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in pairs if not tag.endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

RIGHT = {
    "name": "x-1", "title": "X", "source": ["https://example.org/", "RFC 1"],
    "checked": "2026-01-31", "confidence": "A", "app": "/a", "note": "n",
    "groups": {"g": {"what": "w", "how": "h", "any": True}},
    "params": {"p": {"what": "w", "default": "1-2", "why": "y"}},
    "flows": {
        "f": {"purpose": "p", "proto": ["tcp", "udp"], "ports": [1, "2-3"],
              "source-ports": 4, "direction": "both", "initiator": "either",
              "groups": ["g"], "need": "required", "fallback": "b", "idle": 30,
              "alg": "off", "alg-protocol": "sip", "note": "n", "source": "ITU-T H.323",
              "checked": "2026-01-31", "confidence": "B"},
        "b": {"purpose": "p", "proto": "tcp", "ports": "$p", "direction": "out",
              "initiator": "client", "groups": "g", "need": "fallback"},
    },
}

# What to put where; None: nothing is left there.
SLIPS = [
    (["flows", "f", "proto"], "sctp"), (["flows", "f", "proto"], []),
    (["flows", "f", "proto"], ["udp", "udp"]), (["flows", "f", "ports"], 65536),
    (["flows", "f", "ports"], []), (["flows", "f", "ports"], "a"),
    (["flows", "f", "direction"], "inout"), (["flows", "f", "initiator"], "server"),
    (["flows", "b", "initiator"], "far-end"), (["flows", "b", "direction"], "in"),
    (["flows", "f", "need"], "yes"), (["flows", "f", "idle"], "soon"),
    (["flows", "f", "idle"], -1), (["flows", "f", "groups"], []),
    (["flows", "f", "alg-protocol"], None), (["flows", "f", "alg"], "on"),
    (["flows", "f", "checked"], "today"), (["flows", "f", "confidence"], "C"),
    (["flows", "f", "source"], "hearsay"), (["flows", "f", "purpose"], ""),
    (["name"], "X Y"), (["name"], "x-"), (["source"], []), (["source"], "page"),
    (["checked"], "2026-13-01"), (["confidence"], "C"), (["viewpoint"], "client"),
    (["viewpoint"], "server"), (["groups", "g", "any"], "maybe"),
    (["groups", "g"], "all"), (["groups", "G"], {"what": "w", "how": "h"}),
    (["flows"], []), (["app"], "Safari"), (["title"], ["X"]), (["params", "p", "default"], "b"),
    (["viewpoint"], "site"), (["checked"], None), (["params", "p", "why"], None),
]


def slip(path, value):
    """RIGHT with one thing changed."""
    doc = copy.deepcopy(RIGHT)
    at = doc
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return doc


def cases():
    """All slips, every key missing, and a key too many everywhere."""
    yield "nothing wrong", RIGHT
    for path, value in SLIPS:
        yield f"{'.'.join(path)}: {value}", slip(path, value)
    for path in ([], ["groups", "g"], ["params", "p"], ["flows", "f"]):
        at = RIGHT
        for key in path:
            at = at[key]
        yield f"{'.'.join(path)} and more", slip(path + ["more"], "x")
        for key in at:
            if path + [key] not in (["params"], ["flows", "f", "alg-protocol"]):
                yield f"{'.'.join(path + [key])} missing", slip(path + [key], None)


def accepted(pinhole, text):
    """Does the program read it as a file of the catalog?"""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "x-1.yaml"), "w", encoding="utf-8") as out:
            out.write(text)
        done = subprocess.run([pinhole, "services", "--catalog", folder],
                              capture_output=True, text=True, check=False, timeout=60)
    if done.returncode not in (0, 65):
        raise RuntimeError(f"status {done.returncode}: {done.stderr}")
    return done.returncode == 0, done.stderr


def main(pinhole):
    """Print one line of TAP a case."""
    with open("docs/schema/catalog.json", encoding="utf-8") as f:
        schema = json.load(f)
    check = jsonschema.Draft7Validator(schema)
    check.check_schema(schema)
    failed = False
    for path in sorted(glob.glob("catalog/*.yaml")):
        with open(path, encoding="utf-8") as f:
            doc = yaml.load(f, Loader)
        errors = [f"{list(e.path)}: {e.message}" for e in check.iter_errors(doc)]
        if doc["name"] != os.path.basename(path)[:-5]:
            errors.append("name and file differ")
        failed |= bool(errors)
        print(f"{'not ok' if errors else 'ok'} - {path}", *errors, sep="\n  ")
    for what, doc in cases():
        by_schema = check.is_valid(doc)
        by_program, said = accepted(pinhole, yaml.safe_dump(doc, sort_keys=False))
        same = by_schema == by_program
        failed |= not same
        print(f"{'ok' if same else 'not ok'} - {what}: {'right' if by_schema else 'wrong'}")
        if not same:
            print(said)
    return failed


sys.exit(main(sys.argv[1]))
