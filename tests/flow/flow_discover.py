"""Which feeds an address has: asked politely, behind the same gate as polls, within bounds."""
import threading
import time
from contextlib import closing

from harness import Connection, Daemon, PATIENCE_S, Web, check, check_equal, feed_xml, lines, run

FEED = feed_xml([("a", "First", "http://example.org/1")], title="The news &amp;c.")
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>An atom feed</title><id>a</id></feed>"
JSON = '{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[]}'
PAGE = ("<!DOCTYPE html><title>A page</title><link rel=alternate type='application/rss+xml' title='All' href=/rss>"
        "<link rel=alternate type='application/atom+xml' href='https://elsewhere.example/atom'><link rel=stylesheet href=x.css>")


class World:
    def __init__(self, args, config=""):
        self.web = Web()
        self.daemon = Daemon(args.build, config).start()

    def ask(self, path, base=None):
        status, body, headers = self.daemon.request("POST", "/api/v1/discover", {"url": (base or self.web.base) + path})
        return status, body, headers

    def feeds(self, path, base=None):
        status, body, _ = self.ask(path, base)
        check_equal(status, 200, f"{path}: {body}")
        return [tuple(feed.values()) for feed in body["feeds"]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.web.close()
        self.daemon.close()


def test_found(args):
    with World(args) as w:
        base = w.web.base
        w.web.serve("/rss", {"body": FEED})
        w.web.serve("/atom", {"body": ATOM})
        w.web.serve("/json", {"body": JSON, "headers": {"Content-Type": "application/json"}})
        w.web.serve("/page", {"body": PAGE, "headers": {"Content-Type": "text/html"}})
        w.web.serve("/plain", {"body": "<html><p>nothing", "headers": {"Content-Type": "text/html"}})
        w.web.serve("/text", {"body": "just words", "headers": {"Content-Type": "text/plain"}})
        w.web.serve("/packed", {"body": PAGE, "headers": {"Content-Type": "text/html"}, "gzip": True})
        w.web.serve("/moved", {"status": 301, "headers": {"Location": "/rss"}})
        w.web.serve("/today", {"status": 302, "headers": {"Location": "/rss"}})
        rss = ("The news &c.", "application/rss+xml")
        check_equal(w.feeds("/rss"), [(base + "/rss", *rss)], "RSS")
        check_equal(w.feeds("/atom"), [(base + "/atom", "An atom feed", "application/atom+xml")], "Atom")
        check_equal(w.feeds("/json"), [(base + "/json", "J", "application/feed+json")], "JSON Feed")
        check_equal(w.feeds("/page"), [(base + "/rss", "All", "application/rss+xml"),
                                       ("https://elsewhere.example/atom", None, "application/atom+xml")], "a page")
        check_equal(w.feeds("/packed"), w.feeds("/page"), "a packed page")
        check_equal(w.feeds("/plain") + w.feeds("/text"), [], "no feeds")
        check_equal(w.feeds("/moved"), [(base + "/rss", *rss)], "moved")
        check_equal(w.feeds("/today"), [(base + "/today", *rss)], "elsewhere today")
        check_equal(w.feeds("/rss", base.replace("http://", "feed://u:p@")), [(base.replace("//", "//u:p@") + "/rss", *rss)], "credentials")
        asked = w.web.take_requests()[-1]["headers"]
        check(asked.get("authorization") and "tidings" in asked["user-agent"], f"asked with {asked}")
        check("feeds.asked" in w.daemon.log() and "u:p@" not in w.daemon.log(), w.daemon.log())
        check_equal(w.daemon.get("/feeds")["feeds"], [], "nothing is subscribed to")


def html(text="", **headers):
    return {"body": f"<!DOCTYPE html><title>A page</title>{text}", "headers": {"Content-Type": "text/html", **headers}}


@lines("A43")
def test_a_page_that_names_none(args):
    """Its header may, or the page to which it leads; then its site is asked at common addresses, five requests in all."""
    with World(args) as w:
        base = w.web.base
        rss = (base + "/there", "The news &c.", "application/rss+xml")
        w.web.serve("/there", {"body": FEED})
        w.web.serve("/header", html("<base href='http://elsewhere.example/'>", Link='</x>; rel=next, <there>; REL="Alternate home"; type="application/rss+xml"; title="A, \\"B\\""'))
        w.web.serve("/door", html("<meta http-equiv=Refresh content=\"0; URL='/page'\">"))
        w.web.serve("/page", html("<link rel=alternate type=application/rss+xml title=All href=/x>"))
        w.web.serve("/straight", html("<meta http-equiv=refresh content='3;url=there'>"))
        w.web.serve("/broken", html("<meta http-equiv=refresh content='0;url=/missing'>"))
        w.web.serve("/again", html("<meta http-equiv=refresh content='60;url=/round'>"))
        w.web.serve("/round", html("<meta http-equiv=refresh content='60;url=/again'>"))
        w.web.serve("/itself", html("<meta http-equiv=refresh content='60;url=#top'>"))
        for path, feeds, asked in (
                ("/header", [(base + "/there", 'A, "B"', "application/rss+xml")], []),
                ("/door", [(base + "/x", "All", "application/rss+xml")], ["/page"]),
                ("/straight", [rss], ["/there"]),
                ("/again", [], ["/round", "/feed", "/feed.xml", "/index.xml"]),
                ("/itself", [], ["/feed", "/feed.xml", "/index.xml", "/rss.xml"])):
            w.web.take_requests()
            check_equal(w.feeds(path), feeds, path)
            check_equal([r["path"] for r in w.web.take_requests()], [path, *asked], f"requests of {path}")
        status, body, _ = w.ask("/broken")
        check(status == 422 and "404" in body["detail"], body)


@lines("A43", "A18")
def test_guesses(args):
    """The first that is a feed ends them, and its document is there for who subscribes to it; so does a server that wants a pause."""
    with World(args) as w:
        base = w.web.base
        w.web.serve("/deep/page", html())
        w.web.serve("/feed", html())
        w.web.serve("/feed.xml", {"status": 302, "headers": {"Location": "/real"}})
        w.web.serve("/real", {"body": FEED})
        w.web.take_requests()
        check_equal([url for url, *_ in w.feeds("/deep/page")], [base + "/feed.xml"], "feeds")
        _, feed, _ = w.daemon.request("POST", "/api/v1/feeds", {"url": base + "/feed.xml"})
        check_equal(w.daemon.wait_poll(feed["id"])["items"], 1, "items")
        check_equal([r["path"] for r in w.web.take_requests()], ["/deep/page", "/feed", "/feed.xml", "/real"], "requests")
        w.web.serve("/feed", {"status": 429, "headers": {"Retry-After": "3600"}})
        check_equal(w.feeds("/deep/page"), [], "feeds of one that wants a pause")
        check_equal([r["path"] for r in w.web.take_requests()], ["/deep/page", "/feed"], "requests")
        check_equal(w.ask("/deep/page")[0], 429, "it has it")


@lines("A1")
def test_asked_once(args):
    """Looked at, then subscribed to: one request for a feed, with its validators for the next; the address that it has moved to, too."""
    with World(args) as w:
        w.web.serve("/rss", {"body": FEED, "etag": '"1"'})
        w.web.serve("/moved", {"status": 301, "headers": {"Location": "/rss"}})
        for path in "/rss", "/moved":
            (url, *_), = w.feeds(path)
            _, feed, _ = w.daemon.request("POST", "/api/v1/feeds", {"url": url})
            check_equal(w.daemon.wait_poll(feed["id"])["items"], 1, "items")
            asked = [r["path"] for r in w.web.take_requests()]
            check_equal(asked, ["/rss"] if path == "/rss" else ["/moved", "/rss"], "requests")
            w.daemon.poll(feed["id"])
            check_equal([r["headers"].get("if-none-match") for r in w.web.take_requests()], ['"1"'], "the next poll")
            w.daemon.request("DELETE", f"/api/v1/feeds/{feed['id']}")


@lines("A45")
def test_what_a_password_opened(args):
    """A page that a section's password opened is not there for who asks for its feeds without one."""
    with closing(Web()) as web:
        web.serve("/page", {"headers": {"Content-Type": "text/html"}, "body": PAGE})
        with closing(Daemon(args.build, "", f"feed \"P\" {{ url = '{web.base}/page' user = 'me' password = 'hunter2' }}\n")) as d:
            d.start()
            check_equal(d.wait_poll(1)["error"]["code"], "not-a-feed", "a page")
            d.request("POST", "/api/v1/discover", {"url": web.base + "/page"})
            check_equal(["authorization" in r["headers"] for r in web.take_requests() if r["path"] == "/page"], [True, False], "requests")



def test_refused(args):
    """What cannot be fetched is told as a feed tells it."""
    with World(args) as w:
        w.web.serve("/gone", {"status": 404})
        w.web.serve("/loop", {"status": 302, "headers": {"Location": "/loop"}})
        w.web.serve("/big", {"body": b"\0" * 40_000_000, "gzip": True})
        w.web.serve("/inside", {"status": 302, "headers": {"Location": "http://169.254.169.254/"}})
        w.web.serve("/cut", {"body": FEED, "cut": 0})
        w.web.serve("/damaged", {"body": FEED, "headers": {"Content-Encoding": "gzip"}})
        w.web.serve("/nothing", {"body": "", "gzip": True})
        for path, words in (("/gone", "404"), ("/loop", "redirect"), ("/big", "unpacks"), ("/inside", "link-local"), ("/cut", ""),
                            ("/damaged", "the compressed answer of 127.0.0.1 is damaged"), ("/nothing", "the document is empty")):
            status, body, _ = w.ask(path)
            check_equal((status, body["code"]), (422, "address-unreadable"), f"{path}: {body}")
            check(words in body["detail"], f"{path}: {body}")
            w.daemon.request("POST", "/api/v1/feeds", {"url": w.web.base + path})
            feed = w.daemon.wait_poll(w.daemon.get("/feeds")["feeds"][-1]["id"])
            check_equal(feed["error"]["detail"], body["detail"], f"error of the feed {path}")
        status, body, _ = w.ask("", "http://10.1.2.3")
        check_equal(status, 422, f"{body}")
        check("private" in body["detail"], f"{body}")


def test_polite(args):
    """Who asked to be left alone is, by polls and by this."""
    with World(args) as w:
        w.web.serve("/busy", {"status": 429, "headers": {"Retry-After": "3600"}})
        w.web.serve("/rss", {"body": FEED})
        status, body, headers = w.ask("/busy")
        check_equal((status, headers["Retry-After"]), (422, "3600"), f"{body}")
        status, body, headers = w.ask("/rss")
        check_equal((status, body["code"]), (429, "too-soon"), f"{body}")
        check(3500 < int(headers["Retry-After"]) <= 3600, f"{headers}")
        check_equal([r["path"] for r in w.web.take_requests()], ["/busy"], "requests")
        w.daemon.request("POST", "/api/v1/feeds", {"url": w.web.base + "/rss"})
        deadline = time.monotonic() + PATIENCE_S
        while w.daemon.get("/feeds/1")["waits"]["for"] != "host-held":
            check(time.monotonic() < deadline, f"a poll does not wait: {w.daemon.get('/feeds/1')}")
            time.sleep(0.01)


def begin(w, path):
    connection = Connection(w.daemon.socket)
    connection.request("POST", "/api/v1/discover", f'{{"url":"{w.web.base}{path}"}}')
    w.web.wait_request(path)
    return connection


def test_at_once(args):
    """Four at a time, and those who hang up meanwhile hurt nobody. The stop waits for none of them."""
    with World(args, "group 'each' { hosts = { '127.0.0.1' }\n each = feed }\n") as w:
        for i in range(4):
            w.web.serve(f"/{i}", {"hang": True})
        asking = [begin(w, f"/{i}") for i in range(4)]
        status, body, headers = w.ask("/rss")
        check_equal((status, body["code"], headers["Retry-After"]), (503, "busy", "1"), f"{body}")
        check("being asked already" in body["detail"], f"{body}")
        asking.pop().close()
        check_equal(w.daemon.request("GET", "/api/v1/ping")[0], 204, "the daemon")
        answers = []

        def read(connection):
            with closing(connection):
                answer = connection.getresponse()
                answers.append((answer.status, b"being stopped" in answer.read()))
        readers = [threading.Thread(target=read, args=(c,)) for c in asking]
        for reader in readers:
            reader.start()
        code, _ = w.daemon.stop()
        for reader in readers:
            reader.join()
        check_equal((code, answers), (0, [(503, True)] * 3), "stopping meanwhile")
        check("stop.forced" not in w.daemon.log(), w.daemon.log())


run([test_found, test_what_a_password_opened, test_a_page_that_names_none, test_guesses, test_asked_once, test_refused, test_polite, test_at_once])
