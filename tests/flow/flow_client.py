"""The real client against the real daemon: output, exit codes, and what it says when something is wrong."""
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import closing
from datetime import datetime

from harness import PATIENCE_S, Daemon, Web, check, check_equal, feed_xml, lines, run


def items(*numbers):
    return [(f"g{i}", f"Item {i}", f"http://example.org/{i}") for i in numbers]


class World:
    def __init__(self, args):
        self.web = Web()
        self.web.serve("/feed", {"body": feed_xml(items(2, 1), "Morning Post")})
        self.daemon = Daemon(args.build, "", f"feed \"Post\" {{ url = '{self.web.base}/feed' }}\n").start()
        self.daemon.wait_poll(1)

    def publish(self, *numbers):
        self.web.serve("/feed", {"body": feed_xml(items(*numbers), "Morning Post")})
        self.daemon.poll(1)

    def good(self, *args, code=0):
        ran = self.daemon.tidings(*args)
        check_equal(ran.returncode, code, f"tidings {' '.join(args)}: {ran.stdout}{ran.stderr}")
        return ran.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


def test_list_and_show(args):
    with World(args) as w:
        lines = w.good("list").splitlines()
        check_equal(len(lines), 2, "lines")
        check("Item 2" in lines[0] and "Item 1" in lines[1] and "Post" in lines[0], lines)
        check_equal(len(w.good("list", "-n", "1").splitlines()), 1, "lines with -n 1")
        story = lines[0].split("\t")[0]
        shown = w.good("show", story)
        check("Item 2" in shown and "http://example.org/2" in shown and "About Item 2." in shown, shown)
        listed = [json.loads(line) for line in w.good("--json", "list").splitlines()]
        check(listed and "Item 2" in json.dumps(listed), listed)
        w.good("show", "999999", code=4)


def test_states(args):
    with World(args) as w:
        story = w.good("list").split("\t")[0]
        w.good("read", story)
        check_equal(len(w.good("list", "--unread").splitlines()), 1, "unread after read")
        w.good("unread", story)
        check_equal(len(w.good("list", "--unread").splitlines()), 2, "unread after unread")
        w.good("star", story)
        check_equal(len(w.good("list", "--starred").splitlines()), 1, "starred")
        w.good("read", story, "999999", code=4)
        w.web.serve("/more", {"body": feed_xml(items(2), "Evening Star")})
        w.good("add", w.web.base + "/more")
        w.good("unread", story)
        check_equal(w.good("read", "--all"), "stories marked as read: 2\n", "one of the stories is told by two feeds")
        check_equal(w.good("list", "--unread"), "", "unread after read --all")


def test_new(args):
    with World(args) as w:
        w.good("new", code=4)
        w.publish(3, 2, 1)
        check_equal([line.split("\t")[4] for line in w.good("new").splitlines()], ["Item 3"], "new")
        w.good("new", code=4)
        w.publish(5, 4, 3, 2, 1)
        w.daemon.stop()
        w.daemon.start()
        check_equal(sorted(line.split("\t")[4] for line in w.good("new").splitlines()), ["Item 4", "Item 5"], "new after a restart")


def test_add_says_what_it_found(args):
    with World(args) as w:
        w.web.serve("/more", {"body": feed_xml(items(8, 9), "Evening Star")})
        said = w.good("add", w.web.base + "/more", "--folder", "Papers")
        check("Evening Star" in said and "2" in said, said)
        again = w.daemon.tidings("add", w.web.base + "/more")
        check(again.returncode == 1 and "already" in again.stderr, again.stderr)
        dead = w.daemon.tidings("add", "http://127.0.0.1:1/feed")
        check(dead.returncode == 1 and "127.0.0.1" in dead.stdout + dead.stderr, dead.stdout + dead.stderr)
        feeds = w.good("feeds")
        check("Evening Star" in feeds and "failing" in feeds, feeds)
        w.good("remove", "Evening Star")
        check("Evening Star" not in w.good("feeds"), "removed feed is listed")
        kept = w.daemon.tidings("remove", "Post")
        check(kept.returncode == 1 and kept.stderr.count("there") == 1 and "reload" in kept.stderr, kept.stderr)
        unknown = w.daemon.tidings("remove", "Nonsense")
        check_equal(unknown.returncode, 4, unknown.stderr)


