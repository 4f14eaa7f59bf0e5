"""Documents for tests/api/deployment_schema.c, and what the served JSON Schema says of each:

    deployment_schema.py SCHEMA            those of CASES
    deployment_schema.py SCHEMA SEED COUNT deployments that were changed at random

A line for each: "valid " or "wrong ", then the document. Of CASES, "good " or "bad " stands before
that: what it has to be. Needs Debian's python3-jsonschema.
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

PROBE, STEPS, STRATEGY = "spec.template.probes.readiness", "spec.strategy.steps", "spec.strategy"
TYPES = ["rolling", "recreate", "blue_green", "ramped", "best_effort", "canary"]


def canary(*steps):
    return {"type": "canary", "steps": list(steps)}


# (good or bad, where, what is put there); "" adds members to the document.
CASES = [
    # one of several
    ("good", PROBE, {"http": {}}), ("good", PROBE, {"tcp": {"port": "http"}}),
    ("good", PROBE, {"http": {}, "tcp": None}), ("good", PROBE, {"http": None, "tcp": {}}),
    ("good", PROBE, None),
    ("bad", PROBE, {}), ("bad", PROBE, {"http": None}), ("bad", PROBE, {"http": {}, "tcp": {}}),
    ("bad", PROBE, {"http": None, "tcp": None}), ("bad", PROBE, {"period_seconds": 2}),
    ("good", STRATEGY, canary({"set_weight": 0})), ("good", STRATEGY, canary({"pause": {}})),
    ("good", STRATEGY, canary({"set_replicas": 1}, {"check": {}}, {"pause": {"seconds": 1}})),
    ("good", STRATEGY, canary({"set_weight": 10, "pause": None, "check": None})),
    ("bad", STRATEGY, canary({})), ("bad", STRATEGY, canary({"pause": None})),
    ("bad", STRATEGY, canary({"set_weight": 10}, {})),
    ("bad", STRATEGY, canary({"set_weight": 10, "set_replicas": 1})),
    ("bad", STRATEGY, canary({"set_weight": 10, "pause": {}})),
    ("bad", STRATEGY, canary({"set_weight": 10}, {"pause": {}, "check": {}})),
    # steps belong to canaries
    ("bad", STRATEGY, {"type": "canary"}), ("bad", STRATEGY, canary()),
    ("bad", STRATEGY, {"type": "canary", "steps": None}),
    *[("bad", STRATEGY, {"type": t, "steps": [{"set_weight": 10}]}) for t in TYPES[:-1]],
    ("bad", STRATEGY, {"steps": [{"set_weight": 10}]}), ("good", STRATEGY, {"steps": []}),
    ("good", STRATEGY, {"type": "rolling", "steps": []}), ("good", STRATEGY, {"type": "recreate"}),
    # room
    ("bad", STRATEGY, {"max_surge": 0, "max_unavailable": 0}), ("bad", STRATEGY, {"max_surge": 0}),
    ("bad", STRATEGY, {"max_surge": "0%", "max_unavailable": "0%"}),
    ("bad", STRATEGY, {**canary({"pause": {}}), "max_surge": 0}),
    ("bad", STRATEGY, {"type": "recreate", "max_surge": "0%"}),
    ("good", STRATEGY, {"max_unavailable": 0}), ("good", STRATEGY, {"max_surge": 1}),
    ("good", STRATEGY, {"max_surge": 0, "max_unavailable": "1%"}), ("good", STRATEGY, {}),
    # presets
    ("good", STRATEGY, {"type": "ramped"}), ("good", STRATEGY, {"type": "best_effort"}),
    ("good", STRATEGY, {"type": "ramped", "max_surge": 1, "max_unavailable": 0}),
    ("good", STRATEGY, {"type": "best_effort", "max_surge": 0}),
    ("good", STRATEGY, {"type": "best_effort", "max_surge": 0, "max_unavailable": "20%"}),
    ("bad", STRATEGY, {"type": "ramped", "max_surge": 2}),
    ("bad", STRATEGY, {"type": "ramped", "max_unavailable": "0%"}),
    ("bad", STRATEGY, {"type": "best_effort", "max_surge": "0%"}),
    ("bad", STRATEGY, {"type": "best_effort", "max_unavailable": 20}),
    # what blue-green alone knows
    *[("bad", STRATEGY, {"type": "rolling", **member}) for member in (
        {"auto_promote": False}, {"auto_promote_after_seconds": 5}, {"keep_old_seconds": 5},
        {"preview_replicas": 1})],
    ("good", STRATEGY, {"type": "rolling", "auto_promote": True, "auto_promote_after_seconds": 0,
                        "keep_old_seconds": 30, "preview_replicas": None}),
    ("good", STRATEGY, {"type": "blue_green", "auto_promote": False, "keep_old_seconds": 0}),
    ("good", STRATEGY, {"type": "blue_green", "auto_promote_after_seconds": 5}),
    ("bad", STRATEGY, {"type": "blue_green", "auto_promote": False,
                       "auto_promote_after_seconds": 5}),
    # keys
    ("good", "spec.template.ports", {"http": 0, "a-1": 0}), ("bad", "spec.template.ports", {"A": 0}),
    ("bad", "spec.template.ports", {"http": 0, "p" * 64: 0}),
    ("good", "spec.template.env", {"A" * 256: ""}), ("bad", "spec.template.env", {"A" * 257: ""}),
    ("bad", "spec.template.env", {"1A": ""}), ("good", "labels", {"a.b-c/" + "D" * 63: ""}),
    *[("bad", "labels", {key: "x"}) for key in ("", "a..b/c", "A/b", "a/", "x" * 64, "-a", "a/b/c")],
    ("good", "annotations", {"example.com/a_b.c": "x y"}), ("bad", "annotations", {"a b": ""}),
    # annotations that the server acts on
    ("good", "annotations", {"prometheus.io/scrape": "true", "prometheus.io/path": "/m",
                             "prometheus.io/scheme": "https", "prometheus.io/port": "http"}),
    *[("bad", "annotations", {"prometheus.io/" + name: value}) for name, value in (
        ("scrape", "yes"), ("scrape", ""), ("scheme", "gopher"), ("path", "m"), ("path", ""),
        ("path", "/m?x"), ("path", "/a b"), ("path", "/a#b"), ("path", '/"'), ("path", "/\t"),
        ("path", "/\u00e9"), ("path", "/a\u2028"))],
    ("good", "annotations", {"prometheus.io/path": "/!$%26'()*+,-./:;<=>@[]^_`{|}~"}),
    ("good", "annotations", {"prometheus.io/probe": "x"}),
    # what editors add, and what came from a GET
    ("good", "", {"$schema": "http://127.0.0.1:7420/v1/schema/deployment.json"}),
    ("good", "", {"$schema": ""}), ("bad", "", {"$schema": None}), ("bad", "", {"$schema": {}}),
    ("bad", "spec", {"$schema": "x", "template": TEMPLATE}), ("bad", "", {"$id": "x"}),
    ("good", "", {"uid": "x", "status": {}, "generation": 3}), ("bad", "", {"statsu": {}}),
    # fields alone
    ("bad", "spec.replicas", -1), ("bad", "spec.replicas", 10001), ("bad", "spec.replicas", "3"),
    ("bad", "spec.template", None), ("bad", "spec.template.command", []),
    ("bad", "spec.template.version", ""), ("bad", "spec.scaling", {}), ("good", "spec.scaling", None),
    ("bad", "spec.template.stop.signal", "SIGFOO"), ("bad", "name", "Web"), ("bad", "cluster", ""),
]


def cases():
    for verdict, where, what in CASES:
        document = fresh(random.Random(0))
        document["spec"]["strategy"] = {"type": "rolling"}
        node, names = document, where.split(".")
        for name in names[:-1]:
            node = node[name]
        node.update({names[-1]: what} if where else what)
        yield verdict, document


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
    if len(sys.argv) == 2:
        for verdict, document in cases():
            print(verdict, "valid" if judge.is_valid(document) else "wrong", json.dumps(document))
        return
    chance = random.Random(int(sys.argv[2]))
    for number in range(int(sys.argv[3])):
        document = fresh(chance)
        for _ in range(number % 3):
            change(document, chance)
        print("valid" if judge.is_valid(document) else "wrong", json.dumps(document))


if __name__ == "__main__":
    main()
