"""Every file of tests/data/flow is one case: what the server serves, when the feed is polled, and what must be seen then."""
import glob
import json
import os
import sys

from harness import Daemon, Failed, Web, arguments, check

# A case: {"title", "lines"? [of the card of manners, see tests/manners/manners.py], "config"?, "feeds"? [path, ...], "steps": [...]}. The first poll of all feeds comes by itself after "serve" of the first step.
# A step may: "serve" {path: answer | [answers]}, "poll" [feed numbers, from 1], then "expect" any of
#   "requests": [{"path", "headers"? {name: value or null}}]  what the server saw since the last step, in any order of paths
#   "feed": members of feed 1, "feeds": {"2": members}; "items": [members], by id; "stories": [members], newest first
#   "changes": ["item.new", ...] since the last step
# Strings in an expectation may begin with "~": then they need only be contained.


def matches(got, wanted, where):
    if isinstance(wanted, dict):
        check(isinstance(got, dict), f"{where}: {got!r} is no object")
        for key, value in wanted.items():
            matches(got.get(key), value, f"{where}.{key}")
    elif isinstance(wanted, list):
        check(isinstance(got, list) and len(got) == len(wanted), f"{where}: {json.dumps(got)[:600]}, wanted {len(wanted)}")
        for i, value in enumerate(wanted):
            matches(got[i], value, f"{where}[{i}]")
    elif isinstance(wanted, str) and wanted.startswith("~"):
        check(isinstance(got, str) and wanted[1:] in got, f"{where}: {got!r} lacks {wanted[1:]!r}")
    else:
        check(got == wanted, f"{where}: {got!r}, not {wanted!r}")


class Case:
    def __init__(self, args, path):
        with open(path, encoding="utf-8") as f:
            self.script = json.load(f)
        self.folder = os.path.dirname(path)
        self.web = Web()
        self.paths = self.script.get("feeds", ["/feed"])
        feeds = "".join(f'feed "Feed {i + 1}" {{ url = \'{self.web.base}{p}\' }}\n' for i, p in enumerate(self.paths))
        self.daemon = Daemon(args.build, self.script.get("config", ""), feeds)
        self.seq = 0

    def text(self, value):
        """{base} stands for the server's address, {file:NAME} for a file beside the case."""
        if isinstance(value, str):
            if value.startswith("{file:"):
                with open(os.path.join(self.folder, value[6:-1]), "rb") as f:
                    return f.read()
            return value.replace("{base}", self.web.base)
        if isinstance(value, list):
            return [self.text(v) for v in value]
        if isinstance(value, dict):
            return {k: self.text(v) for k, v in value.items()}
        return value

    def serve(self, step):
        for path, answers in self.text(step.get("serve", {})).items():
            self.web.serve(path, *(answers if isinstance(answers, list) else [answers]))

    def poll(self, step, first):
        if first:
            self.daemon.start()
            for i in range(len(self.paths)):
                self.daemon.wait_poll(i + 1)
        for feed in step.get("poll", []):
            self.daemon.poll(feed)

    def requests(self, wanted):
        got = self.web.take_requests()
        wanted = sorted(wanted, key=lambda r: r["path"])
        got.sort(key=lambda r: r["path"])
        matches([{"path": r["path"]} for r in got], [{"path": r["path"]} for r in wanted], "requests")
        for g, w in zip(got, wanted):
            matches(g, w, f"request for {w['path']}")

    def expect(self, wanted):
        changes = self.daemon.changes(self.seq)
        self.seq = changes["seq"]
        if "requests" in wanted:
            self.requests(wanted["requests"])
        self.web.take_requests()
        if "feed" in wanted:
            matches(self.daemon.get("/feeds/1"), wanted["feed"], "feed")
        for number, members in wanted.get("feeds", {}).items():
            matches(self.daemon.get(f"/feeds/{number}"), members, f"feed {number}")
        if "items" in wanted:
            matches(self.daemon.get("/items?order=received&dir=asc&content=html")["items"], wanted["items"], "items")
        if "stories" in wanted:
            matches(self.daemon.get("/stories")["stories"], wanted["stories"], "stories")
        if "changes" in wanted:
            got = [f'{c["kind"]}.{c["op"]}' for c in changes["changes"]]
            check(sorted(got) == sorted(wanted["changes"]), f"changes: {got}, not {wanted['changes']}")

    def run(self):
        try:
            for i, step in enumerate(self.script["steps"]):
                self.serve(step)
                self.poll(step, i == 0)
                try:
                    self.expect(self.text(step.get("expect", {})))
                except Failed as e:
                    raise Failed(f"step {i + 1}: {e}") from e
            code, seconds = self.daemon.stop()
            check(code == 0, f"exit code {code}\n{self.daemon.log()}")
            check(seconds < 5, f"took {seconds:.1f} s to stop")
        finally:
            self.daemon.close()
            self.web.close()


def main():
    args = arguments()
    cases = sorted(glob.glob(os.path.join(args.source, "tests", "data", "flow", "*.json")))
    failed = 0
    for path in cases:
        name = os.path.basename(path)
        try:
            case = Case(args, path)
            case.run()
            print(f"ok    {name} {' '.join(case.script.get('lines', []))}".rstrip())
        except (Failed, OSError, KeyError, ValueError) as e:
            failed += 1
            print(f"FAIL  {name}: {type(e).__name__}: {e}")
    print(f"{len(cases) - failed} of {len(cases)} cases passed")
    sys.exit(1 if failed or not cases else 0)


main()
