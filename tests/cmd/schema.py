# SPDX-License-Identifier: ISC
"""Every --json output is one document that its schema in docs/schema allows."""
import copy
import json
import os
import subprocess
import sys
import tempfile

import jsonschema

FW = "tests/cmd/data/border.nft"
WIDER = "tests/cmd/data/wider.nft"
SITE = ["--site", "tests/cmd/data/site.yaml",
        "--resolve", "router.example.org=198.51.100.77"]
PARTLY_READ = "tests/cmd/data/doubt.nft"
ENDS = ["--from", "192.0.2.0/24", "--to", "198.51.100.1", "--in", "lan", "--out", "wan"]

# Schema, allowed statuses, words of the command line.
CASES = [
    ("services", {0}, ["services"]),
    ("services", {0}, ["services", "vidyoconnect"]),
    ("audit", {2}, ["audit", FW, "vidyoconnect"] + SITE),
    ("audit", {2}, ["audit", FW, "vidyoconnect", "--stateful-only"] + SITE),
    ("audit", {0, 1, 2}, ["audit", WIDER, "vidyoconnect"] + SITE),
    ("audit", {2, 3}, ["audit", PARTLY_READ, "vidyoconnect"] + SITE),
    ("query", {2}, ["query", FW, "--udp", "50000-65535"] + ENDS),
    ("query", {0}, ["query", FW, "--tcp", "https"] + ENDS),
    ("query", {2}, ["query", FW, "--icmp", "echo-request"] + ENDS),
    ("query", {3}, ["query", PARTLY_READ, "--udp", "50000"] + ENDS),
    ("query", {2}, ["query", FW, "--from", "any", "--to", "any", "--udp", "any"]),
    ("query", {2}, ["query", FW, "--from", "2001:db8::1", "--to", "any", "--icmp", "128"]),
    ("fix", {0, 1, 2}, ["fix", FW, "vidyoconnect"] + SITE),
    ("diff", {0}, ["diff", FW, FW]),
    ("diff", {1}, ["diff", FW, WIDER]),
    ("diff", {1, 3}, ["diff", FW, PARTLY_READ]),
    ("lint", {0, 1}, ["lint", FW]),
    ("lint", {0, 1}, ["lint", FW, "vidyoconnect"] + SITE),
    ("check", {3}, ["check", "zoom", "--at", "zoom.zoom=192.0.2.0/24"]),
] + [
    ("plan", {0}, ["plan", "vidyoconnect", "--for", d] + SITE)
    for d in ("nftables", "iptables", "asa", "macos")
]


def say(good, name, why=""):
    print("%s - %s" % ("ok" if good else "not ok", name))
    if not good:
        print(why)
    return good


def check(validator, statuses, words):
    name = "pinhole %s --json" % " ".join(words)
    run = subprocess.run([os.environ["PINHOLE"]] + words + ["--json"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode not in statuses:
        return say(False, name, "status %d\n%s" % (run.returncode, run.stderr))
    try:
        doc = json.loads(run.stdout)
    except json.JSONDecodeError as e:
        return say(False, name, "%s\n%s" % (e, run.stdout))
    wrong = list(validator.iter_errors(doc))
    if not say(not wrong, name, "\n".join("%s: %s" % (list(e.path), e.message) for e in wrong)):
        return False
    again = subprocess.run([os.environ["PINHOLE"]] + words + ["--json"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    say(again.stdout == run.stdout, name + " says the same twice")
    return doc


def objects(node):
    """All objects within a document."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from objects(child)


def closed(validator, doc, schema):
    """A key that nobody described must be found, wherever it is."""
    bad = 0
    for i in range(len(list(objects(doc)))):
        twin = copy.deepcopy(doc)
        list(objects(twin))[i]["surprise"] = 1
        bad += validator.is_valid(twin)
    say(bad == 0, "%s.json is closed" % schema, "%d places take any key" % bad)


def main():
    os.environ["SOURCE_DATE_EPOCH"] = "1795392000"
    tried = set()
    with tempfile.TemporaryDirectory() as folder:
        run(CASES + [probe(folder)], tried)


def probe(folder):
    """A responder that is not there: what needs no network of one's own."""
    key = os.path.join(folder, "key")
    word = subprocess.run([os.environ["PINHOLE"], "keygen", key], check=True,
                          capture_output=True, text=True).stdout.strip()
    return ("probe", {3}, ["probe", "webrtc", "--ipv4", "--via", "127.0.0.1:9", "--key", key,
                           "--peer-key", word])


def run(cases, tried):
    for schema, statuses, words in cases:
        with open("docs/schema/%s.json" % schema) as f:
            text = json.load(f)
        jsonschema.Draft202012Validator.check_schema(text)
        validator = jsonschema.Draft202012Validator(text)
        doc = check(validator, statuses, words)
        if doc and schema not in tried and len(json.dumps(doc)) < 100000:
            tried.add(schema)
            closed(validator, doc, schema)


sys.exit(main())
