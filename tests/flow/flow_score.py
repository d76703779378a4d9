"""The score for feed readers that anyone can have of a public test, kept by a server on loopback while days go by; it must be perfect.

What that test counts (rachelbythebay.com/fs/ and /frb/): requests without validators though the server gave some; validators that were made
up, are not the latest, or come alone where two were given; polls that come sooner than an hour after the last one, or a day where nothing is
conditional and nothing was new, than the answer is fresh, than Retry-After allows, and those of a restart most of all; cookies, Referer, anything added to the
address, other pages than the feed; a User-Agent that does not say who asks. A user who asks for a poll may have it sooner, but not for
nothing either."""
import math
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime

from harness import PATIENCE_S, Daemon, Web, check, check_equal, feed_xml, lines, run

HOUR_S, DAY_S = 3600, 86400
BY_HAND_S = 300  # the daemon's refresh_floor
CAP_S = DAY_S  # so long at least a reader must believe max-age and Retry-After
AGENT = re.compile(r"[A-Za-z][\w-]*/\d+(\.\d+)*( \(\+(https?://|mailto:)[^ )]+\))?$")
BUSTERS = ("cookie", "referer", "range", "cache-control", "pragma", "a-im", "from", "origin")


@dataclass
class Seen:
    """A request and what it was answered."""
    at: float  # seconds
    path: str = "/feed"
    method: str = "GET"
    headers: list = field(default_factory=list)  # (name in small letters, value)
    run: int = 0  # of the reader
    by_hand: bool = False
    status: int = 200
    same: bool = False  # the answer had nothing that the one before it had not
    etag: str = None
    modified: str = None
    fresh_s: float = None  # None: not said
    retry_s: float = 0

    def header(self, name):
        return [value for n, value in self.headers if n == name]


# ------------------------------------------------------------------ the score

class Known:
    """What the server told a reader of one path."""

    def __init__(self):
        self.latest = (None, None)  # If-None-Match, If-Modified-Since
        self.ever = (set(), set())
        self.last = None
        self.gone = []
        self.lifetime_s, self.fresh_until = 0, 0  # of the last good answer, which a 304 renews
        self.plain = False  # the last good answer brought nothing new, and nothing to ask by

    def learn(self, seen):
        given = (seen.etag, seen.modified)
        if seen.status == 200:
            self.latest, self.plain, self.lifetime_s = given, seen.same and not any(given), 0
        elif seen.status == 304:
            self.latest, self.plain = tuple(new or old for new, old in zip(given, self.latest)), False
        if seen.status in (200, 304):
            self.lifetime_s = self.lifetime_s if seen.fresh_s is None else seen.fresh_s
            self.fresh_until = seen.at + min(self.lifetime_s, CAP_S)
        for ever, value in zip(self.ever, given):
            ever.add(value)
        self.gone = self.gone + [seen.at] if seen.status == 410 else []
        self.last = seen


def validator_marks(seen, known):
    names = ("if-none-match", "if-modified-since")
    sent = tuple((seen.header(name) or [None])[0] for name in names)
    if any(known.latest) and not any(sent):
        yield "unconditional", f"{known.latest} were given"
        return
    for name, value, latest, ever in zip(names, sent, known.latest, known.ever):
        if value == latest:
            continue
        if value is None:
            yield "half", f"{name} is missing, {latest!r} was given"
        elif value not in ever:
            yield "made up", f"{name}: {value!r} was never given"
        else:
            yield "out of sequence", f"{name}: {value!r}, the latest is {latest!r}"


def head_marks(seen, paths, agent):
    if seen.path not in paths:
        yield ("query", seen.path) if seen.path.partition("?")[0] in paths else ("path", seen.path)
    if seen.method != "GET":
        yield "method", seen.method
    for name in BUSTERS:
        if seen.header(name):
            yield name, f"{seen.header(name)}"
    for name in sorted({name for name, _ in seen.headers if len(seen.header(name)) > 1}):
        yield "twice", name
    if not AGENT.match(" ".join(seen.header("user-agent"))) or agent not in (None, seen.header("user-agent")):
        yield "user-agent", f"{seen.header('user-agent')}, before {agent}"
    if "gzip" not in " ".join(seen.header("accept-encoding")):
        yield "accept-encoding", f"{seen.header('accept-encoding')}"


