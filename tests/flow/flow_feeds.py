"""Who owns a feed, and what may be done to it through the socket."""
import concurrent.futures
import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime

from harness import Daemon, Web, check, check_equal, feed_xml, lines, run


class World:
    def __init__(self, args):
        self.web = Web()
        for name in ("one", "two", "three"):
            self.web.serve("/" + name, {"body": feed_xml([(name, f"Item of {name}", f"http://example.org/{name}")], name), "etag": f'"{name}"'})
        self.daemon = Daemon(args.build, "", self.section("One", "/one"))
        self.daemon.start()
        self.daemon.wait_poll(1)

    def section(self, name, path, more=""):
        return f"feed \"{name}\" {{ url = '{self.web.base}{path}' {more} }}\n"

    def reload(self, feeds):
        self.daemon.write_config("", feeds)
        loads = self.daemon.log().count("feeds.loaded")
        self.daemon.send(signal.SIGHUP)
        while self.daemon.log().count("feeds.loaded") == loads:
            time.sleep(0.01)

    def add(self, path, **more):
        return self.daemon.request("POST", "/api/v1/feeds", {"url": self.web.base + path, **more})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


def test_declared_feeds_are_removed_only_there(args):
    with World(args) as w:
        status, body, _ = w.daemon.request("DELETE", "/api/v1/feeds/1")
        check_equal((status, body["code"]), (409, "declared-in-configuration"), "delete")
        check("One" in body["detail"], body["detail"])
        status, body, _ = w.daemon.request("PATCH", "/api/v1/feeds/1", {"url": w.web.base + "/two"})
        check_equal(status, 409, "patch of a declared address")


def test_added_feeds_live_in_the_database(args):
    with World(args) as w:
        status, feed, headers = w.add("/two", folder="News", interval_s=1800)
        check_equal(status, 201, "add")
        check_equal(headers["Location"], f"/api/v1/feeds/{feed['id']}", "Location")
        w.daemon.wait_change(feed["seq"], "feed.ok", feed=feed["id"])
        status, body, _ = w.add("/two")
        check_equal((status, body["code"], body["existing"]), (409, "feed-exists", feed["id"]), "add again")
        w.daemon.stop()
        w.daemon.start()
        row = w.daemon.get(f"/feeds/{feed['id']}")
        check_equal((row["owners"], row["folder"]["name"], row["interval_s"], row["items"]), (["socket"], "News", 1800, 1), "row")
        check_equal(w.daemon.request("DELETE", f"/api/v1/feeds/{feed['id']}")[0], 204, "delete")
        check_equal(w.daemon.request("GET", f"/api/v1/feeds/{feed['id']}")[0], 404, "get")
        check_equal(w.daemon.get("/status")["items"], 1, "items left")


def test_a_detached_feed_comes_back_whole(args):
    with World(args) as w:
        w.daemon.request("PATCH", "/api/v1/items/1", {"read": True, "starred": True})
        w.reload(w.section("Two", "/two"))
        check_equal([f["name"] for f in w.daemon.get("/feeds")["feeds"]], ["Two"], "feeds after it left")
        w.web.take_requests()
        w.reload(w.section("Two", "/two") + w.section("One", "/one"))
        item = w.daemon.get("/items/1")
        check_equal((item["read"], item["starred"], item["title"]), (True, True, "Item of one"), "its item")
        check_equal([f["id"] for f in w.daemon.get("/feeds")["feeds"]], [1, 2], "ids")


def test_same_section_with_a_new_address_is_a_move(args):
    with World(args) as w:
        w.web.take_requests()
        w.reload(w.section("One", "/three"))
        w.web.wait_request("/three")
        check_equal(w.web.take_requests()[0]["headers"].get("if-none-match"), None, "validators do not move along")
        feeds = w.daemon.get("/feeds")["feeds"]
        check_equal([(f["id"], f["url"]) for f in feeds], [(1, w.web.base + "/three")], "feeds")
        check_equal(w.daemon.get("/items/1")["title"], "Item of one", "the old item stays")


