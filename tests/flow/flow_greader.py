"""The face of Google Reader by TCP: the real newsboat reads and writes, and requests as other readers write them."""
import http.client
import json
import random
import re
import socket
import urllib.parse
from contextlib import closing

from harness import PATIENCE_S, Daemon, Events, Web, check, check_equal, feed_xml, run
from newsboat import Newsboat

API = "/reader/api/0/"
STATE = "user/-/state/com.google/"
BASE = 10**15


def free_port():
    """One that nobody had a moment ago, and that no connection is given by itself."""
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.randrange(10000, 32000)))
                return s.getsockname()[1]
            except OSError:
                continue


class World:
    """Two feeds, of which the second tells one article of the first again; the first is in a folder whose name has everything in it."""

    def __init__(self, args, *access):
        self.port = free_port()
        self.web = Web()
        self.web.serve("/wire", {"body": feed_xml([("w1", "Treaty signed", "http://wire.example/1"), ("w2", "Rain", "http://wire.example/2")], "Wire")})
        self.web.serve("/paper", {"body": feed_xml([("p1", "Treaty signed", "http://wire.example/1"), ("p2", "Market", "http://paper.example/2")], "Paper")})
        feeds = f"feed 'Wire' {{ url = '{self.web.base}/wire'\n folder = 'A/B &+é%' }}\nfeed 'Paper' {{ url = '{self.web.base}/paper' }}\n"
        self.daemon = Daemon(args.build, f"listen = '127.0.0.1:{self.port}'\n", feeds).start()
        for feed in (1, 2):
            self.daemon.wait_poll(feed)
        done = self.daemon.tidings("--json", "access", "add", "joe", *access)
        check_equal(done.returncode, 0, done.stderr)
        self.password = json.loads(done.stdout)["password"]
        self.fields = {}

    def send(self, method, path, body=None, **fields):
        """As written: status, text, fields."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body.encode() if body else None, {**self.fields, **{k.replace("_", "-"): v for k, v in fields.items()}})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def text(self, method, path, body=None, **fields):
        status, text, _ = self.send(method, path, body, **fields)
        check_equal(status, 200, f"{method} {path}: {text}")
        return text

    def json(self, path, body=None):
        return json.loads(self.text("POST" if body else "GET", path, body))

    def log_in(self, text):
        self.fields = {"Authorization": "GoogleLogin auth=" + re.search("^Auth=(.*)$", text, re.M)[1]}
        return self.fields["Authorization"][17:]

    def ids(self, query):
        return [int(ref["id"]) - BASE for ref in self.json(f"{API}stream/items/ids?output=json&{query}")["itemRefs"]]

    def item(self, title, feed=1):
        return next(i for i in self.daemon.get(f"/items?feed={feed}")["items"] if i["title"] == title)

    def close(self):
        self.daemon.close()
        self.web.close()


# ------------------------------------------------------------------ newsboat

def newsboat(w):
    return Newsboat(f'''urls-source "feedhq"
feedhq-url "http://127.0.0.1:{w.port}"
feedhq-login "joe"
feedhq-password "{w.password}"
feedhq-show-special-feeds no
feedhq-flag-star "s"''')


def test_newsboat_reads(args):
    """What it shows; and that it is read elsewhere, and unread again, is seen by its next reload."""
    with closing(World(args)) as w, newsboat(w) as reader:
        check_equal(reader.run("reload", "print-unread"), (0, "4 unread articles"), "newsboat")
        rows = reader.rows("select title, url, guid, unread from rss_item order by title, feedurl")
        check_equal([r[:2] for r in rows], [("Market", "http://paper.example/2"), ("Rain", "http://wire.example/2"),
                                            ("Treaty signed", "http://wire.example/1"), ("Treaty signed", "http://wire.example/1")], "what it shows")
        rain = w.item("Rain")
        check(f"tag:google.com,2005:reader/item/{BASE + rain['id']:016x}" in [r[2] for r in rows], rows)
        w.daemon.request("PATCH", f"/api/v1/items/{rain['id']}", {"read": True})
        check_equal(reader.run("reload", "print-unread"), (0, "3 unread articles"), "after it was read elsewhere")
        w.daemon.request("PATCH", f"/api/v1/items/{rain['id']}", {"read": False})
        check_equal(reader.run("reload", "print-unread"), (0, "4 unread articles"), "after it was unread again")


def test_newsboat_writes(args):
    """Each key is seen in the native interface, and on the event stream."""
    with closing(World(args)) as w, newsboat(w) as reader:
        reader.run("reload")
        stream = Events(w.daemon.socket, f"?since={w.daemon.seq()}")

        def turned(item, **state):
            """Waits for it, and that the stream tells it with the next number."""
            reader.wait_until(lambda: all(w.daemon.get(f"/items/{item}")[k] == v for k, v in state.items()), f"to make item {item} {state}")
            while True:
                event = stream.next()
                if event["event"] == "item.state" and item in event["data"]["ids"]:
                    return

        reader.open()
        reader.wait("Wire")
        reader.press("\r")
        reader.wait("Articles in feed")
        reader.press("\r")
        reader.wait("Title: ")
        reader.wait("About ")
        item = w.item(re.search("Title: (.*)", reader.screen.text())[1])["id"]
        reader.press("q")  # it tells only then
        turned(item, read=True)
        reader.wait("Articles in feed")
        reader.press("N")
        turned(item, read=False)
        reader.press("\x05")  # of the next one
        reader.wait("Flags")
        reader.press("s\r")
        turned(next(i["id"] for i in w.daemon.get("/items?feed=1")["items"] if i["id"] != item), starred=True)
        reader.press("q")
        reader.wait("Your feeds")
        reader.press("A")
        reader.wait_until(lambda: not w.daemon.get("/items?feed=1&read=false")["items"], "to mark the feed read")
        # the article that the other feed tells, too, is read there as well
        check_equal([i["title"] for i in w.daemon.get("/items?read=false")["items"]], ["Market"], "what is left to read")
        stream.close()


# ------------------------------------------------------------------ others, as they write (reference of the face, 4)

def test_liferea(args):
    """Shows its token as T alone where it wants texts; addresses feeds by URL where it marks."""
    with closing(World(args)) as w:
        token = w.log_in(w.text("POST", "/accounts/ClientLogin", f"service=reader&Email=joe&Passwd={w.password}&source=liferea&continue=http://www.google.com/"))
        feeds = w.json(API + "subscription/list")["subscriptions"]
        check_equal([(f["id"], f["title"], f["categories"][0]["label"]) for f in feeds], [("feed/1", "Wire", "A/B &+é%"), ("feed/2", "Paper", "Unfiled")], "feeds")
        refs = w.json(f"{API}stream/items/ids?client=liferea&n=50&s=feed%2F1")["itemRefs"]
        check(all(list(ref) == ["id"] for ref in refs), refs)
        check_equal(w.text("GET", API + "token"), token, "token")
        w.fields = {}
        body = "&".join("i=" + ref["id"] for ref in refs) + f"&T={token}"
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        items = json.loads(w.text("POST", API + "stream/items/contents", body, **form))["items"]
        check_equal(sorted(i["title"] for i in items), ["Rain", "Treaty signed"], "items")
        check(all(i["updated"] == i["published"] and i["categories"][0] == STATE + "reading-list" for i in items), items)
        rain = next(i for i in items if i["title"] == "Rain")
        seq = w.daemon.seq()
        url = urllib.parse.quote("feed/" + feeds[0]["url"], safe="")
        body = f"i={urllib.parse.quote(rain['id'], safe='')}&s={url}&a=user%2F-%2Fstate%2Fcom.google%2Fread&ac=edit-tags&T={token}&async=true"
        check_equal(w.text("POST", API + "edit-tag?client=liferea", body, **form), "OK", "edit-tag")
        w.daemon.wait_change(seq, "item.state")
        check_equal(w.item("Rain")["read"], True, "read")
        status, text, headers = w.send("POST", API + "stream/items/contents", "i=1&T=joe/wrong", **form)
        check_equal((status, headers["Google-Bad-Token"], headers["X-Reader-Google-Bad-Token"]), (401, "true", "true"), text)
        check(token not in w.daemon.log() and w.password not in w.daemon.log(), "a secret in the log")


def test_rss_guard(args):
    """FreshRSS' paths; tells the folders first, then the ids of each feed, then texts, with everything unescaped; no T."""
    with closing(World(args)) as w:
        def path(rest):
            return "/api/greader.php/reader/api/0/" + rest
        w.log_in(w.text("POST", "/api/greader.php/accounts/ClientLogin", f"Email=joe&Passwd={w.password}"))
        w.text("GET", path("user-info?output=json"))
        folders = [t["id"] for t in w.json(path("tag/list?output=json"))["tags"] if t.get("type") == "folder"]
        for feed in w.json(path("subscription/list?output=json"))["subscriptions"]:
            check(feed["categories"][0]["id"] in folders, feed)
            refs = w.json(path(f"stream/items/ids?output=json&n=9999&s={urllib.parse.quote(feed['id'], safe='')}&xt={STATE}read"))["itemRefs"]
            items = w.json(path("stream/items/contents?output=json&n=200000"), "&".join(
                f"i=tag:google.com,2005:reader/item/{int(r['id']):016x}" for r in refs))["items"]
            check_equal([i["origin"]["streamId"] for i in items], [feed["id"]] * 2, "items")
        edit = f"a={STATE}read&" + "&".join("i=" + i["id"] for i in items)
        check_equal(w.text("POST", path("edit-tag"), edit), "OK", "edit-tag")
        check_equal([i["title"] for i in w.daemon.get("/items?read=false")["items"]], ["Rain"], "left to read, since a copy is read with its article")


