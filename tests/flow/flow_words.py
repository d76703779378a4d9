"""What users say of stories: merged, split, pinned, kept apart, never grouped; obeyed by what comes later, after restarts, kills and
rebuilds."""
import random
import signal
from contextlib import closing

from harness import Daemon, Events, Web, check, check_equal, feed_xml, run

WIRE = ("The president landed in the capital on Tuesday night for talks with his host, the first visit of its kind in twenty-four years. Both "
        "sides are expected to sign a treaty on mutual defence, officials said, while thousands of people lined the avenues with flags.")
REPORT = ("Flags, portraits and a handshake at the airport: the capital received the president on Tuesday night. A treaty on mutual defence is "
          "to be signed, and the host, who waited at the foot of the stairs, spoke of a visit that the region will remember.")
GARDEN = ("Tomatoes want warmth, water in the morning and patience. Our gardener explains how to tie them, when to pinch out the side shoots, "
          "and why the lowest leaves should go first.")
FEEDS = 6


class World:
    def __init__(self, args, level="normal"):
        self.web = Web()
        self.items = {feed: [] for feed in range(1, FEEDS + 1)}
        for feed in self.items:
            self.web.serve(f"/{feed}", {"body": feed_xml([])})
        self.daemon = Daemon(args.build)
        self.set_level(level)
        self.daemon.start()
        for feed in self.items:
            self.daemon.wait_poll(feed)

    def set_level(self, level):
        feeds = "".join(f"feed 'F{feed}' {{ url = '{self.web.base}/{feed}' }}\n" for feed in self.items)
        self.daemon.write_config(f"stories = {level}\n", feeds)

    def reload(self, level):
        self.set_level(level)
        before = self.daemon.log().count("config.reloaded")
        self.daemon.send(signal.SIGHUP)
        while self.daemon.log().count("config.reloaded") == before or self.daemon.log().count("feeds.loaded") <= before + 1:
            check(self.daemon.process.poll() is None, self.daemon.log())

    def publish(self, feed, *items):
        """Items (guid, title, text[, link]), the oldest first."""
        for guid, title, text, *link in items:
            self.items[feed].insert(0, (guid, title, link[0] if link else f"https://{feed}.example/{guid}", text))
        self.web.serve(f"/{feed}", {"body": feed_xml(self.items[feed])})
        self.daemon.poll(feed)

    def restart(self, number=signal.SIGTERM):
        self.daemon.stop(number)
        self.daemon.start()

    def all(self):
        return self.daemon.get("/items?limit=1000&dir=asc")["items"]

    def item(self, title):
        return next(i["id"] for i in self.all() if i["title"] == title)

    def story(self, title):
        return next(i["story"] for i in self.all() if i["title"] == title)

    def partition(self):
        stories = {}
        for item in self.all():
            stories.setdefault(item["story"], []).append(item["title"])
        return sorted(stories.values())

    def say(self, *words):
        done = self.daemon.tidings(*[str(w) for w in words])
        check_equal((done.returncode, done.stderr), (0, ""), f"tidings {' '.join(map(str, words))}")
        return done.stdout

    def rebuild(self):
        """After one that was cut off has been done."""
        while self.daemon.tidings("stories", "rebuild", "--since", "2d").returncode:
            pass
        check_equal(self.say("stories", "rebuild", "--since", "2d"), "rebuild: done\n", "rebuild")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


def put_visit(w):
    w.publish(1, ("a", "President lands in capital for talks", WIRE))
    w.publish(2, ("b", "A visit after 24 years", WIRE))
    w.publish(3, ("c", "Capital receives the president with flags", REPORT))
    w.publish(4, ("g", "How to tie tomatoes", GARDEN))
    check_equal([len(s) for s in w.partition()], [3, 1] if w.partition()[0][0] < "H" else [1, 3], "stories")


def test_split_and_late_items(args):
    """Late items join the part that they resemble more, told and read again; the notifier is not rung."""
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        with World(args) as w:
            put_visit(w)
            events = Events(w.daemon.socket, "?kinds=story")
            check_equal(events.next()["event"], "hello", "first event")
            first, moved = w.story("A visit after 24 years"), w.item("Capital receives the president with flags")
            w.say("split", first, moved)
            event = events.next()
            other = w.story("Capital receives the president with flags")
            check_equal((event["event"], event["data"]["ids"]), ("story.split", [first, other]), "event")
            check_equal([s["title"] for s in event["data"]["stories"]],
                        ["President lands in capital for talks", "Capital receives the president with flags"], "stories of the event")
            events.close()
            if number:
                w.restart(number)
            w.publish(5, ("c2", "Handshake at the airport", REPORT), ("a2", "President in the capital for a visit", WIRE))
            w.publish(6, ("d", "Treaty, flags, portraits: capital and president",
                          "Defence was what officials spoke of; sanctions, diplomats, avenues with portraits, a host at the airport stairs."))
            check_equal((w.story("Handshake at the airport"), w.story("President in the capital for a visit")), (other, first), "late items")
            check(w.story("Treaty, flags, portraits: capital and president") in (first, other), "one that tells of both")
            why = w.say("why", "story", other)
            check("you put it there" in why and f"you keep it apart from story {first}" in why and "pinned" in why, why)
            check_equal(w.daemon.get(f"/stories/{other}")["apart"], [first], "apart")