def test_changes_by_patch(args):
    with World(args) as w:
        _, feed, _ = w.add("/two")
        path = f"/api/v1/feeds/{feed['id']}"
        status, row, _ = w.daemon.request("PATCH", path, {"name": "My two", "folder": "X", "interval_s": 3600})
        check_equal((status, row["name"], row["folder"]["name"], row["interval_s"]), (200, "My two", "X", 3600), "patched")
        status, row, _ = w.daemon.request("PATCH", path, {"name": None, "folder": None, "interval_s": None})
        check_equal((status, row["folder"], row["interval_s"]), (200, None, None), "taken away")
        for body in ({"nonsense": 1}, {"interval_s": -5}, {"interval_s": "soon"}, {"url": "javascript:x"}, {"url": 7}):
            status, answer, _ = w.daemon.request("PATCH", path, body)
            check(status == 400 and answer["detail"], f"{body}: {status} {answer}")


def test_bad_addresses(args):
    with World(args) as w:
        for url in ("", "no url", "ftp://example.org/x", "http://", "http://h\r\nX: y/", "gopher://h/", 7, None):
            status, body, headers = w.daemon.request("POST", "/api/v1/feeds", {"url": url})
            check(status == 400, f"{url!r}: {status} {body}")
            check_equal(headers["Content-Type"], "application/problem+json", "type")


@lines("A12")
def test_refresh_floor(args):
    with World(args) as w:
        w.daemon.poll(1)  # without a floor
        w.daemon.stop()
        w.daemon.BASICS = w.daemon.BASICS.replace("refresh_floor = 0s\n", "")
        w.daemon.write_config("refresh_floor = 1h\n", w.section("One", "/one"))
        w.daemon.start()
        status, body, headers = w.daemon.request("POST", "/api/v1/feeds/1/refresh")
        check_equal(status, 429, "a restart does not make it forgotten")
        check(3500 < int(headers["Retry-After"]) <= 3600, headers["Retry-After"])
        check("again in" in body["detail"], body["detail"])


def test_moved_while_it_is_polled(args):
    """What the old address answers is not the feed's any more; the new one is asked at once."""
    for change in ("reload", "patch"):
        with World(args) as w:
            feed = 1
            if change == "patch":
                feed = w.add("/three")[1]["id"]
                w.daemon.wait_poll(feed)
            path = "/one" if change == "reload" else "/three"
            w.web.serve(path, {"hang": True})
            w.web.take_requests()
            w.daemon.request("POST", f"/api/v1/feeds/{feed}/refresh")
            w.web.wait_request(path)
            if change == "reload":
                w.reload(w.section("One", "/two"))
            else:
                check_equal(w.daemon.request("PATCH", f"/api/v1/feeds/{feed}", {"url": w.web.base + "/two"})[0], 200, "status")
            w.web.serve(path, {"body": feed_xml([("late", "Too late", "http://example.org/late")])})
            w.web.released.set()
            w.web.wait_request("/two")
            row = w.daemon.get(f"/feeds/{feed}")
            while row["title"] != "two":
                row = w.daemon.get(f"/feeds/{feed}")
                time.sleep(0.01)
            check_equal((row["status"], row["error"]), ("ok", None), "status")
            titles = [i["title"] for i in w.daemon.get("/items")["items"]]
            check("Item of two" in titles and "Too late" not in titles, titles)


