"""Why a feed is polled when it is, as the daemon and its client tell; and feeds that fall silent."""
import json
import os
import pty
import re
import sqlite3
import subprocess
import time
from contextlib import closing

from harness import PATIENCE_S, Daemon, Events, Web, check, check_equal, feed_xml, lines, run

DAY_MS = 86400000


def items(*numbers):
    return [(f"g{i}", f"Item {i}", f"http://example.org/{i}") for i in numbers]


def dated(*numbers, more="", repaired=""):
    """RSS with an item for each number of days ago."""
    day = 86400
    when = [time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - n * day)) for n in numbers]
    body = "".join(f"<item><guid>g{n}</guid><title>Day {n}{repaired}</title><pubDate>{w}</pubDate></item>" for n, w in zip(numbers, when))
    return f"<rss version='2.0'><channel><title>Daily</title>{more}{body}</channel></rss>"


def on_terminal(daemon, *args):
    """What the client shows to people."""
    terminal, end = pty.openpty()
    environment = daemon.environment(TIDINGS_SOCKET=daemon.socket, TERM="dumb", COLUMNS="80")
    with subprocess.Popen([daemon.client, *args], stdin=subprocess.DEVNULL, stdout=end, stderr=end, env=environment) as client:
        os.close(end)
        shown = b""
        try:
            while piece := os.read(terminal, 4096):
                shown += piece
        except OSError:
            pass  # Linux tells so that the other side was closed
        check_equal(client.wait(PATIENCE_S), 0, shown)
    os.close(terminal)
    return shown.decode().replace("\r", "")


def facts(text):
    """The lines with a label, those that go on joined."""
    found, label = {}, None
    for line in text.partition("\n\n")[0].splitlines():
        name, _, value = line.partition("  ")
        label = name or label
        found[label] = (found.get(label, "") + " " + value.strip()).strip()
    return found


def rules(feed):
    return [f"{c['rule']}/{c['level']}" for c in feed["why"]["candidates"]]


@lines("B3", "B8")
def test_which_rule_has_won(args):
    """A feed for each of them."""
    with closing(Web()) as web:
        web.serve("/rhythm", {"body": dated(0, 1, 2, 3, more="<ttl>90</ttl>"), "etag": '"1"', "headers": {"Cache-Control": "max-age=3600"}})
        web.serve("/fresh", {"body": dated(0, 1, 2, 3), "etag": '"1"', "headers": {"Cache-Control": "max-age=60000"}})
        web.serve("/own", {"body": dated(0, 1), "etag": '"1"', "headers": {"Cache-Control": "max-age=60000"}})
        web.serve("/bad", {"status": 500})
        feeds = "".join(f"feed '{n}' {{ url = '{web.base}/{n}'\n{'interval = 2h' if n == 'own' else ''} }}\n" for n in ("rhythm", "fresh", "own", "bad"))
        with closing(Daemon(args.build, "", feeds).start()) as d:
            for number in range(1, 5):
                d.wait_poll(number)
            rhythm, fresh, own, bad = [d.get(f"/feeds/{n}") for n in range(1, 5)]
            check_equal(rules(rhythm), ["rhythm/learned", "fresh/server", "ttl/publisher"], "rhythm")
            check_equal(rules(fresh), ["fresh/server", "rhythm/learned"], "fresh")
            check_equal((rules(own), own["interval_s"]), (["interval/feed"], 7200), "own")
            check_equal(rules(bad), ["backoff/learned"], "bad")
            for feed in (rhythm, fresh, own, bad):
                check_equal(feed["why"]["candidates"][0]["due"], feed["next_due"], "the winner's time")
                check_equal((feed["why"]["text"], feed["waits"]["for"]), (feed["due_reason"], "due-time"), "words")
            check("good for 16h 40min" in fresh["due_reason"] and "set for this feed" in own["due_reason"], (fresh, own))
            shown = facts(on_terminal(d, "why", "fresh"))
            check(re.fullmatch(r"(today|tomorrow) \d\d:\d\d, in 1[678]h( \d+min)?", shown["next poll"]), shown)
            check_equal(shown["why"], fresh["due_reason"], "why")
            check("said by the server" in shown["decided by"] and "the rhythm of its items" in shown["not by"], shown)
            check_equal((shown["address"], "waits" in shown), (web.base + "/fresh", False), "address and waits")
            check("HTTP 500" in facts(on_terminal(d, "why", "4"))["failing"], "failing")
            answer = json.loads(d.tidings("why", "own", "--json").stdout)
            check_equal((answer["format"], answer["id"], rules(answer)), (1, 3, rules(own)), "--json")
            nobody = d.tidings("why", "nobody")
            check(nobody.returncode == 4 and "there is no feed" in nobody.stderr, nobody)