def test_readrops(args):
    """Logs in with a form in parts, and makes folders with edit-tag."""
    with closing(World(args)) as w:
        part = 'Content-Disposition: form-data; name="{}"\r\nContent-Length: 3\r\n\r\n{}\r\n'
        body = "--b\r\n" + part.format("Email", "joe") + "--b\r\n" + part.format("Passwd", w.password) + "--b--\r\n"
        token = w.log_in(w.text("POST", "/greader/accounts/ClientLogin", body, Content_Type="multipart/form-data; boundary=b"))
        check_equal(len(w.json(API + "stream/contents/" + STATE + "reading-list?n=2500")["items"]), 4, "items")
        check_equal(w.text("POST", API + "edit-tag", f"T={token}&a=user/-/label/Späti"), "OK", "a folder")
        check("Späti" in [f["name"] for f in w.daemon.get("/folders")["folders"]], "it is there")
        check_equal(w.text("POST", API + "subscription/edit", f"T={token}&ac=subscribe&s=feed/{w.web.base}/new&a=user/-/label/Späti"), "OK", "subscribe")
        w.web.wait_request("/new")
        check_equal(w.json(API + "subscription/list")["subscriptions"][2]["categories"][0]["label"], "Späti", "its folder")


def test_quickadd(args):
    """A page's feed is found, added and polled."""
    with closing(World(args)) as w:
        w.web.serve("/page", {"body": "<html><head><link rel='alternate' type='application/rss+xml' href='/found'></head></html>", "headers": {"Content-Type": "text/html"}})
        w.web.serve("/found", {"body": feed_xml([("f1", "Found", "http://f.example/1")], "Found it")})
        w.log_in(w.text("GET", f"/accounts/ClientLogin?Email=joe&Passwd={w.password}"))
        added = w.json(API + "subscription/quickadd?quickadd=" + urllib.parse.quote(w.web.base + "/page", safe=""))
        check_equal((added["numResults"], added["streamId"], added["query"]), (1, "feed/3", w.web.base + "/found"), "added")
        w.daemon.wait_poll(3)
        check_equal(w.ids("s=feed/3"), [w.daemon.get("/items?feed=3")["items"][0]["id"]], "its item")
        check_equal(w.json(API + "subscription/quickadd", f"quickadd={w.web.base}/nowhere")["numResults"], 0, "nothing there")
        tell = w.json(API + "subscription/list")["subscriptions"]
        check_equal([f["id"] for f in tell], ["feed/1", "feed/2", "feed/3"], "subscriptions")
        check_equal(w.text("POST", API + "subscription/import", w.text("GET", API + "subscription/export")), "OK", "its own list")


