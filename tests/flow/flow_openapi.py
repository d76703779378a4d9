"""openapi.json is a description that holds: every flow's answers are held against it, and what differs is found."""
import copy
from contextlib import closing

import harness
from contract import Broken
from harness import Daemon, Events, Web, check, check_equal, feed_xml, run

FEED = feed_xml([("a", "First", "http://example.org/1"), ("b", "Second", "http://example.org/2")])


def broken(contract, *args):
    try:
        contract.check(*args)
    except Broken as e:
        return str(e)
    raise harness.Failed(f"not found: {args}")


def references(part):
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        part = part.values()
    for value in part if not isinstance(part, (str, int, float, bool, type(None))) else []:
        yield from references(value)


def test_document(args):
    daemon = Daemon(args.build).start()
    try:
        document = daemon.get("/openapi.json")
        contract = harness.checked.contract
        check_equal(document["openapi"], "3.1.0", "version")
        for schema in document["components"]["schemas"].values():
            contract.validator.check_schema(schema)
        for reference in references(document):
            part = document
            for name in reference.removeprefix("#/").split("/"):
                check(name in part, f"{reference} leads nowhere")
                part = part[name]
    finally:
        daemon.close()


def test_what_differs_is_found(args):
    """The answers as they are pass; with anything else in them they don't."""
    with closing(Web()) as web:
        web.serve("/1", {"body": FEED})
        daemon = Daemon(args.build, "", f"feed 'a' {{ url = '{web.base}/1'\nfolder = 'F' }}").start()
        try:
            daemon.wait_poll(1)
            contract = harness.checked.contract
            kind = "application/json"
            for path in ("/", "/status", "/feeds", "/feeds/1", "/folders", "/counts", "/items?content=html", "/items/1", "/stories/1", "/changes"):
                before = contract.seen
                answer = daemon.get(path)
                check_equal(contract.seen, before + 1, f"{path} was looked at")
                target = "/api/v1" + path
                check("'more_yet' was unexpected" in broken(contract, "GET", target, 200, kind, {**answer, "more_yet": 1}), target)
                broken(contract, "GET", target, 201, kind, answer)
                broken(contract, "GET", target, 200, "text/plain", answer)
                broken(contract, "GET", target.partition("?")[0] + "/x/y", 200, kind, answer)
            for path, at in (("/feeds", "feeds"), ("/items", "items"), ("/changes", "changes")):
                answer = daemon.get(path)
                less, other = copy.deepcopy(answer), copy.deepcopy(answer)
                del less["epoch"]
                other[at][0]["feed" if at != "feeds" else "id"] = "1"
                check("'epoch' is a required" in broken(contract, "GET", "/api/v1" + path, 200, kind, less), path)
                check(f"at /{at}/0/" in broken(contract, "GET", "/api/v1" + path, 200, kind, other), path)
            status, problem, headers = daemon.request("GET", "/api/v1/items/99")
            check_equal(status, 404, "status")
            broken(contract, "GET", "/api/v1/items/99", 404, headers["Content-Type"], {**problem, "code": "none-such"})
            broken(contract, "GET", "/api/v1/items/99", 404, kind, problem)
            with closing(Events(daemon.socket, "?since=0")) as events:
                for event in (events.next(), events.next()):
                    contract.check_event(event)
                    try:
                        contract.check_event({**event, "data": {**event["data"], "more_yet": 1}})
                    except Broken:
                        continue
                    raise harness.Failed(f"not found in {event}")
        finally:
            daemon.close()


run([test_document, test_what_differs_is_found])