@lines("A23")
def test_gone_is_believed_after_a_day(args):
    with World(args) as w:
        w.web.serve("/one", {"status": 410})
        check_equal(w.daemon.poll(1)["status"], "failing", "after the first 410")
        check_equal(w.daemon.poll(1)["status"], "failing", "after a second one at once")
        w.daemon.stop()
        database = sqlite3.connect(w.daemon.database)
        database.execute("UPDATE feed SET last_poll_ms = last_poll_ms - 86400000, next_due_ms = 1")
        database.commit()
        database.close()
        seq = w.daemon.start().seq()
        w.daemon.wait_change(seq - 1 if w.daemon.get("/feeds/1")["status"] == "gone" else seq, "feed.gone")
        check_equal(w.daemon.get("/feeds/1")["next_due"], None, "next_due")
        check_equal(w.daemon.poll(1)["status"], "gone", "asked by hand, and it still is")
        w.reload(w.section("One", "/one") + w.section("Two", "/two"))
        w.web.serve("/one", {"body": feed_xml([])})
        row = w.daemon.poll(1)
        check(row["status"] == "ok" and row["next_due"], f"back by hand: {row}")


@lines("A19")
def test_a_host_that_wants_to_be_left_alone(args):
    with World(args) as w:
        w.web.serve("/one", {"status": 429})
        w.daemon.poll(1)
        w.web.take_requests()
        feed = w.add("/two")[1]["id"]
        status = 404
        while status == 404:  # until the schedule has heard of it
            status, _, headers = w.daemon.request("POST", f"/api/v1/feeds/{feed}/refresh")
        check_equal(status, 429, "refresh of another feed of the host")
        check(500 < int(headers["Retry-After"]) <= 600, headers["Retry-After"])
        check_equal(w.web.take_requests(), [], "requests while the host is held")
        code, seconds = w.daemon.stop()
        check(code == 0 and seconds < 5, f"{code} after {seconds:.1f} s")


@lines("A18", "A19")
def test_a_hold_survives(args):
    """A server that says when it will answer again, by whichever field, sees nothing of its rate group before, also after restarts."""
    for answer, least in (({"status": 503, "headers": {"Retry-After": "7200"}}, 7000), ({"status": 429, "headers": {"X-RateLimit-Remaining": "0.0", "X-RateLimit-Reset": "900"}}, 800),
                          ({"body": feed_xml([]), "headers": {"RateLimit": '"default";r=0;t=600'}}, 500)):
        with World(args) as w:
            w.web.serve("/one", answer)
            w.daemon.poll(1)
            w.web.take_requests()
            for _ in range(2):
                w.daemon.stop()
                w.daemon.write_config("", w.section("One", "/one") + w.section("Two", "/two"))
                w.daemon.start()
            status, _, headers = w.daemon.request("POST", "/api/v1/feeds/2/refresh")
            check_equal(status, 429, "refresh of another feed of the host")
            check(least < int(headers["Retry-After"]) <= 7200, headers["Retry-After"])
            check_equal(w.web.take_requests(), [], "requests while the host is held")
            w.daemon.stop()
            once = w.daemon.run("--once")
            check(once.returncode == 0 and w.web.take_requests() == [], f"--once asked: {once}")


@lines("B9")
def test_a_hundred_ask_at_once(args):
    """For one feed, while it is polled and before: one request, and all are told the same."""
    with World(args) as w:
        w.web.serve("/one", {"hang": True})
        w.web.take_requests()
        before = w.daemon.get("/feeds/1")["last_poll"]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            told = list(pool.map(lambda _: w.daemon.request("POST", "/api/v1/feeds/1/refresh")[0], range(100)))
        check_equal(set(told), {202}, "statuses")
        w.web.released.set()
        w.daemon.wait_poll(1, before)
        check_equal(w.daemon.stop()[0], 0, "exit code")
        check_equal([r["path"] for r in w.web.take_requests()], ["/one"], "requests")