def test_stories(args):
    """Shown stories, newsboat has one entry for what both tell, in the feed that told it first; reading it reads both reports."""
    with closing(World(args, "--stories")) as w, newsboat(w) as reader:
        story = next(s for s in w.daemon.get("/stories")["stories"] if s["items"] == 2)
        first, second = [m["item"] for m in w.daemon.get(f"/stories/{story['id']}")["members"]]
        w.log_in(w.text("POST", "/accounts/ClientLogin", f"Email=joe&Passwd={w.password}"))
        ids = w.ids("n=50")
        check(len(ids) == 3 and first in ids and second not in ids, ids)
        check_equal(w.json(API + "unread-count")["max"], 3, "unread")
        check_equal(reader.run("reload", "print-unread"), (0, "3 unread articles"), "newsboat")
        text = reader.rows(f"select content from rss_item where guid = 'tag:google.com,2005:reader/item/{BASE + first:016x}'")[0][0]
        check(text.count("Also told by") == 1 and "http://wire.example/1" in text, text)
        check_equal(w.text("POST", API + "edit-tag", f"i={BASE + first}&a={STATE}read"), "OK", "read")
        check_equal([w.daemon.get(f"/items/{i}")["read"] for i in (first, second)], [True, True], "both reports")
        check_equal(w.json(API + "unread-count")["max"], 2, "unread then")
        check_equal(reader.run("reload", "print-unread"), (0, "2 unread articles"), "newsboat then")


def test_limits(args):
    """Who may only read changes nothing, by any method; more than fits is refused as such."""
    with closing(World(args, "--read-only")) as w:
        w.log_in(w.text("POST", "/accounts/ClientLogin", f"Email=joe&Passwd={w.password}"))
        check_equal(w.json(API + "unread-count")["max"], 4, "unread")
        for method, path, body in (("POST", "edit-tag", f"i={BASE + 1}&a={STATE}read"), ("POST", "mark-all-as-read", f"s={STATE}reading-list"),
                                   ("GET", f"subscription/quickadd?quickadd={w.web.base}/new", None), ("POST", "subscription/import", "x"),
                                   ("POST", "subscription/edit", "ac=unsubscribe&s=feed/1"), ("POST", "disable-tag", "s=user/-/label/x")):
            status, text, headers = w.send(method, API + path, body)
            check_equal((status, headers["Content-Type"]), (403, "text/plain; charset=utf-8"), f"{path}: {text}")
        check_equal(w.json(API + "unread-count")["max"], 4, "unread afterwards")
        check_equal(w.send("POST", API + "stream/items/contents", "i=" + "1" * (4 << 20))[0], 413, "too long a body")
        check_equal(w.send("POST", API + "stream/items/contents", "i=1&" * 10101)[0], 400, "too many parameters")


run([test_newsboat_reads, test_newsboat_writes, test_liferea, test_rss_guard, test_readrops, test_quickadd, test_stories, test_limits])