def pace_marks(seen, known, held_until):
    """A second is given away: clocks are read on both sides."""
    if held_until - seen.at > 1:
        yield "retry-after", f"{held_until - seen.at:.0f} s too soon"
    if len(known.gone) > 1 and known.gone[-1] - known.gone[0] > DAY_S and not seen.by_hand:
        yield "gone", "asked again"
    if not known.last:
        return
    after, last = seen.at - known.last.at, known.last
    least = BY_HAND_S if seen.by_hand else DAY_S if known.plain else HOUR_S
    if after < least - 1:
        yield "start-up" if seen.run != last.run and not seen.by_hand else "interval", f"{after:.0f} s after the last one, not {least}"
    if known.fresh_until - seen.at > 1 and not seen.by_hand:
        yield "max-age", f"{known.fresh_until - seen.at:.0f} s before the last good answer was {known.lifetime_s:.0f} s old"


def score(log, paths):
    """[(mark, where and why)], of a log of Seen in order of time. Empty: perfect."""
    marks, knowns, agent, held_until = [], {}, None, 0
    for seen in log:
        known = knowns.setdefault(seen.path, Known())
        found = [*head_marks(seen, paths, agent), *validator_marks(seen, known), *pace_marks(seen, known, held_until)]
        marks += [(mark, f"{seen.path} at {seen.at:.0f}: {why}") for mark, why in found]
        known.learn(seen)
        agent = agent or seen.header("user-agent")
        held_until = max(held_until, seen.at + min(seen.retry_s, CAP_S))
    return marks


# ------------------------------------------------------------------ a bad reader

GOOD = [("user-agent", "reader/1.0 (+https://example.org/)"), ("accept-encoding", "gzip")]


def asks(at, inm=None, ims=None, *more, **facts):
    conditions = [(name, value) for name, value in (("if-none-match", inm), ("if-modified-since", ims)) if value]
    return Seen(at, headers=GOOD + conditions + list(more), **facts)


def perfect():
    """A day of a good reader."""
    return [asks(0, etag='"1"', modified="Mon"), asks(3600, '"1"', "Mon", status=304), asks(7200, '"1"', "Mon", etag='"2"', modified="Mon"),
            asks(7500, '"2"', "Mon", status=304, fresh_s=7200, by_hand=True), asks(14700, '"2"', "Mon", status=429, retry_s=90000),
            asks(101100, '"2"', "Mon", modified="Sun", run=1), asks(104700, None, "Sun", run=2)]


# the mark, and the requests of a bad reader in place of some of the good one's
BAD = [
    ("unconditional", {1: asks(3600)}), ("half", {1: asks(3600, '"1"', status=304)}), ("half", {1: asks(3600, None, "Mon", status=304)}),
    ("made up", {1: asks(3600, '"1"', "Mon, 01 Jan 2024 00:00:00 GMT", status=304)}), ("made up", {1: asks(3600, "1", "Mon", status=304)}),
    ("made up", {0: asks(0, None, "Thu, 01 Jan 1970 00:00:00 GMT", etag='"1"', modified="Mon")}),
    ("out of sequence", {3: asks(10800, '"1"', "Mon", etag='"2"', modified="Mon")}), ("out of sequence", {6: asks(104700, '"2"', "Sun")}),
    ("interval", {1: asks(3300, '"1"', "Mon", status=304)}), ("interval", {3: asks(7400, '"2"', "Mon", status=304, by_hand=True)}),
    ("start-up", {1: asks(2640, '"1"', "Mon", status=304, run=1)}), ("max-age", {4: asks(11100, '"2"', "Mon")}),
    ("retry-after", {5: asks(97500, '"2"', "Mon", modified="Sun", run=1)}),
    ("gone", {1: asks(3600, '"1"', "Mon", status=410), 2: asks(93600, '"1"', "Mon", status=410), 3: asks(190000, '"1"', "Mon"), 4: None, 5: None, 6: None}),
    ("cookie", {1: asks(3600, '"1"', "Mon", ("cookie", "a=b"), status=304)}), ("referer", {1: asks(3600, '"1"', "Mon", ("referer", "x"), status=304)}),
    ("cache-control", {1: asks(3600, '"1"', "Mon", ("cache-control", "no-cache"), status=304)}),
    ("twice", {1: asks(3600, '"1"', "Mon", ("if-none-match", '"0"'), status=304)}),
    ("user-agent", {0: Seen(0, headers=[("accept-encoding", "gzip")], etag='"1"', modified="Mon")}),
    ("user-agent", {1: Seen(3600, headers=[("user-agent", "Mozilla/5.0 (X11; Linux)"), ("accept-encoding", "gzip"), ("if-none-match", '"1"'),
                                           ("if-modified-since", "Mon")], status=304)}),
    ("accept-encoding", {0: Seen(0, headers=GOOD[:1], etag='"1"', modified="Mon")}), ("method", {1: asks(3600, '"1"', "Mon", method="HEAD", status=304)}),
    ("query", {1: asks(3600, path="/feed?1700000000")}), ("path", {1: asks(3600, path="/favicon.ico")}), ("path", {1: asks(3600, path="/")}),
]


