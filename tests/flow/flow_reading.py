"""What is read together, how alike items must be to be one story, and which of them is shown."""
import signal
import sqlite3
import time
from contextlib import closing

from harness import Daemon, Web, check, check_equal, feed_xml, run

WIRE = ("The president landed in the capital on Tuesday night for talks with his host, the first visit of its kind in twenty-four years. Both sides are "
        "expected to sign a treaty on mutual defence, officials said, while thousands of people lined the avenues with flags. Diplomats in the region "
        "watched with unease; sanctions have brought the two countries closer together than at any time since the end of the cold war.")
REPORT = ("Flags, portraits and a handshake at the airport: the capital received the president on Tuesday night. A treaty on mutual defence is to be "
          "signed, and the host, who waited at the foot of the stairs, spoke of a visit that the region will remember.")
AGAIN = "Treaty on mutual defence: the president in the capital on Tuesday, with flags at the airport, a handshake, and a host who waited."
GARDEN = "Tomatoes want warmth, water in the morning and patience. Our gardener explains how to tie them, and when to pinch out the side shoots."
BRIEFING = ("The president landed in the capital; a treaty on defence is to be signed. Showers are expected up north. Shares closed higher, oil fell, gold "
            "was steady; a museum reopens on Sunday after repairs that took three winters. Trams stop at noon for a marathon. Bakers ask for cheaper flour.")


class World:
    """A daemon with feeds of which each has had its first poll, of nothing that matters."""

    def __init__(self, args, names, config="", sections=None):
        self.web = Web()
        self.items = {name: [(f"{name}0", f"Welcome to {name}", f"{self.web.base}/{name}/0", f"Nothing yet at {name}.")] for name in names}
        self.feeds = {name: n for n, name in enumerate(names, 1)}
        for name in names:
            self.serve(name)
        self.text = "".join(f"feed '{n}' {{ url = '{self.web.base}/{n}'\n{(sections or {}).get(n, '')} }}\n" for n in names)
        self.daemon = Daemon(args.build, config, self.text).start()
        for number in self.feeds.values():
            self.daemon.wait_poll(number)

    def serve(self, name):
        self.web.serve(f"/{name}", {"body": feed_xml(self.items[name], name)})

    def tell(self, name, title, text, link=None):
        """One more item, polled; its members."""
        number = len(self.items[name])
        self.items[name].insert(0, (f"{name}{number}", title, link or f"{self.web.base}/{name}/{number}", text))
        self.serve(name)
        self.daemon.poll(self.feeds[name])
        return self.daemon.get("/items?limit=1")["items"][0]

    def story(self, item):
        return self.daemon.get(f"/stories/{item['story']}")

    def read(self, item):
        return [m["source"] for m in self.story(item)["members"] if m["read"]]

    def close(self):
        self.daemon.close()
        self.web.close()


def test_copies(args):
    """A copy of what was read is read when it comes, and rings no bell; other reports do."""
    with closing(World(args, "ABCDE")) as w:
        d = w.daemon
        first = w.tell("A", "President lands in capital for talks", WIRE)
        status, item, _ = d.request("PATCH", f"/api/v1/items/{first['id']}", {"read": True})
        check_equal((status, item["read"]), (200, True), "read")
        with d.watch() as watch:
            copy = w.tell("B", "A visit after 24 years", WIRE)
            linked = w.tell("C", "Worth reading", "A link.", f"{w.web.base}/A/1?utm_source=c")
            check_equal((copy["story"], copy["read"], linked["story"], linked["read"]), (first["story"], True, first["story"], True), "copies")
            story = w.story(first)
            check_equal((story["read"], story["items"], story["sources"]), (True, 3, 3), "the story")
            report = w.tell("D", "Capital receives the president with flags", REPORT)
            check_equal((report["story"], report["read"]), (first["story"], False), "the report")
            check("\tgrown\t" in watch.stdout.readline(), "the report alone rings")
        d.request("PATCH", f"/api/v1/stories/{first['story']}", {"read": False})
        check_equal(w.read(first), [], "unread again")
        d.request("PATCH", f"/api/v1/items/{linked['id']}", {"read": True})
        check_equal(w.read(first), ["A", "B", "C"], "read by the last of the copies")
        d.request("PATCH", f"/api/v1/stories/{first['story']}", {"read": False})
        since = d.seq()
        status, story, _ = d.request("PATCH", f"/api/v1/stories/{first['story']}", {"read": True})
        check_equal((status, story["read"], w.read(first)), (200, False, ["A", "B", "C"]), "the story, as it is shown")
        told = [c for c in d.changes(since)["changes"] if c["kind"] == "item"]
        check_equal([(c["op"], c["ids"]) for c in told], [("state", [first["id"], copy["id"], linked["id"]])], "lines")
        check_equal(d.tidings("read", str(first["story"])).returncode, 0, "tidings read")
        check_equal(w.story(first)["read"], True, "all of it")
        late = w.tell("E", "A treaty, flags and a visit", AGAIN)
        check_equal((late["story"], late["read"]), (first["story"], False), "a later report")