@lines("A24", "A26", "B8")
def test_words_of_trouble(args):
    """What went wrong after all was well; what the publisher asked for then still counts."""
    good = {"body": dated(0, 1, 2, 3, more="<ttl>1200</ttl>"), "etag": '"1"'}
    page = {"body": "<!DOCTYPE html><html><title>Please log in</title></html>"}
    with closing(Web()) as web:
        web.serve("/page", good, page)
        web.serve("/never", page)
        web.serve("/same", {"status": 304})
        web.serve("/busy", good, {"status": 429, "headers": {"Retry-After": "1"}})
        feeds = "".join(f"feed '{n}' {{ url = '{web.base}/{n}' }}\n" for n in ("page", "never", "same", "busy"))
        with closing(Daemon(args.build, "", feeds).start()) as d:
            for number in range(1, 5):
                d.wait_poll(number)
            found = [row["error"]["detail"] for row in (d.poll(1), d.get("/feeds/2"), d.get("/feeds/3"))]
            check_equal(found, ["found an HTML page where a feed was: maybe a log-in page", "an HTML page",
                                "HTTP 304 Not Modified, although nothing was asked that could be so"], "errors")
            rows = [d.get("/feeds/1"), d.poll(4)]
            check_equal([rules(row) for row in rows], [["ttl/publisher", "backoff/learned"], ["ttl/publisher", "retry-after/server"]], "rules")
            check_equal([row["due_reason"] for row in rows], [f"{what}; the feed says that it is good for 20h (ttl)" for what in
                                                              ("failed 1 time in a row", "the server asked to wait for 1s")], "why")


@lines("B1", "B8")
def test_what_is_not_known_yet(args):
    """The rhythm of a feed that has no dates, after one poll; and how long an answer counts that is called good for longer than may be."""
    with closing(Web()) as web:
        web.serve("/new", {"body": feed_xml(items(1, 2, 3)), "etag": '"1"'})
        web.serve("/long", {"body": dated(0, 1, 2), "etag": '"1"', "headers": {"Cache-Control": "max-age=200000"}})
        feeds = f"feed 'new' {{ url = '{web.base}/new' }}\nfeed 'long' {{ url = '{web.base}/long' }}\n"
        with closing(Daemon(args.build, "", feeds).start()) as d:
            check_equal(d.wait_poll(1)["due_reason"], "every 1h: too little is known of its rhythm yet", "reason")
            check_equal(facts(on_terminal(d, "why", "new"))["rhythm"], "not known yet; items in its document: 3", "rhythm")
            check_equal(d.wait_poll(2)["due_reason"], "the server says that its answer is good for 2d 7h, at most 1d by interval_max", "reason")
            check(facts(on_terminal(d, "why", "long"))["rhythm"].startswith("an item every "), "rhythm")


def test_last_fetches_and_repairs(args):
    """Of ten polls; repairs are those of the last document that could be read, whatever came after it."""
    good = {"body": dated(0, 1), "etag": '"1"'}
    with closing(Web()) as web:
        web.serve("/feed", {"body": dated(0, 1, repaired=" &nbsp; here & there")}, {"status": 404}, good)
        with closing(Daemon(args.build, "", f"feed 'Daily' {{ url = '{web.base}/feed' }}\n").start()) as d:
            wrong = ['"&" that begins no reference', "undeclared entity"]
            check_equal(d.wait_poll(1)["repairs"], wrong, "repairs")
            head, _, table = on_terminal(d, "why", "daily").partition("\n\n")
            check(head.endswith('\nrepaired    "&" that begins no reference\n            undeclared entity'), head)
            check(re.fullmatch(r"POLLED +OUTCOME +HTTP +BYTES +TOOK +NEW\ntoday \d\d:\d\d, now +ok +200 +\d+ +\d+ ms +2\n", table), table)
            check_equal(d.poll(1)["repairs"], wrong, "repairs after a failure")
            check_equal(d.poll(1)["repairs"], [], "repairs after a good document")
            seen = [(f["outcome"], f["http_status"], f["new_items"]) for f in d.get("/feeds/1")["fetches"]]
            check_equal(seen, [("ok", 200, 0), ("http-error", 404, 0), ("ok", 200, 2)], "fetches")
            for _ in range(9):
                row = d.poll(1)
            check_equal([(f["outcome"], f["http_status"]) for f in row["fetches"]], [("ok", 304)] * 9 + [("ok", 200)], "the last ten")
            check(all(f["bytes"] > 50 and f["duration_ms"] >= 0 for f in row["fetches"]), row["fetches"])
            rows = d.tidings("why", "1").stdout.split("\n")
            check_equal((rows[0], rows[-2].split("\t")[1:3]), ("feed\tDaily", ["ok", "200"]), "elsewhere than on a terminal")