def test_the_score_itself(_):
    check_equal(score(perfect(), {"/feed"}), [], "marks of a good reader")
    for mark, bad in BAD:
        log = [bad.get(i, seen) for i, seen in enumerate(perfect())]
        marks = {m for m, _ in score([seen for seen in log if seen], {"/feed"})}
        check(mark in marks, f"{bad}: {marks}, not {mark}")
    for after, wanted in ((HOUR_S, ["interval"]), (DAY_S, [])):
        log = [asks(0), asks(HOUR_S, same=True), asks(HOUR_S + after)]
        check_equal([mark for mark, _ in score(log, {"/feed"})], wanted, f"marks without validators after {after} s")
        log = [asks(0), asks(DAY_S, same=True), asks(2 * DAY_S, status=500), asks(2 * DAY_S + after)]
        check_equal([mark for mark, _ in score(log, {"/feed"})], wanted, f"marks without validators {after} s after a failure")
    for status in (304, 500):  # renewed; not touched
        log = [asks(0, etag='"1"', fresh_s=9 * HOUR_S), asks(5 * HOUR_S, '"1"', status=status, by_hand=True), asks(0, '"1"')]
        for after, wanted in ((HOUR_S, ["max-age"]), (5 * HOUR_S, ["max-age"] if status == 304 else []), (9 * HOUR_S, [])):
            log[2].at = 5 * HOUR_S + after
            check_equal([mark for mark, _ in score(log, {"/feed"})], wanted, f"marks {after} s after {status} to an answer that was fresh")


# ------------------------------------------------------------------ the server

class Resource:
    """What stands at an address, and how it changes: the next member of `plan` counts from the next request on. `answer`: a status (and
    header fields) that is given once, whatever stands here."""

    def __init__(self, *plan):
        self.plan = list(plan)
        self.now, self.same = {}, False

    def next(self):
        change = self.plan.pop(0) if self.plan else {}
        self.same = bool(self.now) and "body" not in change
        self.now = {**self.now, "headers": {}, **{k: v for k, v in change.items() if k != "answer"}}
        return change.get("answer")

    def answer(self, conditions):
        """Status, body, fields."""
        once = self.next()
        if once:
            return once[0], b"", dict(once[1])
        etag, modified = self.now.get("etag"), self.now.get("modified")
        same = conditions[0] == etag if conditions[0] else bool(modified) and conditions[1] == modified
        headers = {**self.now["headers"], **{k: v for k, v in (("ETag", etag), ("Last-Modified", modified)) if v}}
        return 304 if same else 200, b"" if same else self.now["body"].encode(), headers


def seconds(headers, now):
    """(fresh_s, retry_s) of an answer."""
    age = re.search(r"max-age=(\d+)", headers.get("Cache-Control", ""))
    retry = headers.get("Retry-After", "0")
    return int(age[1]) if age else None, int(retry) if retry.isdigit() else parsedate_to_datetime(retry).timestamp() - now


class Scoring(Web):
    """Keeps the log. `ahead_s` is how far its days have gone by."""

    def __init__(self, **resources):
        super().__init__()
        self.resources = {"/" + name: resource for name, resource in resources.items()}
        self.log, self.ahead_s, self.run, self.by_hand = [], 0, 0, set()
        web, handler = self, self.server.RequestHandlerClass

        class Handler(handler):
            def do_GET(self):
                with web.lock:
                    status, body, headers = web.see(self)
                    web.arrived.notify_all()
                self.send_response(status)
                for name, value in {**headers, "Set-Cookie": "visitor=17; Path=/"}.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_POST = do_OPTIONS = do_GET
        self.server.RequestHandlerClass = Handler

    def see(self, request):
        headers = [(name.lower(), value) for name, value in request.headers.items()]
        seen = Seen(time.time() + self.ahead_s, request.path, request.command, headers, self.run, request.path in self.by_hand)
        self.by_hand.discard(request.path)
        resource = self.resources.get(request.path) or Resource({"answer": (404, {})})
        conditions = tuple((seen.header(name) or [None])[0] for name in ("if-none-match", "if-modified-since"))
        seen.status, body, given = resource.answer(conditions)
        seen.same = resource.same
        seen.etag, seen.modified = given.get("ETag"), given.get("Last-Modified")
        seen.fresh_s, seen.retry_s = seconds(given, time.time())
        self.log.append(seen)
        return seen.status, body, given

    def count(self):
        with self.lock:
            return len(self.log)

    def report(self):
        """A line as the public test shows it."""
        conditional = sum(1 for seen in self.log if seen.header("if-none-match") or seen.header("if-modified-since"))
        answers = {status: sum(1 for seen in self.log if seen.status == status) for status in sorted({seen.status for seen in self.log})}
        return f"{len(self.log)} requests of {self.run} runs in {self.ahead_s / HOUR_S:.0f} h, {conditional} conditional, answers {answers}"


