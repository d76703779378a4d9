"""What openapi.json says of answers, held against every native answer that a flow test gets."""
import fnmatch
import re


class Broken(AssertionError):
    pass


class Contract:
    """`document` is openapi.json as the daemon serves it. Validators are made once for each schema."""

    def __init__(self, document):
        import jsonschema  # pylint: disable=import-outside-toplevel
        self.validator = jsonschema.Draft202012Validator
        self.document = document
        self.validators = {}
        self.paths = [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "/*"), path) for path in document["paths"]]
        self.paths.sort(key=lambda pair: "{" in pair[1])  # /stories/never is no {id}
        self.seen = 0

    def check_schema(self, schema, value, what):
        key = str(schema)
        if key not in self.validators:
            self.validators[key] = self.validator({**schema, "components": self.document["components"]})
        error = next(self.validators[key].iter_errors(value), None)
        if error:
            raise Broken(f"{what} is not as openapi.json says: at /{'/'.join(map(str, error.absolute_path))}: {error.message[:500]}")
        self.seen += 1

    def check_event(self, event):
        name = event.get("event", "message").capitalize()
        ref = {"$ref": f"#/components/schemas/{name if name in ('Hello', 'Reset') and 'kind' not in event['data'] else 'Change'}"}
        self.check_schema(ref, event["data"], f"event {name}")

    def _media(self, method, path, status):
        """The content that an answer may have, by media type; {} for none."""
        found = next((text for pattern, text in self.paths if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(found, {}).get(method.lower().replace("head", "get"))
        if status >= 400 or operation is None:
            if status < 400 and method != "OPTIONS":
                raise Broken(f"{method} {path} is not in openapi.json, but answers {status}")
            return self.document["components"]["responses"]["Problem"]["content"]
        if str(status) not in operation["responses"]:
            raise Broken(f"{method} {path} answers {status}, which openapi.json does not know")
        return operation["responses"][str(status)].get("content", {})

    def check(self, method, target, status, kind, body):
        path = re.split(r"[?#]", target)[0]
        if not re.match(r"/+api/+v1(/|$)", path):
            return
        media = self._media(method, re.sub("/+", "/", path), status)
        what = f"the answer {status} to {method} {target}"
        kind = kind.partition(";")[0]
        if method == "HEAD" or method == "OPTIONS":
            return
        if not kind and not media:
            if body:
                raise Broken(f"{what} has a body without a type")
            return
        known = next((m for m in media if fnmatch.fnmatchcase(kind, m)), None)
        if not known:
            raise Broken(f"{what} is {kind or 'nothing'}, not {' or '.join(media) or 'nothing'}")
        self.check_schema(media[known]["schema"], body, what)