@lines("B10")
def test_one_address_in_several_spellings(args):
    """It is one feed, polled once, and whoever adds it again learns which."""
    with World(args) as w:
        other = w.web.base.replace("http://127.0.0.1", "HTTP://127.0.0.1")
        for url in (w.web.base + "/one", other + "/one#top", other + "/x/../one"):
            status, body, _ = w.daemon.request("POST", "/api/v1/feeds", {"url": url})
            check_equal((status, body.get("code"), body.get("existing")), (409, "feed-exists", 1), url)
        w.daemon.write_config("", w.section("One", "/one") + w.section("Again", "/./one"))
        checked = w.daemon.run("--check-config")
        check(checked.returncode == 1 and '"Again"' in checked.stderr and '"One"' in checked.stderr, f"{checked}")
        listed = w.daemon.folder + "/list.txt"
        with open(listed, "w", encoding="utf-8") as f:
            f.write(f"{w.web.base}/one\n{other}/one#top\n{w.web.base}/two\n{w.web.base}/./two\n")
        w.daemon.stop()
        w.daemon.write_config("", w.section("One", "/one"))
        w.web.take_requests()
        w.daemon.start("--feeds", listed)
        check_equal(w.daemon.wait_poll(2)["url"], w.web.base + "/two", "the other one")
        check_equal(len(w.daemon.get("/feeds")["feeds"]), 2, "feeds")
        check_equal([r["path"] for r in w.web.take_requests()], ["/two"], "requests")


@lines("A19")
def test_a_burst_that_is_stopped(args):
    """A hundred feeds of one host that has enough after the third: what is under way then is all it sees, and what waited comes one by one."""
    count, gap_s = 100, 0.05
    with closing(Web()) as web:
        for i in range(count):
            web.serve(f"/{i}", {"body": feed_xml([(str(i), f"Item {i}", f"http://example.org/{i}")])})
        stopped, arrivals, answers, handler = set(), [], [], web.server.RequestHandlerClass

        class Handler(handler):
            def answer(self, answer):
                arrivals.append(time.monotonic())
                enough = not stopped and len(arrivals) > 3
                answers.append(429 if enough else 200)
                super().answer({"status": 429, "headers": {"Retry-After": "3600"}} if enough else answer)
        web.server.RequestHandlerClass = Handler
        feeds = "".join(f"feed '{i}' {{ url = '{web.base}/{i}' }}\n" for i in range(count))
        with closing(Daemon(args.build)) as d:
            d.BASICS = d.BASICS.replace("gap = 0s", f"gap = {gap_s * 1000:.0f}ms")
            d.write_config("", feeds)
            d.start()
            d.wait_log("feed.failed")
            while {f["waits"]["for"] for f in (d.get(f"/feeds/{i + 1}") for i in range(count))} - {"host-held", "due-time"}:
                time.sleep(0.01)
            check_equal(d.stop()[0], 0, "exit code")
            check_equal(answers, [200, 200, 200, 429], "answers")
            with closing(sqlite3.connect(d.database)) as database, database:
                database.execute("DELETE FROM hold")  # the hour is over
            stopped.add(True)
            d.start()
            deadline = time.monotonic() + 60
            while d.get("/status")["items"] < count - 1:
                check(time.monotonic() < deadline, d.get("/status"))
                time.sleep(0.01)
            later = arrivals[4:]
            check_equal(len(later), count - 4, "requests after the hour")
            took = [b - a for a, b in zip(later, later[1:])]
            check(later[-1] - later[0] > 0.95 * gap_s * (len(later) - 1), f"{later[-1] - later[0]:.2f} s for {len(later)}: {took}")


