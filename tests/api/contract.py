"""Compares openapi.yaml with what the program says of itself.

    contract.py OPENAPI ROUTES SCHEMA ANSWERS ERRORS OPENAPI_JSON

ROUTES: JSON of the route table. SCHEMA: what --print-schema prints. ANSWERS: JSON list of answers
that handlers gave: {operation, status, media_type, body}. ERRORS: JSON list of {code, status,
title}. OPENAPI_JSON: what is served as /openapi.json. Prints every difference; exit 1 if any.
"""

import json
import re
import sys

import yaml

from contract_examples import check_examples

METHODS = ("get", "put", "post", "patch", "delete")
# Bodies around the objects: they have no field table.
AROUND = {
    "Problem", "FieldError", "DryRun", "DeploymentPatch", "DeploymentList", "ReplicaList", "ReplicaProbesList", "RevisionList", "RolloutList",
    "NodeList", "EventList", "ClusterList", "LabelList", "TokenList", "Endpoints", "Endpoint", "NodeRegistered", "NodeRejoin", "NodeStopUnknown", "Assignments",
    "ReportResult", "RejectedChange", "PrometheusTarget", "Health", "Version",
    "Explanation", "Budget", "BlockedReplica", "PlannedAction", "WaitResult", "RevisionDiff",
    "FieldChange", "PlanResult", "Quarantined", "PlannedPlacement", "Timeline", "TimelineStep",
}