def page(*hrefs, base=""):
    links = "".join(f"<link rel='alternate' type='application/rss+xml' href='{h}'>" for h in hrefs)
    return {"body": f"<!DOCTYPE html><html><head><title>A site</title>{base}{links}</head><body>Hello</body></html>", "headers": {"Content-Type": "text/html"}}


@lines("A1", "A43")
def test_add_finds_the_feed_of_a_site(args):
    """The page is asked for once, and so is its feed, without validators; whatever it offers goes through the same gate."""
    with World(args) as w:
        w.web.take_requests()
        w.web.serve("/site", page("star.xml", base=f"<base href='{w.web.base}/deep/'>"))
        w.web.serve("/deep/star.xml", {"body": feed_xml(items(8, 9), "Evening Star"), "etag": '"1"'})
        said = w.good("add", w.web.base + "/site")
        check("Evening Star" in said and "items: 2" in said, said)
        seen = w.web.take_requests()
        check_equal([r["path"] for r in seen], ["/site", "/deep/star.xml"], "requests")
        check(not any("if-none-match" in r["headers"] for r in seen), seen)
        feed = json.loads(w.good("feeds", "--json"))["feeds"][1]
        check_equal((feed["url"], feed["status"]), (w.web.base + "/deep/star.xml", "ok"), "feed")
        again = w.daemon.tidings("add", w.web.base + "/site")
        check(again.returncode == 1 and "already" in again.stderr, again.stderr)
        w.web.serve("/private", page("/deep/more.xml"))
        w.web.serve("/deep/more.xml", {"body": feed_xml(items(8), "Evening Star")})
        w.web.take_requests()
        w.good("add", w.web.base.replace("//", "//ann:secret@") + "/private")
        check_equal([(r["path"], "authorization" in r["headers"]) for r in w.web.take_requests()], [("/private", True), ("/deep/more.xml", True)], "a password")
        w.web.serve("/inside", page("http://10.0.0.1/feed"))
        inside = w.daemon.tidings("add", w.web.base + "/inside")
        check(inside.returncode == 1 and "private address" in inside.stderr, inside.stderr)
        check_equal(len(json.loads(w.good("feeds", "--json"))["feeds"]), 4, "feeds")


@lines("A43")
def test_add_asks_however_long_the_addresses_are(args):
    """Each with its title and kind, whole, and never one without asking; one alone is taken. The page is asked for once."""
    with World(args) as w:
        rows = [(f"/feed/{i}/{'x' * 300}", "atom" if i else "rss") for i in range(33)]
        links = "".join(f"<link rel=alternate type='application/{kind}+xml' title='Part {i}' href='{path}'>" for i, (path, kind) in enumerate(rows))
        w.web.take_requests()
        for count, said in ((6, "This page offers 6 feeds:"), (33, "This page offers 32 feeds, or more: no more are listed:")):
            w.web.serve("/many", {"body": "<!DOCTYPE html>" + links[:links.index(rows[count][0]) if count < 33 else None], "headers": {"Content-Type": "text/html"}})
            asked = w.daemon.tidings("add", "--json", w.web.base + "/many")
            wanted = [f"{i + 1:3}  {w.web.base}{path}  (Part {i}, {'Atom' if i else 'RSS'})" for i, (path, _) in enumerate(rows[:min(count, 32)])]
            check_equal(asked.stderr.splitlines()[:-1], [said, *wanted], "the list")
            check_equal([feed["url"] for feed in json.loads(asked.stdout)["feeds"]], [w.web.base + path for path, _ in rows[:min(count, 32)]], "feeds")
            check_equal([r["path"] for r in w.web.take_requests()], ["/many"], "requests")
        check_equal(len(json.loads(w.good("feeds", "--json"))["feeds"]), 1, "feeds")
        w.web.serve("/one", page(rows[0][0]))
        w.web.serve(rows[0][0], {"body": feed_xml(items(5), "A long way")})
        check("A long way" in w.good("add", w.web.base + "/one"), "one alone")


