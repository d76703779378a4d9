"""What a daemon has said, and whether its database agrees after it was killed."""
import collections
import json
import os
import re
import threading

from harness import Failed, check, check_equal

TITLE = re.compile(r"(\d+-\d+) v(\d+)$")
UNTOUCHED = (False, False)
OUTCOMES = (("item", "new"), ("item", "update"), ("feed", "ok"), ("feed", "error"))  # of a poll


SCHEMAS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "schema")
NEWEST = 1 + max(int(name.split(".")[0]) for name in os.listdir(SCHEMAS))  # version of a database that has all tables
VISIBLE = "url NOT LIKE 'removed:%'"  # of a removed feed rows may still be there, which nobody sees


def is_made(db):
    """The first start was not cut off while it made the tables: before that nothing can be told."""
    return db.execute("PRAGMA user_version").fetchone()[0] >= NEWEST


def path_of(url):
    return "/" + url.split("/", 3)[3]


class Model:
    """Filled by many threads while the daemon lives; check_database() is for one, when it does not. What a client asked for and was not
    answered may have happened or not: both stay possible until the database tells."""

    def __init__(self):
        self.lock = threading.Lock()
        self.changes = {}  # seq -> (kind, op, ids), as told
        self.items = {}  # id -> (feed, name)
        self.ids = {}  # (feed, name) -> id
        self.versions = {}  # id -> newest shown
        self.states = {}  # id -> possible (read, starred); absent: nobody touched it
        self.read = set()  # ids that somebody has asked to be read, which reads their copies
        self.read_copies = set()  # what these are copies of; None: one is gone, and nobody knows
        self.stars = set()  # ids that had one for certain
        self.feeds = {}  # path -> possible ids, 0 for none; a new id that nobody knows is None
        self.names = {}  # path -> possible names that a user gave
        self.polled = set()  # feeds whose poll was told in this life
        self.asked = collections.Counter()  # path -> polls that a client has asked for in this life
        self.due = set()  # paths that were due when this life began
        self.first_seq = 0  # of this life
        self.figures = collections.Counter()

    # -- told by the daemon --

    def show(self, item):
        """An item as an answer or an event holds it."""
        if item.get("deleted") or item.get("omitted"):
            return
        match = TITLE.match(item["title"])
        check(match, f"item {item['id']} has the title {item['title']!r}")
        key = (item["feed"], match[1])
        with self.lock:
            self.figures["items shown"] += item["id"] not in self.items
            check_equal(self.items.setdefault(item["id"], key), key, f"item {item['id']}, shown as another before")
            check_equal(self.ids.setdefault(key, item["id"]), item["id"], f"id of {key}, which was shown before")
            self.versions[item["id"]] = max(self.versions.get(item["id"], 0), int(match[2]))

    def tell(self, change):
        """A line of the change log."""
        line = (change["kind"], change["op"], change["ids"])
        with self.lock:
            check_equal(line, self.changes.setdefault(change["seq"], line), f"change {change['seq']}, told before")
            if change["seq"] > self.first_seq and line[:2] in OUTCOMES:
                self.polled.update(change["ids"] if change["kind"] == "feed" else [change["feed"]])
        for item in change.get("items", ()):
            self.show(item)

    # -- asked of the daemon --

    def choose(self, rng, part, parts):
        """An id that only this client changes, or None."""
        with self.lock:
            newest = max(self.items, default=0)
            for _ in range(20):
                found = rng.randint(1, newest) if newest else 0
                if found in self.items and found % parts == part:
                    return found
        return None

    @staticmethod
    def _after(states, wanted):
        return {(wanted.get("read", read), wanted.get("starred", starred)) for read, starred in states}

    def mark_begin(self, ids, wanted):
        with self.lock:
            if not wanted.get("starred", True):
                self.stars -= set(ids)
            if wanted.get("read"):
                self.read |= set(ids)
            for item in ids:
                before = self.states.setdefault(item, {UNTOUCHED})
                self.states[item] = before | self._after(before, wanted)

    def mark_done(self, ids, wanted):
        with self.lock:
            for item in ids:
                self.states[item] = self._after(self.states[item], wanted)
            self.figures["states acknowledged"] += len(ids)

    def star(self, item, starred):
        """While the item was there; of a batch nobody knows whether all were."""
        with self.lock:
            if starred:
                self.stars.add(item)

    def subscribe_begin(self, path):
        with self.lock:
            self.feeds[path] = self.feeds.get(path, {0}) | {None}
            self.asked[path] += 1

    def subscribed(self, path, number, new):
        with self.lock:
            self.asked[path] -= not new
            possible = self.feeds[path]
            check(number in possible or None in possible, f"{path} has the id {number}, not one of {possible}")
            self.feeds[path] = {number}
            self.figures["subscriptions acknowledged"] += 1

    def remove_begin(self, path):
        with self.lock:
            self.feeds[path] = self.feeds[path] | {0}
            self.names[path] = self.names.get(path, {None}) | {None}

    def removed(self, path):
        with self.lock:
            self.feeds[path] = {0}
            self.names[path] = {None}
            self.figures["removals acknowledged"] += 1

    def rename_begin(self, path, name):
        with self.lock:
            self.names[path] = self.names.get(path, {None}) | {name}

    def renamed(self, path, name):
        with self.lock:
            self.names[path] = {name}
            self.figures["names acknowledged"] += 1

    # -- the dead daemon's database --

    def begin_life(self, due, seq):
        self.asked.clear()
        self.polled.clear()
        self.due = due
        self.first_seq = seq

    def check_database(self, db, now_ms):
        check_equal([r[0] for r in db.execute("PRAGMA integrity_check")], ["ok"], "integrity")
        check_equal(db.execute("PRAGMA foreign_key_check").fetchall(), [], "foreign keys")
        if not is_made(db):
            check(not self.changes and not self.feeds, "an empty database")
            return
        lines = self._read_changes(db)
        self._check_changes(lines)
        feeds = db.execute("SELECT id, url, next_due_ms, last_poll_ms, name FROM feed WHERE " + VISIBLE).fetchall()
        self._check_feeds(feeds, now_ms)
        self._check_items(db, lines)

    @staticmethod
    def _read_changes(db):
        lines = {}
        last = 0
        for seq, kind, op, first, detail in db.execute("SELECT seq, kind, op, id, detail FROM change ORDER BY rowid"):
            check(seq > last, f"change {seq} after {last}")
            last = seq
            lines[seq] = (kind, op, [first] + json.loads(detail).get("ids", []))
        return lines

    def _check_changes(self, lines):
        for seq, line in self.changes.items():
            check_equal(lines.get(seq), line, f"change {seq}, which was told")

    def _check_feeds(self, feeds, now_ms):
        found = {path_of(url): (number, name) for number, url, _, _, name in feeds}
        check_equal(len(found), len(feeds), "feeds, each once")
        for path, possible in self.feeds.items():
            number, name = found.get(path, (0, None))
            check(number in possible or (number and None in possible), f"{path} has the id {number}, not one of {possible}")
            self.feeds[path] = {number}
            if path in self.names:
                check(name in self.names[path], f"feed {number} has the name {name}, not one of {self.names[path]}")
                self.names[path] = {name}
        for number, url, next_due, last_poll, _ in feeds:
            due = next_due is not None and next_due <= now_ms
            check(not due or last_poll is None or path_of(url) in self.due, f"feed {number} is due again, and was not in flight")
            check(not due or number not in self.polled, f"feed {number} is due again, and its poll was told")

    def _check_items(self, db, lines):
        deleted = {i for kind, op, ids in lines.values() if (kind, op) == ("item", "delete") for i in ids}
        feeds = {r[0] for r in db.execute("SELECT id FROM feed WHERE " + VISIBLE)}
        rows = {}
        keys = set()
        for number, feed, title, read, starred, original in db.execute("SELECT id, feed, title, read, starred, coalesce(copy_of, id) FROM item"):
            match = TITLE.match(title)
            rows[number] = ((feed, match[1]), int(match[2]), (bool(read), bool(starred)), original)
            check((feed, match[1]) not in keys, f"{match[1]} is there twice in feed {feed}")
            keys.add((feed, match[1]))
            check_equal(self.ids.get((feed, match[1]), number), number, f"id of {match[1]}, which was shown before")
        self.read_copies |= {rows[number][3] if number in rows else None for number in self.read}
        for number, key in self.items.items():
            if number in rows:
                self._check_item(number, key, rows[number])
            else:
                self._check_absent(number, key, number in deleted, key[0] in feeds)
        self.figures["items"] = len(rows)

    def _check_item(self, number, key, row):
        found, version, state, original = row
        check_equal(found, key, f"item {number}")
        check(version >= self.versions[number], f"item {number} is version {version}, {self.versions[number]} was shown")
        possible = self.states.get(number, {UNTOUCHED})
        if self.read_copies & {original, None}:
            possible = possible | self._after(possible, {"read": True})
        check(state in possible, f"item {number} has the state {state}, not one of {possible}")
        if number in self.states or state != UNTOUCHED:
            self.states[number] = {state}

    def _check_absent(self, number, key, deleted, feed_there):
        check(deleted, f"item {number} ({key}) was shown and is lost")
        check(not (feed_there and number in self.stars), f"item {number} ({key}) was dropped in spite of its star")

    def check_requests(self, requests):
        """Each feed was asked as often as somebody wanted, in this life."""
        for path, count in requests.items():
            allowed = self.asked[path] + (path in self.due)
            if count > allowed:
                raise Failed(f"{path} was asked {count} times, wanted {allowed} times")