class Contract:
    def __init__(self, document):
        self.document = document
        self.problems = []

    def problem(self, text):
        self.problems.append(text)

    def follow(self, node):
        """The node that a $ref stands for."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def whole(self, schema):
        """A schema with the members of all that its allOf names."""
        schema = self.follow(schema)
        parts = [self.whole(part) for part in schema.get("allOf", [])] + [schema]
        if len(parts) == 1:
            return schema
        whole = {k: v for part in parts for k, v in part.items() if k != "allOf"}
        whole["properties"] = {k: v for p in parts for k, v in p.get("properties", {}).items()}
        whole["required"] = [name for p in parts for name in p.get("required", [])]
        return whole

    # ---- the document in itself ----

    def check_references(self, node, where="#"):
        if isinstance(node, list):
            for position, item in enumerate(node):
                self.check_references(item, f"{where}/{position}")
        if not isinstance(node, dict):
            return
        if "$ref" in node:
            try:
                self.follow(node)
            except (KeyError, TypeError):
                self.problem(f"{where}: {node['$ref']} leads nowhere")
        for name, item in node.items():
            self.check_references(item, f"{where}/{name}")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def parameters(self, operation, place):
        listed = [self.follow(p) for p in operation.get("parameters", [])]
        return [p["name"] for p in listed if p["in"] == place]

    # ---- against the route table ----

    def check_operation(self, route, operation):
        name = f"{route['method']} {route['pattern']}"
        for key, field in (("operationId", "operation_id"), ("x-scope", "scope")):
            if operation.get(key) != route[field]:
                self.problem(f"{name}: {key} is {operation.get(key)}, the table has {route[field]}")
        in_path = re.findall(r"{(\w+)}", route["pattern"])
        if self.parameters(operation, "path") != in_path:
            self.problem(f"{name}: path parameters differ")
        if sorted(self.parameters(operation, "query")) != sorted(route["parameters"]):
            self.problem(f"{name}: query parameters are {self.parameters(operation, 'query')}, "
                         f"the table has {route['parameters']}")
        takes_key = "Idempotency-Key" in self.parameters(operation, "header")
        if takes_key != route["takes_key"]:
            self.problem(f"{name}: an Idempotency-Key is described or it is not, unlike the table")
        if ("requestBody" in operation) != route["takes_body"]:
            self.problem(f"{name}: a body is described or it is not, unlike the table")
        if (operation.get("security") == []) != (route["scope"] == "open"):
            self.problem(f"{name}: security does not fit its scope")
        if "default" not in operation["responses"]:
            self.problem(f"{name}: failures are not described")
        self.check_conditional(name, route, operation)
        self.check_listing(name, route, operation)

    def check_conditional(self, name, route, operation):
        """What may be answered with 304 says how one asks for it."""
        asks = "If-None-Match" in self.parameters(operation, "header")
        if route["method"] == "GET" and asks != ("304" in operation["responses"]):
            self.problem(f"{name}: has 304 without If-None-Match, or the other way round")

    def check_listing(self, name, route, operation):
        """What q=, sort= and state= of a list know."""
        schemas = {p["name"]: p["schema"] for p in map(self.follow, operation.get("parameters", []))}
        if operation.get("x-filter-fields") != route.get("filter_fields"):
            self.problem(f"{name}: x-filter-fields is not {route.get('filter_fields')}")
        if "sort" in route["parameters"]:
            words = [word for field in route["sort_fields"] for word in (field, "-" + field)]
            if schemas["sort"].get("enum") != words:
                self.problem(f"{name}: the enum of sort is not {words}")
        if "state" in route["parameters"] and schemas["state"]["items"]["enum"] != route["states"]:
            self.problem(f"{name}: the enum of state is not {route['states']}")

    def check_routes(self, routes):
        table = {(r["method"], r["pattern"]): r for r in routes}
        described = {(m, p): o for m, p, o in self.operations()}
        for key in sorted(table.keys() - described.keys()):
            self.problem(f"{key[0]} {key[1]} is not described")
        for key in sorted(described.keys() - table.keys()):
            self.problem(f"{key[0]} {key[1]} is described and does not exist")
        for key in table.keys() & described.keys():
            self.check_operation(table[key], described[key])

    # ---- against the field tables ----

    def bare(self, node):
        """A schema without what only people read."""
        if isinstance(node, list):
            return [self.bare(item) for item in node]
        if not isinstance(node, dict):
            return node
        kept = {k: self.bare(v) for k, v in node.items() if k not in ("examples", "description")}
        # Members may have those names, too.
        if isinstance(node.get("properties"), dict):
            kept["properties"] = {k: self.bare(v) for k, v in node["properties"].items()}
        return kept

    def check_schemas(self, schema):
        text = json.dumps(schema["$defs"]).replace("#/$defs/", "#/components/schemas/")
        tables = json.loads(text)
        described = self.document["components"]["schemas"]
        for name in sorted(tables.keys() | described.keys()):
            if name in AROUND and name not in tables:
                continue
            if name not in described:
                self.problem(f"schema {name} is not described")
            elif name not in tables:
                self.problem(f"schema {name} has no field table")
            elif self.bare(described[name]) != self.bare(tables[name]):
                self.problem(f"schema {name} differs from its field table: "
                             f"{json.dumps(tables[name])}")

    # ---- against answers ----

    def check_answer(self, answer):
        for _, _, operation in self.operations():
            if operation["operationId"] == answer["operation"]:
                break
        responses = operation["responses"]
        response = self.follow(responses.get(str(answer["status"]), responses["default"]))
        where = f"{answer['operation']} {answer['status']}"
        if answer["status"] < 300 and str(answer["status"]) not in responses:
            self.problem(f"{where} is not described")
            return
        content = response.get("content", {})
        if answer["body"] is None:
            if answer["status"] in (204, 304) and content:
                self.problem(f"{where}: described with a body, it has none")
            return
        if answer["media_type"] not in content:
            self.problem(f"{where}: media type {answer['media_type']} is not described")
            return
        self.check_value(answer["body"], content[answer["media_type"]]["schema"], where)

    def check_value(self, value, schema, where):
        schema = self.whole(schema)
        if "oneOf" in schema:
            self.check_one_of(value, schema["oneOf"], where)
        self.check_type(value, schema, where)
        if "enum" in schema and value not in schema["enum"]:
            self.problem(f"{where}: {value!r} is not in the enum")
        if "const" in schema and value != schema["const"]:
            self.problem(f"{where}: {value!r} is not {schema['const']!r}")
        if isinstance(value, dict):
            self.check_members(value, schema, where)
        if isinstance(value, list):
            for position, item in enumerate(value):
                self.check_value(item, schema.get("items", {}), f"{where}.{position}")
        if isinstance(value, str) and "pattern" in schema:
            if not re.search(schema["pattern"], value):
                self.problem(f"{where}: {value!r} does not match {schema['pattern']}")
        if isinstance(value, int) and value < schema.get("minimum", value):
            self.problem(f"{where}: {value} is below the minimum")

    def check_one_of(self, value, choices, where):
        before, fits = self.problems, 0
        for choice in choices:
            self.problems = []
            self.check_value(value, choice, where)
            fits += not self.problems
        self.problems = before
        if fits != 1:
            self.problem(f"{where}: fits {fits} of {len(choices)} choices")

    def check_type(self, value, schema, where):
        if "type" not in schema:
            return
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer",
                 float: "number", type(None): "null"}
        name = names[type(value)]
        if name not in types and not (name == "integer" and "number" in types):
            self.problem(f"{where}: is {name}, described as {schema['type']}")

    def check_members(self, value, schema, where):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                self.problem(f"{where}: {name} is missing")
        for name, item in value.items():
            if name in known:
                self.check_value(item, known[name], f"{where}.{name}")
            elif known and not schema.get("additionalProperties"):
                self.problem(f"{where}: {name} is not described")
            elif isinstance(schema.get("additionalProperties"), dict):
                self.check_value(item, schema["additionalProperties"], f"{where}.{name}")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        contract = Contract(yaml.load(file, Loader=yaml.CSafeLoader))
    contract.check_references(contract.document)
    contract.check_routes(load(sys.argv[2]))
    contract.check_schemas(load(sys.argv[3]))
    for answer in load(sys.argv[4]):
        contract.check_answer(answer)
    contract.problems += check_examples(contract.document, load(sys.argv[5]))
    if load(sys.argv[6]) != contract.document:
        contract.problem("/openapi.json is another document than openapi.yaml")
    for problem in contract.problems:
        print(problem)
    return 1 if contract.problems else 0


if __name__ == "__main__":
    sys.exit(main())