@lines("A43")
def test_add_asks_which_of_several(args):
    with World(args) as w:
        w.web.serve("/site", page("/posts", "/comments"))
        w.web.serve("/comments", {"body": feed_xml(items(5), "Comments")})
        w.web.take_requests()
        asked = w.daemon.tidings("add", w.web.base + "/site")
        check(asked.returncode == 1 and f"2  {w.web.base}/comments" in asked.stderr, asked.stderr)
        check_equal([r["path"] for r in w.web.take_requests()], ["/site"], "requests")
        check_equal(len(json.loads(w.good("feeds", "--json"))["feeds"]), 1, "feeds")
        terminal, end = pty.openpty()
        with subprocess.Popen([w.daemon.client, "add", w.web.base + "/site"], stdin=end, stdout=end, stderr=end,
                              env=w.daemon.environment(TIDINGS_SOCKET=w.daemon.socket)) as client:
            os.close(end)
            os.write(terminal, b"2\n")
            check_equal(client.wait(PATIENCE_S), 0, "exit code")
        os.close(terminal)
        check_equal(json.loads(w.good("feeds", "--json"))["feeds"][1]["title"], "Comments", "what was chosen")


def test_add_without_anybody_to_ask(args):
    """The list comes as JSON, on a terminal, too; an answer that is none is asked for again; Enter adds nothing."""
    with World(args) as w:
        w.web.serve("/site", page("/posts", "/comments"))
        w.web.serve("/posts", {"body": feed_xml(items(5), "Posts")})
        asked = w.daemon.tidings("add", "--json", w.web.base + "/site")
        urls = [w.web.base + "/posts", w.web.base + "/comments"]
        offers = {"feeds": [{"url": url, "title": None, "type": "application/rss+xml"} for url in urls], "offers": urls, "format": 1}
        check_equal((asked.returncode, json.loads(asked.stdout)), (1, offers), asked.stderr)
        for options, typed, code in ((["--json"], b"", 1), ([], b"\n", 1), ([], b"3\nx\n1\n", 0)):
            terminal, end = pty.openpty()
            with subprocess.Popen([w.daemon.client, "add", w.web.base + "/site", *options], stdin=end, stdout=end, stderr=end,
                                  env=w.daemon.environment(TIDINGS_SOCKET=w.daemon.socket)) as client:
                os.close(end)
                os.write(terminal, typed)
                check_equal(client.wait(PATIENCE_S), code, f"exit code after {typed}")
            os.close(terminal)
            check_equal(len(json.loads(w.good("feeds", "--json"))["feeds"]), 2 - code, f"feeds after {typed}")


