"""Documents for tests/api/deployment_schema.c: deployments that were changed at random, and what
the served JSON Schema says of each.

    deployment_schema.py SCHEMA SEED COUNT

A line for each: "valid " or "wrong ", then the document. Needs Debian's python3-jsonschema.
"""

import copy
import json
import random
import sys

import jsonschema

PROBES = {"readiness": {"http": {"path": "/readyz"}, "period_seconds": 2}, "liveness": {"tcp": {}}}
TEMPLATE = {
    "version": "2.1.0", "command": ["./serve", "$(PORT)"], "env": {"MODEL": "v2"},
    "ports": {"http": 0}, "resources": {"cpu_millis": 250, "gpus": 1}, "working_dir": "/srv",
    "probes": PROBES, "stop": {"signal": "SIGINT", "drain_seconds": 1},
    "restart": {"policy": "on_failure"}, "limits": {"healthy_seconds": 30},
}
STRATEGIES = [
    {"type": "rolling", "max_surge": "50%", "max_unavailable": 1, "max_failure_ratio": 0.25},
    {"type": "recreate", "monitor_seconds": 3, "auto_rollback": False},
    {"type": "blue_green", "auto_promote": False, "preview_replicas": 1, "keep_old_seconds": 5},
    {"type": "canary", "steps": [{"set_weight": 25}, {"check": {"path": "/ok", "times": 2}},
                                 {"pause": {"seconds": 60}}, {"set_replicas": 2}, {"pause": {}}]},
]
VALUES = [
    None, True, False, 0, 1, -1, 2, 3.0, 1.5, 0.5, 1000, 10001, 604801, 2**40, "", "x", "A b", "a-",
    "25%", "101%", "0%", "rolling", "canary", "always", "SIGKILL", "node", "/x", "http", "gpu=a100",
    "x" * 64, "x" * 129, "/" + "x" * 1025, [], {}, ["x"], [1], {"x": "y"}, {"http": 0}, {"A_1": "b"},
    {"http": {}}, {"tcp": {}}, {"seconds": 1}, ["x"] * 257, {f"k{i}": "v" for i in range(65)},
]
NAMES = ["replicas", "replcas", "paused", "scaling", "user", "image", "http", "tcp", "steps",
         "name", "uid", "status", "secrets", "restart_token", "cluster", "extra", "spread_by"]


def fresh(chance):
    spec = {"replicas": 3, "template": TEMPLATE, "strategy": chance.choice(STRATEGIES),
            "placement": {"node_selector": "gpu=a100", "spread_by": "none"}, "paused": True}
    return copy.deepcopy({"name": "web", "labels": {"team": "ml"}, "description": "x",
                          "annotations": {"example.com/note": "hello"}, "spec": spec})


def containers(node):
    """Every object and list within."""
    if isinstance(node, (dict, list)):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from containers(child)


def change(document, chance):
    node = chance.choice([c for c in containers(document) if c] or [document])
    place = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
    kind = chance.choice(["replace", "replace", "remove", "add", "like"])
    if kind == "remove":
        del node[place]
    elif kind == "add" and isinstance(node, dict):
        node[chance.choice(NAMES)] = copy.deepcopy(chance.choice(VALUES))
    elif kind == "like" and isinstance(node[place], (int, float)):
        node[place] += chance.choice([-1, 1, 0.5, 10, 10000])
    elif kind == "like" and isinstance(node[place], str):
        node[place] += chance.choice(["x", "-", "/", " ", "%", "é", "x" * 70])
    else:
        node[place] = copy.deepcopy(chance.choice(VALUES))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    chance = random.Random(int(sys.argv[2]))
    for number in range(int(sys.argv[3])):
        document = fresh(chance)
        for _ in range(number % 3):
            change(document, chance)
        print("valid" if judge.is_valid(document) else "wrong", json.dumps(document))


if __name__ == "__main__":
    main()
