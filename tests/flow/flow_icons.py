"""Icons: asked for seldom, small, of few kinds, through the same door as feeds, and served so that nothing in them can run."""
import sqlite3
import struct
import time
import zlib
from contextlib import closing

from harness import Connection, Daemon, PATIENCE_S, Web, check, check_equal, feed_xml, lines, run

FEED = feed_xml([("a", "First", "http://example.org/1")])
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def png(extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0"))
            + extra + chunk(b"IEND", b""))


class World:
    """Feeds /1, /2 ..., each with the icon of that place: an address, "{base}" being the server's."""

    def __init__(self, args, *icons):
        self.web = Web()
        self.web.serve("/icon", {"body": png(), "headers": {"Content-Type": "text/html"}, "gzip": True})
        for i, icon in enumerate(icons):
            self.name(i + 1, icon)
        feeds = "".join(f"feed '{i + 1}' {{ url = '{self.web.base}/{i + 1}' }}\n" for i in range(len(icons)))
        self.daemon = Daemon(args.build, "", feeds)

    def name(self, feed, icon):
        image = f"<image><url>{icon.format(base=self.web.base)}</url></image>"
        self.web.serve(f"/{feed}", {"body": FEED.replace("<item>", image + "<item>", 1), "etag": f'"{icon}"'})

    def wait_icons(self, count):
        deadline = time.monotonic() + PATIENCE_S
        while self.daemon.log().count("icon.fetched") < count:
            check(time.monotonic() < deadline, f"fewer than {count} icons were fetched\n{self.daemon.log()}")
            time.sleep(0.01)

    def icons_asked(self):
        return [r["path"] for r in self.web.take_requests() if not r["path"][1:].isdigit()]

    def get(self, feed, tag=None):
        with closing(Connection(self.daemon.socket)) as connection:
            connection.request("GET", f"/api/v1/feeds/{feed}/icon", headers={"If-None-Match": tag} if tag else {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

    def rows(self, sql):
        with closing(sqlite3.connect(self.daemon.database)) as db:
            return db.execute(sql).fetchall()

    def month_goes_by(self):
        check_equal(self.daemon.stop()[0], 0, "exit code")
        with closing(sqlite3.connect(self.daemon.database)) as db, db:
            db.execute("UPDATE icon SET due_ms = 1")
            db.execute("UPDATE feed SET icon_due_ms = 1, next_due_ms = 1")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


@lines("A40", "A44")
def test_once_a_month(args):
    with World(args, "{base}/icon") as w:
        w.daemon.start()
        w.wait_icons(1)
        asked = w.web.take_requests()
        check_equal([r["path"] for r in asked], ["/1", "/icon"], "requests")
        headers = asked[1]["headers"]
        check(headers["accept"].startswith("image/png") and headers["user-agent"] == asked[0]["headers"]["user-agent"], f"{headers}")
        check("referer" not in headers and "cookie" not in headers, f"{headers}")
        status, body, headers = w.get(1)
        check_equal((status, body), (200, png()), "icon")
        check_equal([headers[n] for n in ("Content-Type", "X-Content-Type-Options", "Content-Security-Policy")],
                    ["image/png", "nosniff", "default-src 'none'"], "fields")
        status, body, again = w.get(1, headers["ETag"])
        check_equal((status, body, again["ETag"]), (304, b"", headers["ETag"]), "with its ETag")
        check_equal(w.get(1, '"other"')[0], 200, "with another one")
        for _ in range(2):
            check_equal(w.daemon.poll(1)["status"], "ok", "status")
        check_equal(w.icons_asked(), [], "asked again")
        w.month_goes_by()
        w.web.serve("/icon", {"status": 404})
        w.daemon.start()
        w.wait_icons(2)
        check_equal(w.icons_asked(), ["/icon"], "a month later")
        check_equal(w.get(1)[1], png(), "the old one stays when the new one fails")


@lines("A44")
def test_what_is_no_icon(args):
    """None of them is kept, none of them makes a feed fail, none is asked for again."""
    bad = {"/html": {"body": "<!DOCTYPE html><p>not here"}, "/svg": {"body": SVG, "headers": {"Content-Type": "image/png"}},
           "/large": {"body": png(b"\0" * 300_000)}, "/cut": {"body": png(), "cut": 20}, "/empty": {"body": ""},
           "/bomb": {"body": png(b"\0" * 1_000_000), "gzip": True},
           "/damaged": {"body": png(), "headers": {"Content-Encoding": "br"}}, "/missing": {"status": 404, "body": png()},
           "/private": {"status": 302, "headers": {"Location": "http://169.254.169.254/icon"}},
           "/file": {"status": 302, "headers": {"Location": "file:///etc/passwd"}}, "/loop": {"status": 302, "headers": {"Location": "/loop"}}}
    for wave in (list(bad)[:5], list(bad)[5:]):  # no more at the same time than are asked for
        with World(args, *("{base}" + path for path in wave)) as w:
            for path, answer in bad.items():
                w.web.serve(path, answer)
            w.daemon.start()
            w.wait_icons(len(wave))
            check_equal(sorted(w.icons_asked()), sorted(wave), "asked")
            for i in range(1, len(wave) + 1):
                row = w.daemon.poll(i)
                check_equal((row["status"], row["error"]), ("ok", None), wave[i - 1])
                status, body, headers = w.get(i)
                check_equal((status, headers["Content-Type"]), (404, "application/problem+json"), wave[i - 1])
            check_equal(w.icons_asked(), [], "asked again")
            check_equal(w.daemon.stop()[0], 0, "exit code")
            check_equal(w.rows("SELECT count(*), count(image) FROM icon"), [(len(wave), 0)], "rows and images")
            check("/private" not in wave or "169.254.169.254 is a link-local address" in w.daemon.log(), "the gate let it through")


@lines("A44", "A19")
def test_a_host_that_has_enough(args):
    """429 for the icon holds its whole rate group, over a restart, too."""
    with World(args, "{base}/busy") as w:
        w.web.serve("/busy", {"status": 429, "headers": {"Retry-After": "3600"}})
        w.daemon.start()
        w.wait_icons(1)
        for _ in range(2):
            status, body, _ = w.daemon.request("POST", "/api/v1/feeds/1/refresh")
            check_equal((status, body["code"]), (429, "too-soon"), "refresh")
            w.daemon.stop()
            w.daemon.start()


@lines("A44", "A19")
def test_a_host_that_is_held(args):
    """An icon elsewhere waits for that host as a poll would, and is not asked for while it is to be left alone."""
    with closing(Web()) as other, World(args, "{base}/icon", other.base + "/icon?2") as w:
        w.web.serve("/2", {"status": 301, "headers": {"Location": other.base + "/feed"}})
        other.serve("/feed", {"status": 429, "headers": {"Retry-After": "3600"}})
        other.serve("/icon?1", {"body": png()})
        w.daemon.start()
        check_equal(w.daemon.wait_poll(2)["http_status"], 429, "the other host's answer")
        w.wait_icons(1)
        w.month_goes_by()
        w.name(1, other.base + "/icon?1")
        w.daemon.start()
        w.daemon.poll(1)
        check_equal((w.daemon.stop()[0], w.rows("SELECT icon FROM feed WHERE id = 1")), (0, [(other.base + "/icon?1",)]), "the icon's address")
        check_equal([r["path"] for r in other.take_requests()], ["/feed"], "asked of the other host")


@lines("A44")
def test_shared(args):
    """Feeds that name the same one share it; it goes with the last of them."""
    with World(args, "{base}/icon", "{base}/icon", "{base}/icon?3") as w:
        w.web.serve("/icon?3", {"body": png(b"3")})
        w.daemon.start()
        w.wait_icons(2)
        for i in (1, 2, 3):
            w.daemon.wait_poll(i)
        check_equal(sorted(w.icons_asked()), ["/icon", "/icon?3"], "asked")
        check_equal([w.get(i)[1] for i in (1, 2, 3)], [png(), png(), png(b"3")], "icons")
        w.name(1, "{base}/icon?3")
        w.name(2, "{base}/icon?3")
        check_equal([w.daemon.poll(i)["status"] for i in (1, 2)], ["ok", "ok"], "status")
        check_equal(w.get(2)[1], png(b"3"), "another one")
        check_equal(w.icons_asked(), [], "asked again")
        w.daemon.stop()
        check_equal(w.rows("SELECT url FROM icon"), [(w.web.base + "/icon?3",)], "kept")


@lines("A44")
def test_stopped_meanwhile(args):
    """What a stop ends was no failure: it is asked for again, but not before a day has gone by, however often the daemon starts."""
    with World(args, "{base}/slow") as w:
        w.web.serve("/slow", {"hang": True})
        w.daemon.start()
        w.web.wait_request("/slow")
        code, seconds = w.daemon.stop()
        check(code == 0 and seconds < 5, f"exit code {code} after {seconds:.1f} s\n{w.daemon.log()}")
        w.web.serve("/slow", {"body": png()})
        w.web.take_requests()
        w.daemon.start()
        w.daemon.poll(1)
        check_equal((w.icons_asked(), w.get(1)[0]), ([], 404), "on the same day")
        w.month_goes_by()
        w.daemon.start()
        w.wait_icons(1)
        check_equal(w.get(1)[1], png(), "later")
        check_equal(w.daemon.stop()[0], 0, "exit code")


@lines("A44")
def test_not_with_once(args):
    with World(args, "{base}/icon") as w:
        done = w.daemon.run("--once")
        check_equal((done.returncode, w.icons_asked(), w.rows("SELECT * FROM icon")), (0, [], []), done.stderr)
        check_equal(w.rows("SELECT icon FROM feed"), [(w.web.base + "/icon",)], "what the document names")


run([test_once_a_month, test_what_is_no_icon, test_a_host_that_has_enough, test_a_host_that_is_held, test_shared, test_stopped_meanwhile, test_not_with_once])