def test_add_of_what_is_no_feed(args):
    """It is not kept; of an address without a scheme http is tried where https is not spoken."""
    with World(args) as w:
        w.web.serve("/plain", page())
        w.web.serve("/again", page("/plain"))
        w.web.serve("/site", page())
        ran = w.daemon.tidings("add", w.web.base + "/site")
        check(ran.returncode == 1 and "the feed 1 has this address already" in ran.stderr, ran.stderr)  # /feed is
        w.web.serve("/feed", {"status": 404})
        for path in "/plain", "/again":
            ran = w.daemon.tidings("add", w.web.base + path)
            check(ran.returncode == 1 and f"{w.web.base}/plain is no feed" in ran.stderr, ran.stderr)
        check_equal(len(json.loads(w.good("feeds", "--json"))["feeds"]), 1, "feeds")
        w.web.serve("/more", {"body": feed_xml(items(8, 9), "Evening Star")})
        ran = w.daemon.tidings("add", f"127.0.0.1:{w.web.port}/more")
        check(ran.returncode == 0 and "Evening Star" in ran.stdout and f"trying http://127.0.0.1:{w.web.port}/more" in ran.stderr, ran)
        ran = w.daemon.tidings("add", f"ann:secret@127.0.0.1:{w.web.port}/x")
        check(ran.returncode == 1 and "trying" not in ran.stderr, ran)
        check("/x" not in [r["path"] for r in w.web.take_requests()], "a password went out in the clear")


