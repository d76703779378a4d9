"""Feeds that give their items new ids or addresses: nothing old is told as new, nothing new is missed, and states stay."""
import json
from contextlib import closing

from harness import Daemon, Web, check, check_equal, run

WORDS = "amber birch cedar delta ember fjord grove heath islet joist knoll larch meadow nettle osprey plover".split()


def item(n, guid="id-{n}", link="http://town.example/news/{n}", title="The {word} is back", text="What is told of the {word} in item {n}, in full.", day=None):
    """An item; the formats know its number and its word."""
    values = {"n": n, "word": WORDS[n % len(WORDS)]}
    return [f.format(**values) for f in (guid, link, title, text)] + [n if day is None else day]


def rss(items):
    body = "".join(f"<item><guid isPermaLink='false'>{g}</guid><link>{l}</link><title>{t}</title><description>{x}</description>"
                   + (f"<pubDate>{1 + d:02} Nov 2026 10:00:00 GMT</pubDate>" if d >= 0 else "") + "</item>" for g, l, t, x, d in reversed(items))
    return f"<rss version='2.0'><channel><title>Town</title><link>http://town.example/</link>{body}</channel></rss>"


def why(daemon):
    """What `tidings why` says, by its labels."""
    rows = [line.split("\t") for line in daemon.tidings("why", "town").stdout.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 2}


class World:
    """A daemon with one feed whose document has been polled once: two items read, one starred."""

    def __init__(self, args, items):
        self.web = Web()
        self.web.serve("/feed", {"body": rss(items)})
        self.daemon = Daemon(args.build, "", f"feed 'Town' {{ url = '{self.web.base}/feed' }}\n").start()
        self.daemon.wait_poll(1)
        self.first = self.items()
        for n, state in ((0, {"read": True}), (1, {"read": True, "starred": True})):
            if n < len(self.first):
                self.daemon.request("PATCH", f"/api/v1/items/{self.first[n]['id']}", state)
        self.first = self.items()

    def items(self):
        return self.daemon.get("/items?dir=asc&limit=1000")["items"]

    def poll(self, items):
        """Polls this document. What was told of it: by kind, the titles or, where something is not new, the ids."""
        since = self.daemon.seq()
        self.web.serve("/feed", {"body": rss(items)})
        self.daemon.poll(1)
        now = {i["id"]: i for i in self.items()}
        told = {}
        for change in self.daemon.changes(since)["changes"]:
            ids = [now[i]["title"] if change["kind"] == "item" and change["op"] == "new" else i for i in change["ids"]]
            told.setdefault(f"{change['kind']}.{change['op']}", []).extend(ids)
        for was in self.first:
            check_equal([now[was["id"]][k] for k in ("read", "starred", "story")], [was[k] for k in ("read", "starred", "story")], "the old item")
        return told

    def close(self):
        self.daemon.close()
        self.web.close()


def news(told):
    """Titles of new items; each has opened a story."""
    check_equal(len(told.get("story.new", [])), len(told.get("item.new", [])), f"stories of {told}")
    return told.get("item.new", [])


def test_all_guids(args):
    """Nothing is told at all, and a truly new one in the same document is."""
    old = [item(n) for n in range(12)]
    with closing(World(args, old)) as w:
        check_equal(w.poll([item(n, guid="urn:uuid:{word}-{n}") for n in range(12)]), {}, "all guids")
        check_equal(news(w.poll([item(n, guid="again/{n}") for n in range(2, 14)])), ["The meadow is back", "The nettle is back"], "and two new ones")
        check_equal(len(w.items()), 14, "items")
        row = w.daemon.get("/feeds/1")["identity"]
        check_equal((row["rule"], row["rekeyed_items"]), ("link", 10), "identity")