@lines("B8", "A18")
def test_what_it_waits_for(args):
    """Two feeds of a host whose first poll does not end; then the server wants to be left alone."""
    with closing(Web()) as web:
        web.serve("/a", {"hang": True})
        web.serve("/b", {"body": dated(0, 1)}, {"status": 429, "headers": {"Retry-After": "7200"}})
        feeds = f"feed 'A' {{ url = '{web.base}/a' }}\nfeed 'B' {{ url = '{web.base}/b' }}\n"
        with closing(Daemon(args.build, "", feeds).start()) as d:
            web.wait_request("/a")
            check_equal((d.get("/feeds/1")["waits"]["for"], d.get("/feeds/2")["waits"]["for"]), ("answer", "host-limited"), "waits")
            shown = facts(on_terminal(d, "why", "B"))
            check(shown["next poll"].startswith("as soon as it may; due since today"), shown)
            check_equal((shown["why"], shown["waits"]), ("new: not polled yet", "other polls of the same host go first"), shown)
            check_equal(facts(on_terminal(d, "why", "A"))["next poll"], "now", "next poll")
            web.released.set()
            d.wait_poll(1)
            d.wait_poll(2)
            row = d.poll(2)
            check_equal(row["why"]["candidates"][0]["rule"], "retry-after", "rule")
            hurried, _, _ = d.request("POST", "/api/v1/feeds/1/refresh")
            check_equal(hurried, 429, "the other feed of the host")
            row = d.get("/feeds/1")
            check_equal(row["waits"]["for"], "host-held", "waits")
            check(row["waits"]["until"] > row["next_due"], row)
            check("left alone" in facts(on_terminal(d, "why", "A"))["waits"], row)


def test_silence(args):
    """Twelve days without a word from a feed that has one a day: told once, also over a restart, until it is back."""
    with closing(Web()) as web:
        web.serve("/feed", {"body": dated(*range(10)), "etag": '"1"'})
        with closing(Daemon(args.build, "", f"feed 'Daily' {{ url = '{web.base}/feed' }}\n").start()) as d:
            first = d.wait_poll(1)
            check_equal((first["silent"], first["silent_since"]), (False, None), "at first")
            check(75000 < first["rhythm"]["usual_s"] < 90000, first["rhythm"])
            d.stop()
            with closing(sqlite3.connect(d.database)) as database, database:
                database.execute(f"UPDATE feed SET spoke_ms = spoke_ms - {12 * DAY_MS}")
            d.start()
            seq = d.seq()
            events = Events(d.socket, "?kinds=feed")
            check_equal(events.next()["event"], "hello", "first event")
            with d.watch(others=1) as watch:
                row = d.poll(1)
                check_equal((row["status"], row["silent"]), ("ok", True), "after 304")
                event = events.next()
                check_equal((event["event"], event["data"]["feeds"][0]["silent"]), ("feed.silent", True), "event")
                check("Daily is silent: nothing new since " in watch.stderr.readline(), "watch")
                check("\tsilent\tDaily\t" in d.tidings("feeds").stdout, "feeds")
                check(re.match(r"nothing new since \w+ \d+ \w+ \d\d:\d\d; usually every ", facts(on_terminal(d, "why", "daily"))["silent"]), "why")
                d.poll(1)
                web.serve("/feed", {"status": 500})
                d.poll(1)
                d.poll(1)
                check_equal(events.next()["event"], "feed.error", "one line of silence")
                web.serve("/feed", {"body": dated(-1, *range(10)), "etag": '"2"'})
                row = d.poll(1)
                check_equal((row["silent"], row["silent_since"]), (False, None), "back")
                check_equal([events.next()["event"] for _ in range(2)], ["feed.ok", "feed.back"], "events")
                check_equal(watch.stderr.readline(), "tidings: Daily is back\n", "watch")
            events.close()
            d.stop()
            d.start()
            d.poll(1)
            kinds = [f'{c["kind"]}.{c["op"]}' for c in d.changes(seq)["changes"]]
            check_equal((kinds.count("feed.silent"), kinds.count("feed.back")), (1, 1), kinds)


def test_silence_of_failing_feeds(args):
    """At the second failure in a row; a feed without a rhythm is never silent."""
    with closing(Web()) as web:
        web.serve("/daily", {"body": dated(*range(10))}, {"status": 500})
        web.serve("/undated", {"body": feed_xml(items(1, 2, 3))}, {"status": 500})
        feeds = f"feed 'Daily' {{ url = '{web.base}/daily' }}\nfeed 'Undated' {{ url = '{web.base}/undated' }}\n"
        with closing(Daemon(args.build, "", feeds).start()) as d:
            d.wait_poll(1)
            d.wait_poll(2)
            d.stop()
            with closing(sqlite3.connect(d.database)) as database, database:
                database.execute(f"UPDATE feed SET spoke_ms = spoke_ms - {400 * DAY_MS}, created_ms = created_ms - {400 * DAY_MS}")
            d.start()
            check_equal([d.poll(1)["silent"] for _ in range(3)], [False, True, True], "daily")
            check_equal([d.poll(2)["silent"] for _ in range(3)], [False, False, False], "undated")
            check("failing\tDaily" in d.tidings("feeds").stdout, "it is failing before it is silent")


run([test_which_rule_has_won, test_words_of_trouble, test_what_is_not_known_yet, test_last_fetches_and_repairs, test_what_it_waits_for, test_silence, test_silence_of_failing_feeds])