class NoTls(threading.Thread):
    """Says nothing to whoever begins with TLS, as a firewall does; all others get a feed."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.held = []
        self.start()

    def run(self):
        body = feed_xml(items(8, 9), "Evening Star").encode()
        while True:
            connection, _ = self.listener.accept()
            if connection.recv(1, socket.MSG_PEEK) == b"\x16":
                self.held.append(connection)
                continue
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            connection.close()


def test_add_where_https_is_not_reached(args):
    """As where it is refused, http is tried; a server that is slow to answer is another matter."""
    server = NoTls()
    with closing(Daemon(args.build, "connect_timeout = 1s\n").start()) as d:
        address = f"127.0.0.1:{server.listener.getsockname()[1]}/more"
        ran = d.tidings("add", address)
        check(ran.returncode == 0 and "Evening Star" in ran.stdout, ran)
        check(f"could not be reached within 1 s: it took the connection and said nothing; trying http://{address}" in ran.stderr, ran.stderr)
        ran = d.tidings("add", f"https://{address}")
        check(ran.returncode == 1 and "trying" not in ran.stderr, ran.stderr)


def test_add_to_a_held_host(args):
    """It is said at once until when, and that it is polled then."""
    with World(args) as w:
        w.web.serve("/feed", {"status": 429, "headers": {"Retry-After": "7200"}})
        w.daemon.poll(1)
        began = time.monotonic()
        ran = w.daemon.tidings("add", w.web.base + "/more")
        check(time.monotonic() - began < PATIENCE_S / 2, "it waited")
        until = w.daemon.get("/feeds/2")["waits"]["until"]
        held, added = ran.stderr.splitlines()
        match = re.fullmatch(rf"tidings: the server of {w.web.base}/more asked to be left alone until (\S+); the feed is polled then", held)
        check(match and abs(datetime.fromisoformat(match[1][:19]) - datetime.fromisoformat(until[:19])).seconds < 60, f"{held}, not {until}")
        check(ran.returncode == 1 and added.startswith("tidings: added feed 2, but it was not polled yet"), ran)


def test_add_of_what_was_there(args):
    """A feed that comes back from its 30 days keeps its items, whatever is at its address for now."""
    with World(args) as w:
        w.daemon.stop()
        w.daemon.write_config()
        w.daemon.start()
        w.web.serve("/feed", page("/other"))
        ran = w.daemon.tidings("add", w.web.base + "/feed")
        check(ran.returncode == 1 and "HTML page" in ran.stderr, ran)
        feed = json.loads(w.good("feeds", "--json"))["feeds"][0]
        check_equal((feed["id"], feed["url"], feed["items"]), (1, w.web.base + "/feed", 2), "the feed and its items")


def test_refresh_reports(args):
    with World(args) as w:
        w.web.serve("/feed", {"body": feed_xml(items(3, 2, 1))})
        said = w.good("refresh", "Post")
        check("1" in said, said)
        w.web.serve("/feed", {"status": 500})
        failed = w.daemon.tidings("refresh")
        check("500" in failed.stdout + failed.stderr, failed.stdout + failed.stderr)


def test_watch(args):
    with World(args) as w:
        with w.daemon.watch() as watch:
            w.publish(3, 2, 1)
            check("Item 3" in watch.stdout.readline(), "first line of watch")
            w.daemon.stop()
            w.daemon.start()
            w.daemon.wait_clients(watch)
            w.publish(4, 3, 2, 1)
            check("Item 4" in watch.stdout.readline(), "line of watch after a restart")
            watch.send_signal(signal.SIGINT)
            check_equal(watch.wait(PATIENCE_S), 0, "exit code of watch after Ctrl-C")


def test_no_control_characters(args):
    with World(args) as w:
        w.web.serve("/feed", {"body": feed_xml([("x", "A&#x9b;31m\u202eB\x7f", "http://example.org/x", "t&#x9b;x")])})
        w.daemon.poll(1)
        for command in (["list"], ["show", "3"], ["--color", "always", "list"]):
            out = w.good(*command)
            bad = [c for c in out if (ord(c) < 32 and c not in "\n\t\x1b") or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
            check(not bad, f"{command}: {bad}")


def test_failures_say_what_to_do(args):
    with World(args) as w:
        gone = w.daemon.tidings("--socket", "/nonexistent/t.sock", "list")
        check_equal(gone.returncode, 3, gone.stderr)
        check("/nonexistent/t.sock" in gone.stderr and "tidingsd" in gone.stderr, gone.stderr)
        for wrong in (["nonsense"], ["show"], ["list", "--nonsense"], ["show", "1", "2"]):
            ran = w.daemon.tidings(*wrong)
            check_equal(ran.returncode, 2, f"{wrong}: {ran.stderr}")
            check("--help" in ran.stderr, ran.stderr)
        bare = w.daemon.tidings()
        check(bare.returncode == 2 and "watch" in bare.stderr and not bare.stdout, bare.stdout + bare.stderr)
        check("watch" in w.good("--help") and "--unread" in w.good("list", "--help"), "help")
        check("tidings" in w.good("--version"), "version")
        late = r"^lateness\tunder (\d+ ms|\d+s) \(half of the polls\), under (\d+ ms|\d+s) \(99th percentile\)$"
        check(re.search(late, w.good("status"), re.M), "status")


def test_a_stranger_is_refused(args):
    if os.geteuid() != 0:
        return  # only root can become a stranger; the unit test of the listener covers the rule
    with World(args) as w:
        os.chmod(w.daemon.folder, 0o755)
        os.chmod(w.daemon.socket, 0o666)
        client = shutil.copy(w.daemon.client, w.daemon.folder)  # the build may lie where strangers do not come

        def list_as_nobody():
            environment = {"TIDINGS_SOCKET": w.daemon.socket, "HOME": "/", "LC_ALL": "C.UTF-8"}  # nor can a sanitizer's file be read
            return subprocess.run([client, "list"], capture_output=True, text=True, check=False, timeout=PATIENCE_S, user=65534, group=65534,
                                  extra_groups=[], env=environment)

        ran = list_as_nobody()
        check(ran.returncode in (1, 3) and ran.stderr.strip(), f"{ran.returncode}: {ran.stdout}{ran.stderr}")
        os.chmod(w.daemon.socket, 0o600)
        ran = list_as_nobody()
        check_equal(ran.returncode, 3, ran.stderr)
        check("group" in ran.stderr, ran.stderr)


run([test_list_and_show, test_states, test_new, test_add_says_what_it_found, test_add_finds_the_feed_of_a_site,
     test_add_asks_however_long_the_addresses_are, test_add_asks_which_of_several, test_add_without_anybody_to_ask, test_add_of_what_is_no_feed, test_add_where_https_is_not_reached, test_add_to_a_held_host,
     test_add_of_what_was_there, test_refresh_reports, test_watch, test_no_control_characters,
     test_failures_say_what_to_do, test_a_stranger_is_refused])