def test_merge_and_its_aliases(args):
    with World(args) as w:
        put_visit(w)
        first, garden = w.story("A visit after 24 years"), w.story("How to tie tomatoes")
        w.say("apart", garden, first)
        check("merged into story" in w.say("merge", garden, first), "words")
        w.restart(signal.SIGKILL)
        w.publish(5, ("g2", "Tomatoes again", GARDEN))
        check_equal(w.story("Tomatoes again"), first, "a late item")
        check_equal(w.daemon.get(f"/stories/{garden}")["id"], first, "the id of what was merged")
        check_equal(len(w.daemon.get(f"/items?story={garden}")["items"]), 5, "items by that id")
        check_equal(w.daemon.get(f"/stories/{first}")["apart"], [], "the last word counts")
        w.say("unpin", first)
        check(not any(m["pinned"] for m in w.daemon.get(f"/stories/{first}")["members"]), "unpinned")
        lost = w.daemon.tidings("merge", str(first), "999")
        check_equal(lost.returncode, 4, lost.stderr)
        check_equal(w.daemon.tidings("split", str(first), "x").returncode, 2, "usage")


def test_never(args):
    with World(args) as w:
        check_equal(w.say("never", "2.Example"), "2.example\n", "answer")
        w.publish(1, ("a", "President lands in capital for talks", WIRE))
        w.publish(2, ("b", "A visit after 24 years", WIRE))
        check_equal(len(w.partition()), 2, "stories")
        check_equal(w.say("never", "--list"), "2.example\n", "list")
        w.restart()
        w.publish(2, ("b2", "A visit", WIRE))
        check_equal(len(w.partition()), 3, "stories")
        check_equal(w.say("never", "--undo", "2.example"), "", "answer")
        w.rebuild()
        check_equal(len(w.partition()), 1, "stories after it was taken back")
        check_equal(w.daemon.tidings("never").returncode, 2, "usage")


def words(seed):
    """Headlines with some words of an event, and some of their own."""
    draw = random.Random(seed)
    while True:
        event, own = draw.randrange(30), draw.randrange(3, 7)
        yield " ".join(f"w{event}x{draw.randrange(9)}" if n < own else f"v{draw.randrange(20000)}" for n in range(9))


def test_rebuild(args):
    """Strict, wide, strict: the first state, but for what users said. Nothing is told as new, polls and kills in between do not matter."""
    with World(args, "strict") as w:
        titles = words(1)
        for _ in range(4):
            for feed in w.items:
                w.publish(feed, *((f"{feed}.{len(w.items[feed])}.{n}", next(titles), "") for n in range(6)))
        first, seq = w.partition(), w.daemon.seq()
        w.rebuild()
        check_equal((w.partition(), w.daemon.seq()), (first, seq), "by the same level")
        pinned = next(s for s in first if len(s) == 2)
        w.say("pin", w.story(pinned[0]))
        w.reload("wide")
        w.rebuild()
        wide = w.partition()
        check(len(wide) < len(first), f"{len(wide)} stories instead of {len(first)}")
        check(any(pinned[0] in s and pinned[1] in s for s in wide), "pinned")
        split = next(s for s in wide if len(s) > 3 and pinned[0] not in s)
        w.say("split", w.story(split[0]), w.item(split[-1]))
        w.restart()
        w.rebuild()
        check_equal(len(w.partition()), len(wide) + 1, "by the same level once more")
        w.set_level("strict")
        w.restart(signal.SIGKILL)
        w.say("unpin", w.story(pinned[0]))
        status, answer, _ = w.daemon.request("POST", "/api/v1/stories/rebuild", {"since": "2020-01-01T00:00:00Z"})
        check_equal((status, answer["task"]["state"]), (202, "running"), "rebuild")
        w.restart(signal.SIGKILL)
        w.rebuild()
        last = w.partition()
        check(not any(split[0] in s and split[-1] in s for s in last), "what was split")
        said = set(split)
        check_equal([s for s in last if not said & set(s)], [s for s in first if not said & set(s)], "the first state")
        news = [c for c in w.daemon.changes(seq)["changes"] if c["kind"] == "story" and c["op"] in ("new", "grown")]
        check_equal(news, [], "news")


def test_rebuild_is_one_at_a_time(args):
    with World(args) as w:
        check_equal(w.daemon.get("/stories/rebuild")["task"], None, "no task yet")
        check_equal(w.daemon.tidings("stories", "rebuild").returncode, 2, "without an age")
        check_equal(w.daemon.tidings("stories", "rebuild", "--since", "2y").returncode, 2, "an age that is none")
        put_visit(w)
        w.rebuild()
        task = w.daemon.get("/stories/rebuild")["task"]
        check_equal((task["state"], task["done"]), ("done", task["total"]), "task")


run([test_split_and_late_items, test_merge_and_its_aliases, test_never, test_rebuild, test_rebuild_is_one_at_a_time])