@lines("A20", "A21", "A22")
def test_a_feed_that_moves_for_good(args):
    """Three polls over two days are sent on for good: then the new address is asked alone, and the old one still means the same feed."""
    with World(args) as w:
        w.web.serve("/one", {"status": 301, "headers": {"Location": "/new"}})
        w.web.serve("/new", {"body": feed_xml([("one", "Item of one", "http://example.org/one")], "one"), "etag": '"new"'})
        for status in (301, 308):
            w.web.serve("/one", {"status": status, "headers": {"Location": "/new"}})
            check_equal(w.daemon.poll(1)["url"], w.web.base + "/one", "address on trial")
        move = w.daemon.get("/feeds/1")["move"]
        check_equal((move["polls"], move["polls_needed"], move["moved"], move["from"]), (2, 3, None, []), "move")
        check(47 * 3600 < datetime.fromisoformat(move["not_before"]).timestamp() - time.time() < 49 * 3600, move)
        check(f"{w.web.base}/new: poll 2 of 3 that was sent on there; not before " in w.daemon.tidings("why", "1").stdout, "why")
        end_trial(w.daemon)
        row = w.daemon.poll(1)
        check_equal((row["url"], row["moved_url"], row["status"]), (w.web.base + "/new", None, "ok"), "after the third poll")
        w.web.take_requests()
        w.daemon.poll(1)
        check_equal([(r["path"], r["headers"].get("if-none-match")) for r in w.web.take_requests()], [("/new", '"new"')], "requests")
        move = w.daemon.get("/feeds/1")["move"]
        check_equal((move["polls"], move["not_before"], move["from"]), (0, None, [w.web.base + "/one"]), "move")
        check(abs(datetime.fromisoformat(move["moved"]).timestamp() - time.time()) < 600, move)
        check(f"moved from\t{w.web.base}/one, " in w.daemon.tidings("why", "1").stdout, "why")
        w.reload(w.section("One", "/one"))
        check_equal(w.daemon.get("/feeds/1")["url"], w.web.base + "/new", "after a reload")
        check_equal(w.add("/one")[0], 409, "status of adding it by its old address")
        # mixed chains and temporary ones never count
        w.web.serve("/new", {"status": 301, "headers": {"Location": "/two"}})
        w.web.serve("/two", {"status": 302, "headers": {"Location": "/three"}})
        for _ in range(3):
            row = w.daemon.poll(1)
        check_equal((row["url"], row["moved_url"]), (w.web.base + "/new", None), "after mixed chains")


def end_trial(daemon):
    daemon.stop()
    with closing(sqlite3.connect(daemon.database)) as database, database:
        database.execute("UPDATE feed SET moved_ms = moved_ms - 48 * 3600000")
    daemon.start()


@lines("A22")
def test_sent_on_to_anothers_address(args):
    """A server can send its feed on to one of another server: it is not polled any more, and what it published stays its own."""
    with World(args) as w, closing(Web()) as other:
        other.serve("/theirs", {"body": feed_xml([("t", "Item of theirs", "http://example.org/theirs")], "theirs")})
        feeds = w.section("One", "/one") + f"feed 'Theirs' {{ url = '{other.base}/theirs' }}\n"
        w.reload(feeds)
        w.daemon.wait_poll(2)
        w.web.serve("/one", {"status": 301, "headers": {"Location": other.base + "/theirs"}})
        w.daemon.poll(1)
        for item in w.daemon.get("/items?feed=1")["items"]:
            w.daemon.request("PATCH", f"/api/v1/items/{item['id']}", {"starred": True})
        w.daemon.poll(1)
        end_trial(w.daemon)
        row = w.daemon.poll(1)
        check_equal((row["url"], row["status"], row["items"], row["next_due"]), (w.web.base + "/one", "gone", 2, None), "after the third poll")
        check("feed 2" in row["error"]["detail"], row)
        check_equal([(i["title"], i["starred"]) for i in w.daemon.get("/items?feed=2")["items"]], [("Item of theirs", True)], "the other's items")
        w.reload(feeds)
        check_equal(w.daemon.get("/feeds/1")["status"], "gone", "after a reload")
        check("feed 2" in w.daemon.tidings("why", "1").stdout, "why")
        w.web.serve("/one", {"body": feed_xml([("one", "Item of one", "http://example.org/one")], "one")})
        row = w.daemon.poll(1)
        check_equal((row["status"], row["moved_url"], row["error"]), ("ok", None, None), "when it is back")


