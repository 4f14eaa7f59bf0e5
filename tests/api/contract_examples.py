"""Every schema, body and failure of openapi.yaml has an example, and each example is what its
schema says. Needs Debian's python3-jsonschema."""

import jsonschema

METHODS = ("get", "put", "post", "patch", "delete")


class Examples:
    def __init__(self, document):
        self.document = document
        self.problems = []

    def follow(self, node):
        while "$ref" in node:
            target = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def check(self, example, schema, where):
        whole = {**schema, "components": self.document["components"]}
        for error in jsonschema.Draft202012Validator(whole).iter_errors(example):
            at = "/".join(map(str, error.absolute_path))
            self.problems.append(f"{where}: its example at /{at}: {error.message}")

    # ---- schemas ----

    def check_schemas(self):
        for name, schema in self.document["components"]["schemas"].items():
            if not schema.get("examples"):
                self.problems.append(f"schema {name} has no example")
            for example in schema.get("examples", []):
                self.check(example, schema, f"schema {name}")

    def is_shown(self, schema):
        """Is there an example of it, or of all that it is made of?"""
        schema = self.follow(schema)
        if schema.get("examples") or schema.get("maxProperties") == 0:
            return True
        parts = schema.get("allOf") or schema.get("oneOf") or [schema.get("items", {})]
        return all(part and self.is_shown(part) for part in parts)

    # ---- bodies ----

    def check_media(self, media, where):
        schema = media["schema"]
        values = [self.follow(e)["value"] for e in media.get("examples", {}).values()]
        if "example" in media:
            values.append(media["example"])
        if not values and not self.is_shown(schema):
            self.problems.append(f"{where} has no example")
        for value in values:
            self.check(value, schema, where)

    def check_bodies(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                bodies = {"request": item[method].get("requestBody", {}), **item[method]["responses"]}
                for name, body in bodies.items():
                    for media_type, media in self.follow(body).get("content", {}).items():
                        self.check_media(media, f"{method.upper()} {path} {name} {media_type}")

    # ---- failures ----

    def check_failures(self, errors):
        codes = {error["code"]: error for error in errors}
        seen = set()
        for name, response in self.document["components"]["responses"].items():
            for media in response.get("content", {}).values():
                for key, example in media.get("examples", {}).items():
                    seen.add(key)
                    self.check_failure(example["value"], codes.get(key), f"{name}, {key}")
        for code in sorted(codes.keys() - seen):
            self.problems.append(f"failure {code} has no example")

    def check_failure(self, problem, error, where):
        if error is None:
            self.problems.append(f"{where}: there is no such failure")
            return
        for name, value in {**error, "type": f"/problems/{error['code']}"}.items():
            if problem.get(name) != value:
                self.problems.append(f"{where}: {name} is {problem.get(name)!r}, not {value!r}")


def check_examples(document, errors):
    examples = Examples(document)
    examples.check_schemas()
    examples.check_bodies()
    examples.check_failures(errors)
    return examples.problems
