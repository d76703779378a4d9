"""Readers that speak Miniflux's language: the real newsboat, and what each of its marks comes to."""
import urllib.request

from flow_access import Reader, World, basic, free_port
from harness import PATIENCE_S, Daemon, Events, Web, check, check_equal, feed_xml, run
from newsboat import Newsboat

FEEDS = {
    "a": ("Harbour Wire", "Ports & Rivers", [("a1", "Treaty signed &amp; sealed", "http://wire.example/1"),
                                            ("a2", "Rain &lt;heavy&gt;", "http://wire.example/2"), ("a3", "Ferry late", "http://wire.example/3")]),
    "b": ("Évening Paper", None, [("b1", "Treaty signed &amp; sealed", "http://wire.example/1"), ("b2", "Market day", "http://paper.example/2")]),
}
TITLES = ["Ferry late", "Market day", "Rain <heavy>", "Treaty signed & sealed", "Treaty signed & sealed"]


class Town(World):
    """Two feeds, one in a folder, that have been polled; both tell of one treaty."""

    def __init__(self, args):  # not World's: it has a feed of its own
        self.port, self.web, self.feeds = free_port(), Web(), ""
        for name, (title, folder, items) in FEEDS.items():
            self.web.serve(f"/{name}", {"body": feed_xml(items, title)})
            self.feeds += f"feed '{title}' {{ url = '{self.web.base}/{name}'\n" + (f" folder = '{folder}'\n" if folder else "") + "}\n"
        self.daemon = Daemon(args.build, f"listen = '127.0.0.1:{self.port}'\n", self.feeds).start()
        for feed in (1, 2):
            self.daemon.wait_poll(feed)

    def read(self):
        """Which items are."""
        return {i["id"] for i in self.daemon.get("/items")["items"] if i["read"]}

    def newsboat(self, *more):
        """With the lines that it is told, and nothing else."""
        done = self.daemon.tidings("access", "add", "newsboat", *more)
        check_equal(done.returncode, 0, done.stderr)
        return Newsboat(done.stdout)


def with_town(test):
    def run_it(args):
        town = Town(args)
        try:
            test(town)
            check_equal(town.daemon.stop()[0], 0, "exit code")
        finally:
            town.close()
    run_it.__name__, run_it.__doc__ = test.__name__, test.__doc__
    return run_it


@with_town
def test_reads(town):
    """What newsboat shows is what there is: titles, links, texts, feeds, folders as tags; and what was read elsewhere."""
    with town.newsboat() as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "5 unread articles"), "reload")
        rows = reader.rows("select title, url, feedurl, content, guid from rss_item order by title")
        check_equal([r[0] for r in rows], TITLES, "titles")
        native = {str(i["id"]): i for i in town.daemon.get("/items?content=html")["items"]}
        for title, url, feed, content, guid in rows:
            check_equal((title, url, feed, content), (native[guid]["title"], native[guid]["url"], str(native[guid]["feed"]), native[guid]["html"]), guid)
        town.daemon.request("PATCH", "/api/v1/items/1", {"read": True, "reports": True})
        check_equal(reader.run("reload", "print-unread"), (0, f"{5 - len(town.read())} unread articles"), "once more")
        reader.open()
        reader.wait("Évening Paper")
        reader.press("t")
        reader.wait("Ports & Rivers")
        check("Unfiled" in reader.screen.text(), reader.screen.text())


@with_town
def test_writes(town):
    """Each mark of newsboat arrives: an article opened, turned back, a feed read as a whole."""
    daemon = town.daemon
    with town.newsboat() as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "5 unread articles"), "reload")
        events = Events(daemon.socket, f"?since={daemon.seq()}&kinds=item.state")
        check_equal(events.next()["event"], "hello", "the stream")
        of_feed = {f: {i["id"] for i in daemon.get(f"/items?feed={f}")["items"]} for f in (1, 2)}

        def turned(condition, what):
            """Waits for it in the native API, and then for what the stream tells of it."""
            before = known[0]
            reader.wait_until(lambda: condition(town.read()), what)
            known[0] = town.read()
            missing = before ^ known[0]
            while missing:
                event = events.next()
                check(event and event["event"] == "item.state", f"{what}: {event}")
                missing -= set(event["data"]["ids"])

        known = [set()]
        reader.open()
        reader.wait("Harbour Wire")
        reader.press("\r")
        reader.wait("Articles in feed 'Harbour Wire'")
        reader.press("\r")
        reader.wait("Title: ")
        reader.press("q")  # it tells when the article is left
        reader.wait("Articles in feed")
        turned(lambda read: len(read & of_feed[1]) == 1, "to mark what was opened")
        opened = known[0] & of_feed[1]
        reader.press("N")
        turned(lambda read: not read & opened, "to mark it unread")
        reader.press("A")
        turned(lambda read: of_feed[1] <= read, "to mark the feed read")
        check(not of_feed[2] <= known[0], "the other feed is read, too")
        reader.press("q")
        reader.wait("Your feeds")
        reader.press("C")
        reader.wait("(y:Yes n:No)")
        reader.press("y")
        turned(lambda read: of_feed[1] | of_feed[2] <= read, "to mark all read")
        events.close()
        reader.close()
        check_equal(reader.run("reload", "print-unread"), (0, "0 unread articles"), "afterwards")