def test_reports(args):
    """With the other setting a story that was read stays so, over a restart and until it is set back."""
    with closing(World(args, "ABC", "reading = reports\n")) as w:
        d = w.daemon
        first = w.tell("A", "President lands in capital for talks", WIRE)
        d.request("POST", "/api/v1/items/batch", {"ids": [first["id"]], "set": {"read": True}})
        d.stop()
        d.start()
        report = w.tell("B", "Capital receives the president with flags", REPORT)
        check_equal((report["story"], report["read"]), (first["story"], True), "a report")
        d.write_config("reading = copies\n", w.text)
        d.send(signal.SIGHUP)
        d.wait_log("config.reloaded")
        late = w.tell("C", "A treaty, flags and a visit", AGAIN)
        check_equal((late["story"], late["read"]), (first["story"], False), "a later one")
        status, answer, _ = d.request("PATCH", f"/api/v1/items/{late['id']}", {"read": True, "reports": True})
        check_equal((status, answer["read"], w.story(first)["read"]), (200, True, True), "as the request says")


def test_levels(args):
    """Whose word counts; what is off is known by its address alone, and noted for a time when it is not."""
    config = "stories = normal\nfolder 'Quiet' { stories = off }\n"
    with closing(World(args, "ABCD", config, {"C": "folder = 'Quiet'", "D": "folder = 'Quiet'\nstories = wide"})) as w:
        d = w.daemon
        levels = [tuple(d.get(f"/feeds/{n}")["grouping"].values()) for n in range(1, 5)]
        check_equal(levels, [("normal", "daemon"), ("normal", "daemon"), ("off", "folder"), ("wide", "feed")], "levels")
        check("stories\toff, set for its folder: only what has the same address is one\n" in d.tidings("why", "C").stdout, d.tidings("why", "C").stdout)
        check("stories\twide, set for this feed\n" in d.tidings("why", "D").stdout, d.tidings("why", "D").stdout)
        first = w.tell("A", "President lands in capital for talks", WIRE)
        quiet = w.tell("C", "A visit after 24 years", WIRE)
        check(quiet["story"] != first["story"], "the same text is another story")
        linked = w.tell("C", "Worth reading", "A link.", f"{w.web.base}/A/1")
        check_equal(linked["story"], first["story"], "the same address is not")
        check_equal(w.tell("D", "A visit", WIRE)["story"], first["story"], "another feed of the folder")
        with closing(sqlite3.connect(d.database)) as database:
            check_equal(database.execute("SELECT min(level), max(level), count(*) FROM fingerprint JOIN item i ON i.id = item"
                                          " WHERE feed = 3").fetchone(), (1, 1, 3), "what is noted")
        status, problem, _ = d.request("PATCH", f"/api/v1/folders/{d.get('/feeds/3')['folder']['id']}", {"stories": "normal"})
        check_equal((status, problem["code"]), (409, "declared-in-configuration"), "a folder of the configuration")
        status, feed, _ = d.request("PATCH", "/api/v1/feeds/2", {"stories": "off"})
        check_equal((status, feed["stories"]), (200, "off"), "set by a user")
        check(w.tell("B", "A visit, says B", WIRE)["story"] != first["story"], "from now on")
        d.write_config("stories = off\n", w.text.replace("stories = wide", ""))
        d.send(signal.SIGHUP)
        d.wait_log("config.reloaded")
        while d.get("/feeds/1")["grouping"]["level"] != "off":  # the file is read before its feeds are
            time.sleep(0.01)
        levels = [tuple(d.get(f"/feeds/{n}")["grouping"].values()) for n in range(1, 5)]
        check_equal(levels, [("off", "daemon"), ("off", "feed"), ("off", "daemon"), ("off", "daemon")], "after a reload")
        check(w.tell("D", "Another visit", WIRE)["story"] not in (first["story"], quiet["story"]), "nothing is compared")


def test_lead(args):
    """The headline is that of the item nearest to what all tell; the line of the story that has grown tells it."""
    with closing(World(args, "ABCDE")) as w:
        d = w.daemon
        first = w.tell("A", "Morning briefing: president, treaty, rain, museum", BRIEFING)
        w.tell("B", "Defence treaty brings president to capital: morning of rain", "")
        w.tell("C", "In the capital the president signs a treaty on defence", "")
        check_equal((w.story(first)["lead"], w.story(first)["sources"]), (first["id"], 3), "at first")
        since = d.seq()
        best = w.tell("D", "President in the capital, a treaty on defence", "In the capital: a president, defence, a treaty.")
        story = w.story(first)
        check_equal((best["story"], story["lead"], story["title"], story["source"]), (first["story"], best["id"], best["title"], "D"), "the lead")
        check_equal((story["published"], story["members"][0]["item"]), (story["members"][0]["received"], first["id"]), "its times stay")
        lines = [c for c in d.changes(since)["changes"] if c["kind"] == "story"]
        check_equal([(c["op"], c["stories"][0]["title"]) for c in lines], [("grown", best["title"])], "lines")
        check(f"\t{best['title']}\t" in d.tidings("list").stdout, d.tidings("list").stdout)
        shown = d.tidings("show", str(first["story"])).stdout
        check(shown.startswith(best["title"] + "\n") and "a president, defence, a treaty." in shown and "closed" not in shown, shown)
        d.stop()
        with closing(sqlite3.connect(d.database)) as database, database:
            database.execute("UPDATE story SET updated_ms = updated_ms - 73 * 3600000 WHERE id = ?", (first["story"],))
        d.start()
        check_equal(w.story(first)["closed"], True, "without news for three days")
        check(", closed, sources: 4\n" in d.tidings("show", str(first["story"])).stdout, "closed")


run([test_copies, test_reports, test_levels, test_lead])