# ------------------------------------------------------------------ the reader

TIMES = {"feed": ("created_ms", "last_poll_ms", "last_ok_ms", "last_new_ms", "next_due_ms", "gap_ms", "moved_ms", "spoke_ms", "icon_due_ms"),
         "hold": ("until_ms",), "icon": ("due_ms",), "item": ("received_ms",)}


def moment(text):
    """Of a time in an answer; none: never."""
    return datetime.fromisoformat(text).timestamp() if text else math.inf


class Reader(Daemon):
    BASICS = 'allow = { "127.0.0.0/8" }\nlog_level = debug\n'  # all else as everybody has it


class World:
    """Days go by while the daemon does not run: all that it remembers becomes older."""

    def __init__(self, args, settings="", **resources):
        self.web = Scoring(**resources)
        self.paths = list(self.web.resources)
        feeds = "".join(f"feed '{path}' {{ url = '{self.web.base}{path}' }}\n" for path in self.paths)
        self.daemon = Reader(args.build, settings, feeds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()

    def rows(self):
        return [self.daemon.get(f"/feeds/{i + 1}") for i in range(len(self.paths))]

    def start(self):
        self.web.run += 1
        self.daemon.start()

    def end(self, kill=False):
        if kill:
            self.daemon.process.kill()
            self.daemon.process.wait()
        else:
            check_equal(self.daemon.stop()[0], 0, "exit code")

    def later(self, by_s, kill=False):
        self.end(kill)
        with closing(sqlite3.connect(self.daemon.database)) as database, database:
            for table, columns in TIMES.items():
                database.execute(f"UPDATE {table} SET " + ", ".join(f"{c} = {c} - {int(by_s * 1000)}" for c in columns))
        self.web.ahead_s += by_s
        self.start()

    def first(self):
        """The first polls, all at once."""
        self.start()
        for i in range(len(self.paths)):
            self.daemon.wait_poll(i + 1)

    def wait(self, good, what):
        deadline = time.monotonic() + PATIENCE_S
        while not good(rows := self.rows()):
            check(time.monotonic() < deadline, f"{what}: {rows}\n{self.daemon.log()[-3000:]}")
            time.sleep(0.01)
        return rows

    def waits(self):
        """All feeds wait for their time, and nothing was asked for that."""
        before = self.web.count()
        rows = self.wait(lambda rows: all(row["waits"] and row["waits"]["for"] in ("due-time", "host-held") for row in rows), "does not wait")
        check_equal(self.web.count(), before, "requests while nothing was due")
        return rows

    def to_next_poll(self, kill=False):
        """Starts a minute too early, where nothing may come, then when it is time, and waits until what was due is stored."""
        rows = self.waits()
        due = [moment(row["waits"]["until"] if row["waits"]["for"] == "host-held" else row["next_due"]) for row in rows]
        first = due.index(min(due))
        self.later(max(min(due) - time.time() - 60, 0), kill)
        self.waits()
        before = time.time()
        self.later(62)

        def stored(rows):
            return moment(rows[first]["last_poll"]) > before - 2 and all(
                row["waits"]["for"] == "host-held" or moment(row["next_due"]) > time.time() for row in rows)
        return self.wait(stored, "no poll")

    def judge(self, least):
        print("     ", self.web.report())
        marks = score(self.web.log, set(self.paths))
        check(not marks, "\n      ".join(f"{mark}: {why}" for mark, why in marks))
        check(self.web.count() >= least, f"{self.web.count()} requests, fewer than {least}")


# ------------------------------------------------------------------ days of a reader

def document(*numbers, title="A feed"):
    return feed_xml([(f"g{n}", f"Item {n}", f"http://example.org/{n}") for n in numbers], title).replace("<channel>", "<channel><link>/</link>")


MONDAY, TUESDAY, SUNDAY = "Mon, 02 Jan 2023 03:04:05 GMT", "tue 3 jan 2023 (about noon)", "Sunday, 01-Jan-23 00:00:00 GMT"


@lines("A1", "A2", "A3", "A4", "A7", "A10", "A11", "A12", "A13", "A14", "A18", "A40", "A41")
def test_validators_of_every_kind(args):
    """All that servers do with validators, with freshness and with refusals, and restarts all along."""
    plan = [{"etag": 'W/"1 a"', "modified": MONDAY, "body": document(1)}, {},
            {"etag": '"2"', "modified": TUESDAY}, {},  # touched: other validators, the same document
            {"etag": '"3"'}, {},  # within the same second
            {"body": document(2, 1), "etag": '"4"', "modified": MONDAY}, {},  # older than it was
            {"answer": (304, {"ETag": '"5"', "Cache-Control": "max-age=43200"})}, {"etag": '"5"'},
            {"answer": (429, {"Retry-After": "5400"})}, {"answer": (503, {"Retry-After": formatdate(time.time() + 30 * HOUR_S, usegmt=True)})},
            {"etag": None, "modified": SUNDAY, "body": document(3, 2, 1)}, {},
            {"etag": "unquoted", "modified": None, "headers": {"Cache-Control": "no-store, max-age=0", "Expires": "0"}}, {},
            {"answer": (404, {})}, {"answer": (500, {"ETag": '"error"', "Last-Modified": MONDAY})},
            {"etag": '"6"', "modified": MONDAY, "headers": {"Cache-Control": "max-age=315360000"}}, {}]
    with World(args, feed=Resource(*plan)) as w:
        w.first()
        for _ in range(20):  # in no time
            w.later(30)
            w.waits()
        while w.web.resources["/feed"].plan:
            w.to_next_poll(kill=len(w.web.resources["/feed"].plan) % 4 == 0)
        check_equal([(row["status"], row["http_status"], row["items"]) for row in w.rows()], [("ok", 304, 3)], "what came of it")
        w.judge(len(plan))


@lines("A12")
def test_polls_that_a_user_asks_for(args):
    """No sooner than the floor, and no dearer."""
    fresh = {"headers": {"Cache-Control": "max-age=50000"}}
    with World(args, feed=Resource({"etag": '"1"', "modified": MONDAY, "body": document(1), **fresh}, {}, {}, {"answer": (500, {})}, {})) as w:
        w.first()
        for _ in range(3):
            check_equal(w.daemon.request("POST", "/api/v1/feeds/1/refresh")[0], 429, "refresh below the floor")
            check_equal(w.daemon.tidings("refresh", "1").returncode, 1, "exit code of it")
            w.later(BY_HAND_S + 1)
            w.web.by_hand.add("/feed")
            w.daemon.poll(1)
        w.to_next_poll()
        w.judge(5)


@lines("A14", "A13", "A42")
def test_servers_without_validators(args):
    """What costs everything each time is asked for once a day, also after it failed and with a shorter interval for all feeds; and where
    something new comes all the time, no more than once an hour."""
    busy = [{"etag": f'"{n}"', "modified": MONDAY, "body": document(*range(n * 9, n * 9 - 20, -1))} for n in range(3, 12)]
    for settings in ("", "interval = 2h\n"):
        plain = [{"body": document(1)}, {}, {"answer": (500, {})}, {}]
        with World(args, settings, plain=Resource(*plain), busy=Resource(*busy)) as w:
            w.first()
            while sum(seen.path == "/plain" for seen in w.web.log) < len(plain):
                w.to_next_poll()
            w.judge(len(busy) + len(plain))


@lines("A23")
def test_what_is_gone(args):
    """Twice, a day apart; then never again."""
    with World(args, feed=Resource({"etag": '"1"', "body": document(1)}, {"answer": (410, {})}, {"answer": (410, {})})) as w:
        w.first()
        w.to_next_poll()
        w.to_next_poll()
        check_equal(w.rows()[0]["status"], "gone", "status")
        for _ in range(5):
            w.later(9 * DAY_S)
            w.wait(lambda rows: rows[0]["waits"]["for"] == "nothing", "does not wait for ever")
        w.end()
        w.judge(3)


run([test_the_score_itself, test_validators_of_every_kind, test_polls_that_a_user_asks_for, test_servers_without_validators, test_what_is_gone])