@with_town
def test_stories(town):
    """Who is shown stories has one entry for the treaty, with the other outlet under it; and has read both when it is read."""
    with town.newsboat("--stories") as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "4 unread articles"), "reload")
        rows = reader.rows("select guid, content from rss_item where title like 'Treaty%'")
        check(len(rows) == 1 and "Also told by" in rows[0][1], rows)
        story = town.daemon.get(f"/items/{rows[0][0]}")["story"]
        both = {m["item"] for m in town.daemon.get(f"/stories/{story}")["members"]}
        check_equal(len(both), 2, "reports of the treaty")
        feed = town.daemon.get(f"/items/{rows[0][0]}")["feed"]
        reader.open()
        reader.wait("Harbour Wire")
        reader.press("jk" if feed == 1 else "j")
        reader.press("A")
        reader.wait_until(lambda: both <= town.read(), "to read the story")
    numbers = Reader(town.port, basic("other", town.add("other", "--stories")["password"])).ask("GET", "/v1/feeds/counters")[1]
    of_stories = [s["read"] for s in town.daemon.get("/stories")["stories"]]
    check_equal((sum(numbers["reads"].values()), sum(numbers["unreads"].values())), (of_stories.count(True), of_stories.count(False)), "counters")


BARE = "<rss version='2.0'><channel><item><guid isPermaLink='false'>o1</guid><description>Nothing but words.</description></item></channel></rss>"


@with_town
def test_odd(town):
    """A feed without a name, an item without title, link, author and date, a category of odd letters: made by the interface itself."""
    town.web.serve("/odd", {"body": BARE})
    writer = Reader(town.port, {"X-Auth-Token": town.add("writer")["password"]})
    status, category, _ = writer.ask("POST", "/v1/categories", {"title": 'Ä/b +%&"c'})
    check_equal(status, 201, category)
    status, made, _ = writer.ask("POST", "/v1/feeds", {"feed_url": town.web.base + "/odd", "category_id": category["id"]})
    check_equal((status, made), (201, {"feed_id": 3}), "a feed")
    town.daemon.wait_poll(3)
    entry = writer.ask("GET", f"/v1/categories/{category['id']}/entries")[1]["entries"][0]
    check_equal((entry["title"], entry["url"], entry["author"], entry["content"]), ("(no title)", "", "", "Nothing but words."), "the entry")
    check_equal(entry["feed"]["category"], category, "its category")
    with town.newsboat() as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "6 unread articles"), "reload")
        check_equal(reader.rows("select title, url, author from rss_item where feedurl = '3'"), [("(no title)", "", "")], "what newsboat shows")
        reader.open()
        reader.wait("/odd")
        reader.press("t")
        reader.wait('Ä/b +%&"c')
        reader.close()
    check_equal([writer.status("DELETE", f"/v1/feeds/{made['feed_id']}"), writer.status("GET", f"/v1/entries/{entry['id']}")], [204, 404], "removed")


@with_town
def test_refused(town):
    """Without the right password, or only to look: what newsboat makes of it, and what others are told."""
    lines = town.daemon.tidings("access", "add", "newsboat", "--read-only").stdout
    with Newsboat(lines.replace('password "', 'password "x')) as reader:
        code, text = reader.run("reload")
        check(code == 1, text)
    nobody = Reader(town.port)
    for path in ("/v1/me", "//v1/feeds", "/miniflux/v1/entries"):
        status, body, headers = nobody.ask("GET", path)
        check(status == 401 and set(body) == {"error_message"} and headers["WWW-Authenticate"].startswith("Basic "), f"{path}: {status} {body}")
    for path in ("/healthcheck", "/readyz", "/miniflux/version"):
        with urllib.request.urlopen(f"http://127.0.0.1:{town.port}{path}", timeout=PATIENCE_S) as answer:
            check(answer.read() in (b"OK", b"2.2.8"), path)
    with Newsboat(lines) as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "5 unread articles"), "who may look")
    looker = Reader(town.port, {"X-Auth-Token": lines.split('"')[-2]})
    check_equal(looker.status("PUT", "/v1/entries", {"entry_ids": [1], "status": "read"}), 403, "who may only look")
    check_equal(town.read(), set(), "what is read")


@with_town
def test_opml(town):
    """newsboat that asks for the list of feeds alone reads these itself."""
    made = town.add("list", "--read-only")
    lines = f'urls-source "opml"\nopml-url "http://list:{made["password"]}@127.0.0.1:{town.port}/opml"'
    with Newsboat(lines) as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "5 unread articles"), "reload")
        check_equal([r[0] for r in reader.rows("select title from rss_item order by title")], TITLES, "titles")


if __name__ == "__main__":
    run([test_reads, test_writes, test_stories, test_odd, test_refused, test_opml])