def test_host_and_scheme(args):
    """The site moves; links are told to have changed, and shown."""
    old = [item(n, guid="http://town.example/news/{n}") for n in range(12)]
    with closing(World(args, old)) as w:
        move = {"link": "https://www.town-news.example/news/{n}", "guid": "https://www.town-news.example/news/{n}"}
        told = w.poll([item(n, **move) for n in range(1, 13)])
        check_equal(news(told), ["The meadow is back"], "new")
        check_equal(sorted(told["item.update"]), [i["id"] for i in w.first[1:]], "updates")
        check(all(i["url"].startswith("https://www.town-news") for i in w.items()[1:]), w.items())
        check(all(i["revisions"] == 0 for i in w.items()), "revisions")
        check_equal(w.poll([item(n, **move) for n in range(1, 13)]), {}, "the same again")


def test_links_that_are_guids(args):
    old = [item(n, guid="http://town.example/news/{n}", day=-1) for n in range(12)]
    with closing(World(args, old)) as w:
        told = w.poll([item(n, guid="https://town.example/{word}/{n}.html", link="https://town.example/{word}/{n}.html", day=-1) for n in range(12)])
        check_equal(news(told), [], "new")
        check_equal(len(told["item.update"]), 12, "updates")


def test_new_guids_each_time(args):
    """The rule changes after the second time, and `tidings why` says so."""
    old = [item(n) for n in range(12)]
    with closing(World(args, old)) as w:
        check_equal(why(w.daemon)["items"], "known by their ids", "before")
        for turn in range(5):
            check_equal(news(w.poll([item(n, guid=f"{turn}-{{n}}") for n in range(turn + 1, turn + 13)])), [item(turn + 12)[2]], "new")
        row = w.daemon.get("/feeds/1")["identity"]
        check_equal((row["rule"], row["reason"], row["items"]), ("link", "renewed", 11), "identity")
        shown = why(w.daemon)
        check(shown["items"].startswith("known by their links, else title and text: they have new ids at each poll; since 20"), shown)
        check(shown["re-keyed"].endswith("items known all the same: 11"), shown)
        check_equal(json.loads(w.daemon.tidings("why", "1", "--json").stdout)["identity"], row, "--json")


def test_headline_in_guid_and_link(args):
    """One item is edited among others; Miniflux's #2358."""
    old = [item(n) for n in range(6)]
    with closing(World(args, old)) as w:
        edited = item(3, guid="delta-gone", link="http://town.example/news/delta-gone", title="The delta is gone")
        told = w.poll(old[:3] + [edited] + old[4:])
        check_equal(told, {"item.update": [w.first[3]["id"]]}, "told")
        check_equal(w.items()[3]["title"], "The delta is gone", "title")


def test_what_comes_each_day(args):
    """Under one title, with one text, each is another item; also when they all get new ids."""
    thread = {"title": "Open thread", "text": "What is on your mind today? Tell us here."}
    with closing(World(args, [item(0, **thread)])) as w:
        for n in range(1, 5):
            check_equal(news(w.poll([item(n, **thread)])), ["Open thread"], "one a day")
        check_equal(news(w.poll([item(n, **thread) for n in range(3, 7)])), ["Open thread"] * 2, "two more")
        moved = {**thread, "guid": "new-{n}", "link": "https://other.example/{n}"}
        check_equal(news(w.poll([item(n, **moved) for n in range(3, 8)])), ["Open thread"], "moved, and one more")
        check_equal(len(w.items()), 8, "items")


def test_no_guids(args):
    with closing(World(args, [item(n, guid="") for n in range(6)])) as w:
        row = w.daemon.get("/feeds/1")["identity"]
        check_equal((row["rule"], row["reason"], row["items"]), ("link", "empty", 6), "identity")
        check_equal(w.poll([item(n, guid="now-{n}") for n in range(6)]), {}, "guids later")
        check("they have no ids" in why(w.daemon)["items"], "why")


run([test_all_guids, test_host_and_scheme, test_links_that_are_guids, test_new_guids_each_time, test_headline_in_guid_and_link,
     test_what_comes_each_day, test_no_guids])