@lines("A22")
def test_two_become_one_with_once(args):
    """Also what takes more than a moment, and goes on after a kill."""
    with World(args) as w:
        w.reload(w.section("One", "/one") + w.section("Two", "/two"))
        w.daemon.wait_poll(2)
        w.web.serve("/one", {"status": 301, "headers": {"Location": "/two"}})
        for _ in range(2):
            w.daemon.poll(1)
        w.daemon.stop()
        with closing(sqlite3.connect(w.daemon.database)) as database, database:
            database.execute("UPDATE feed SET moved_ms = moved_ms - 48 * 3600000")
            database.execute("INSERT INTO item (rev, feed, story, key, digest, received_ms) WITH RECURSIVE n (k) AS"
                             " (VALUES (1) UNION ALL SELECT k + 1 FROM n WHERE k < 8000) SELECT 1, 1, 1, k, 1, (SELECT max(received_ms) FROM item) FROM n")
        once = w.daemon.run("--once")
        check_equal(once.returncode, 0, once)
        with closing(sqlite3.connect(w.daemon.database)) as database, database:
            check_equal(database.execute("SELECT id, (SELECT count(*) FROM item WHERE feed = feed.id) FROM feed").fetchall(), [(2, 8002)], "feeds and items")
            # as a kill leaves it
            database.execute("INSERT INTO feed (id, rev, url, interval_ms, owners, declared, created_ms, detached_ms) VALUES (9, 1, 'removed:9', 0, 0, 0, 0, 0)")
            database.execute("INSERT INTO alias VALUES ('!i00000000090000000000', 2)")
            database.execute("UPDATE item SET feed = 9 WHERE key < 100")
        check_equal(w.daemon.run("--once").returncode, 0, "exit code")
        with closing(sqlite3.connect(w.daemon.database)) as database:
            check_equal(database.execute("SELECT feed, count(*) FROM item GROUP BY 1").fetchall(), [(2, 8002)], "feeds and items")


def titles(daemon):
    return [i["title"] for i in daemon.get("/items?dir=asc")["items"]]


def test_what_was_dropped_stays_dropped(args):
    """The feed's limit counts before the folder's and the daemon's; clients hear of what goes; starred items stay."""
    def document(first, last):
        return {"body": feed_xml([(str(n), f"Item {n}", f"http://example.org/{n}") for n in range(last, first - 1, -1)])}
    config = "keep_items = 2\nfolder 'F' { keep_items = 1 }\n"
    with closing(Web()) as web:
        web.serve("/feed", document(1, 10))
        with closing(Daemon(args.build, config, f"feed 'A' {{ url = '{web.base}/feed'\n folder = 'F'\n keep_items = 3 }}\n")) as d:
            d.start()
            d.wait_poll(1)
            check_equal(titles(d), ["Item 8", "Item 9", "Item 10"], "after the first poll")
            check_equal(d.get("/status")["stories"], 3, "stories")
            d.request("PATCH", f"/api/v1/items/{d.get('/items?dir=asc')['items'][0]['id']}", {"starred": True})
            d.poll(1)
            check_equal(titles(d), ["Item 8", "Item 9", "Item 10"], "after the same document")
            seq = d.seq()
            web.serve("/feed", document(1, 11))
            d.poll(1)
            check_equal(titles(d), ["Item 8", "Item 10", "Item 11"], "after one more")
            d.wait_change(seq, "item.delete")
            d.stop()
            d.start()
            d.poll(1)
            check_equal(titles(d), ["Item 8", "Item 10", "Item 11"], "after a restart")


run([test_a_hundred_ask_at_once, test_one_address_in_several_spellings, test_a_burst_that_is_stopped, test_a_feed_that_moves_for_good, test_sent_on_to_anothers_address, test_two_become_one_with_once, test_a_hold_survives, test_what_was_dropped_stays_dropped, test_moved_while_it_is_polled, test_gone_is_believed_after_a_day,
     test_a_host_that_wants_to_be_left_alone, test_declared_feeds_are_removed_only_there, test_added_feeds_live_in_the_database, test_a_detached_feed_comes_back_whole,
     test_same_section_with_a_new_address_is_a_move, test_changes_by_patch, test_bad_addresses, test_refresh_floor])
