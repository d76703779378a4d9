"""Starting, stopping, reloading, being killed, and finding another daemon in the way."""
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

from harness import Daemon, Web, check, check_equal, feed_xml, lines, run


def items(count):
    return [(f"g{i}", f"Item {i}", f"http://example.org/{i}") for i in range(count, 0, -1)]


class World:
    def __init__(self, args, count=3):
        self.web = Web()
        self.web.serve("/feed", {"body": feed_xml(items(count))})
        self.daemon = Daemon(args.build, "", self.section("F", "/feed"))

    def section(self, name, path, more=""):
        return f"feed \"{name}\" {{ url = '{self.web.base}{path}' {more} }}\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


def test_both_signals_end_it_cleanly(args):
    for number in (signal.SIGTERM, signal.SIGINT):
        with World(args) as w:
            w.daemon.start()
            w.daemon.wait_poll(1)
            code, seconds = w.daemon.stop(number)
            check_equal(code, 0, f"exit code after {number}")
            check(seconds < 5, f"{seconds:.1f} s")


def test_no_thread_is_interrupted_by_signals(args):
    """They are read by the loop; a handler would run wherever the kernel finds a thread."""
    with World(args) as w:
        w.daemon.start()
        for thread in os.listdir(f"/proc/{w.daemon.process.pid}/task"):
            with open(f"/proc/{w.daemon.process.pid}/task/{thread}/status", encoding="utf-8") as f:
                blocked = int(next(line for line in f if line.startswith("SigBlk")).split()[1], 16)
            taken = [n.name for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if not blocked >> n - 1 & 1]
            check(not taken, f"thread {thread} is interrupted by {taken}")


@lines("B12")
def test_stop_in_mid_poll(args):
    """By one signal, and by a second one that does not wait for what the first began: nothing is half done; by one, it is
    known that the server was asked."""
    for signals in (1, 2):
        with World(args) as w:
            w.web.serve("/feed", {"hang": True})
            w.daemon.start()
            w.web.wait_request("/feed")
            due = w.daemon.get("/feeds/1")["next_due"]
            for _ in range(signals - 1):
                w.daemon.send(signal.SIGTERM)
            code, seconds = w.daemon.stop()
            check(code == 0 or (code == 1 and signals > 1 and "stop.forced" in w.daemon.log()), f"exit code {code} after {signals} signals")
            check(seconds < 5, f"{seconds:.1f} s with a hanging server")
            w.daemon.start()
            if code:
                w.daemon.wait_log("database.sound")
            row = w.daemon.get("/feeds/1")
            asked = row["last_poll"] is not None
            check(asked or code, f"a clean end, and it is not known that the server was asked: {row}")
            check_equal(row["next_due"] > due, asked, "whether it is due later")
            check_equal((row["error"], row["items"]), (None, 0), "nothing half done")


def test_second_daemon_is_refused(args):
    with World(args) as w:
        w.daemon.start()
        pid = str(w.daemon.process.pid)
        same_database = w.daemon.run("--socket", w.daemon.folder + "/other.sock")
        check_equal(same_database.returncode, 1, "exit code, same database")
        check(pid in same_database.stderr, f"does not say who holds the database: {same_database.stderr}")
        same_socket = w.daemon.run("--database", w.daemon.folder + "/other.db", "--socket", w.daemon.socket)
        check_equal(same_socket.returncode, 1, "exit code, same socket")
        check(pid in same_socket.stderr, f"does not say who holds the socket: {same_socket.stderr}")
        check_equal(w.daemon.request("GET", "/api/v1/ping")[0], 204, "ping of the first daemon")


def test_stale_socket_is_replaced(args):
    with World(args) as w:
        w.daemon.start()
        w.daemon.process.kill()
        w.daemon.process.wait()
        w.daemon.start()
        check_equal(w.daemon.request("GET", "/api/v1/ping")[0], 204, "ping")


def test_reload(args):
    with World(args) as w:
        w.daemon.start()
        w.daemon.wait_poll(1)
        w.web.serve("/more", {"body": feed_xml(items(2), "More")})
        w.daemon.write_config("", w.section("F", "/feed") + w.section("G", "/more"))
        seq = w.daemon.seq()
        w.daemon.send(signal.SIGHUP)
        w.daemon.wait_change(seq, "feed.ok", feed=2)
        check_equal([f["name"] for f in w.daemon.get("/feeds")["feeds"]], ["F", "G"], "feeds")


def test_bad_reload_keeps_the_old(args):
    with World(args) as w:
        w.daemon.start()
        w.daemon.wait_poll(1)
        w.daemon.write_config("interval = soon\n", "")
        w.daemon.send(signal.SIGHUP)
        w.daemon.wait_log("config.rejected")
        check("interval" in w.daemon.log() and "soon" in w.daemon.log(), "the log does not say what is wrong")
        check_equal(len(w.daemon.get("/feeds")["feeds"]), 1, "feeds")
        checked = w.daemon.run("--check-config")
        check_equal(checked.returncode, 1, "exit code of --check-config")
        check("soon" in checked.stderr, checked.stderr)


@lines("A13")
def test_polled_feeds_wait_after_a_restart(args):
    """Twenty restarts, every other one after kill -9: one request of each feed, whatever it was answered. What comes later is due later."""
    answers = {"/feed": {"body": feed_xml(items(3)), "etag": '"1"'}, "/plain": {"body": feed_xml(items(2))}, "/missing": {"status": 404},
               "/broken": {"status": 500}, "/cut": {"body": feed_xml(items(3)), "cut": 40}, "/gone": {"status": 410},
               "/moved": {"status": 301, "headers": {"Location": "{base}/target"}}, "/target": {"body": feed_xml(items(1))}}
    with World(args) as w:
        for path, answer in answers.items():
            w.web.serve(path, answer)
        paths = [path for path in answers if path != "/target"]
        w.daemon.write_config("", "".join(w.section(path, path) for path in paths))
        w.daemon.start()
        for i in range(len(paths)):
            w.daemon.wait_poll(i + 1)
        due = [w.daemon.get(f"/feeds/{i + 1}")["next_due"] for i in range(len(paths))]
        for n in range(20):
            if n % 2:
                w.daemon.process.kill()
                w.daemon.process.wait()
            else:
                check_equal(w.daemon.stop()[0], 0, "exit code")
            w.daemon.start()
            rows = [w.daemon.get(f"/feeds/{i + 1}") for i in range(len(paths))]
            check_equal(([row["next_due"] for row in rows], {row["waits"]["for"] for row in rows}), (due, {"due-time"}), "due times")
        check_equal(w.daemon.stop()[0], 0, "exit code")
        check_equal(sorted(r["path"] for r in w.web.take_requests()), sorted(answers), "requests over twenty restarts")


@lines("A13")
def test_stopped_in_mid_poll(args):
    """What a server was asked for when the daemon was stopped is not asked for again at once, and says why."""
    with World(args) as w:
        w.web.serve("/slow", {"hang": True})
        w.daemon.write_config("", w.section("S", "/slow"))
        w.daemon.start()
        w.web.wait_request("/slow")
        for _ in range(3):
            check_equal(w.daemon.stop()[0], 0, "exit code")
            w.daemon.start()
            row = w.daemon.get("/feeds/1")
            check("when the daemon was stopped" in row["due_reason"], row["due_reason"])
            check_equal((row["status"], row["waits"]["for"], row["fetches"][0]["outcome"]), ("new", "due-time", "canceled"), f"{row}")
        check_equal([r["path"] for r in w.web.take_requests()], ["/slow"], "requests over four runs")


@lines("A13")
def test_killed_in_mid_poll(args):
    """What was asked for and not stored is asked for once more, nothing else is; once it is stored it waits, too."""
    with World(args) as w:
        w.web.serve("/slow", {"hang": True}, {"body": feed_xml(items(1))})
        w.daemon.write_config("", w.section("F", "/feed") + w.section("S", "/slow"))
        w.daemon.start()
        w.web.wait_request("/slow")
        w.daemon.wait_poll(1)
        w.daemon.process.kill()
        w.daemon.process.wait()
        for _ in range(5):
            w.daemon.start()
            w.daemon.wait_poll(1)
            w.daemon.wait_poll(2)
            w.daemon.process.kill()
            w.daemon.process.wait()
        paths = [r["path"] for r in w.web.take_requests()]
        check_equal((paths.count("/feed"), paths.count("/slow")), (1, 2), "requests over six runs")


def test_once(args):
    with World(args) as w:
        first = w.daemon.run("--once")
        check_equal(first.returncode, 0, first.stderr)
        again = w.daemon.run("--once")
        check_equal(again.returncode, 0, again.stderr)
        check_equal(len(w.web.take_requests()), 2, "requests: --once polls whether due or not")
        w.web.serve("/feed", {"status": 503, "headers": {"Retry-After": "3600"}})
        w.daemon.run("--once")
        w.daemon.run("--once")
        check_equal(len(w.web.take_requests()), 1, "requests after 503 with Retry-After")


def test_list_of_feeds(args):
    with World(args) as w:
        opml = w.daemon.folder + "/list.opml"
        with open(opml, "w", encoding="utf-8") as f:
            f.write(f"<opml version='2.0'><body><outline text='News'><outline type='rss' text='Mine' xmlUrl='{w.web.base}/feed'/></outline></body></opml>")
        ran = w.daemon.run("--once", "--feeds", opml)
        check_equal(ran.returncode, 0, ran.stderr)
        urls = w.daemon.folder + "/list.txt"
        with open(urls, "w", encoding="utf-8") as f:
            f.write(f"# mine\n{w.web.base}/feed\n")
        ran = w.daemon.run("--once", "--feeds", urls)
        check_equal(ran.returncode, 0, ran.stderr)
        with open(urls, "a", encoding="utf-8") as f:
            f.write("nonsense here\n")
        ran = w.daemon.run("--once", "--feeds", urls)
        check_equal(ran.returncode, 1, ran.stderr)
        check("line 3" in ran.stderr and "nonsense" in ran.stderr, ran.stderr)
        missing = w.daemon.run("--once", "--feeds", "/nonexistent/list")
        check_equal(missing.returncode, 1, "exit code for a missing list")
        check("/nonexistent/list" in missing.stderr, missing.stderr)
        w.daemon.start("--feeds", opml)
        feed = w.daemon.get("/feeds/1")
        check_equal((feed["folder"]["name"], feed["owners"]), ("News", ["list"]), "folder, owners")


def test_reloaded_list(args):
    """SIGHUP reads the list again: what was added to it is polled; one with a mistake changes nothing."""
    with World(args) as w:
        listed = w.daemon.folder + "/list.txt"

        def reload(text, event):
            before = w.daemon.log().count(event)
            with open(listed, "w", encoding="utf-8") as f:
                f.write(text)
            w.daemon.send(signal.SIGHUP)
            w.daemon.wait_log(event, before + 1)

        with open(listed, "w", encoding="utf-8") as f:
            f.write(f"{w.web.base}/feed\n")
        w.daemon.start("--feeds", listed)
        w.web.serve("/two", {"body": feed_xml([("2", "Two", "http://example.org/2")])})
        reload(f"{w.web.base}/feed\n{w.web.base}/two\n", "feeds.loaded")
        check_equal(w.daemon.wait_poll(2)["owners"], ["list"], "one that is new in the list")
        reload(f"{w.web.base}/two\nnonsense here\n", "config.rejected")
        check("list.txt" in w.daemon.log() and "line 2" in w.daemon.log(), "the mistake is told")
        w.web.serve("/three", {"body": feed_xml([("3", "Three", "http://example.org/3")])})
        reload(f"{w.web.base}/three\n", "feeds.loaded")
        check_equal(w.daemon.wait_poll(3)["url"], w.web.base + "/three", "one that is added then")
        check_equal(len(w.daemon.get("/feeds")["feeds"]), 3, "what is there already is left alone")


@lines("B12")
def test_stop_in_every_state(args):
    """As soon as it can be told, in the middle of a reload, and once more while it waits for a slow client's answer."""
    with World(args) as w:
        for _ in range(5):
            w.daemon.process = subprocess.Popen(w.daemon.command("--socket", w.daemon.socket), stdin=subprocess.DEVNULL,
                                                stderr=subprocess.PIPE, text=True, env=w.daemon.environment())
            for line in w.daemon.process.stderr:
                if "api.listening" in line:
                    break
            w.daemon.send(signal.SIGHUP)
            code, seconds = w.daemon.stop()
            w.daemon.process.stderr.close()
            check(code == 0 and seconds < 5, f"while starting: {code} after {seconds:.1f} s")
        w.web.serve("/feed", {"hang": True})
        w.daemon.start()
        w.daemon.send(signal.SIGHUP)
        code, seconds = w.daemon.stop()
        check(code == 0 and seconds < 5, f"in a reload: {code} after {seconds:.1f} s\n" + w.daemon.log()[-5000:])


@lines("B12", "B13")
def test_stop_with_documents_waiting(args):
    """What waits for the parser is not parsed any more: it is asked for again when it is due."""
    text = "word &lt;b&gt;x&lt;/b&gt; " * 500
    body = feed_xml([(f"g{i}", f"Item {i}", f"http://example.org/{i}", text) for i in range(60)])
    webs = [Web() for _ in range(30 + 3 * os.cpu_count())]
    daemon = Daemon(args.build, "", "".join(f"feed \"F{i}\" {{ url = '{web.base}/feed' }}\n" for i, web in enumerate(webs)))
    try:
        for web in webs:
            web.serve("/feed", {"body": body})
        daemon.start()
        daemon.wait_log("feed.polled")
        code, seconds = daemon.stop()
        check(code == 0 and seconds < 5, f"{code} after {seconds:.1f} s")
        late = daemon.log().partition(" stopping ")[2].count("feed.polled")
        check(late <= 10 + 2 * os.cpu_count(), f"{late} of {len(webs)} documents were parsed while it was stopping")
    finally:
        daemon.close()
        for web in webs:
            web.close()


def test_reloads_in_a_storm(args):
    """The last file counts, however many signals came while an earlier one was read."""
    with World(args) as w:
        w.daemon.start()
        for i in range(100):
            sections = "".join(w.section(f"S{n}", f"/{n}") for n in range(i % 7))
            w.daemon.write_config("", sections + w.section("Last", f"/last{i}"))
            w.daemon.send(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while f"{w.web.base}/last99" not in [f["url"] for f in w.daemon.get("/feeds")["feeds"]]:
            check(time.monotonic() < deadline, "the last configuration was not read\n" + w.daemon.log()[-3000:])
            time.sleep(0.01)
        code, seconds = w.daemon.stop()
        check(code == 0 and seconds < 5, f"{code} after {seconds:.1f} s")


def test_once_with_nothing_to_do(args):
    with World(args) as w:
        w.daemon.write_config()
        ran = w.daemon.run("--once")
        check(ran.returncode == 0 and "polled=0" in ran.stderr, ran.stderr)
        w.web.serve("/feed", {"status": 429, "headers": {"Retry-After": "3600"}})
        w.web.serve("/other", {"body": feed_xml([])})
        w.daemon.write_config("", w.section("F", "/feed"))
        w.daemon.run("--once")
        w.daemon.write_config("", w.section("F", "/feed") + w.section("G", "/other"))
        w.web.take_requests()
        ran = w.daemon.run("--once")  # held back: F by its own outcome, G with its host
        check(ran.returncode == 0 and "polled=0 failed=0 held=1" in ran.stderr, ran.stderr)
        check(w.web.take_requests() == [], "a host that is held was asked")
        with sqlite3.connect(w.daemon.database) as database:
            database.execute("DELETE FROM hold")
        database.close()
        w.web.serve("/other", {"status": 429, "headers": {"Retry-After": "3600"}})
        w.daemon.write_config("", w.section("H0", "/other") + w.section("H1", "/another"))
        w.web.serve("/another", {"status": 429, "headers": {"Retry-After": "3600"}})
        ran = w.daemon.run("--once")
        check(ran.returncode == 0 and "held=1" in ran.stderr, ran.stderr)


def full_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600000, 600000))


def test_a_full_disk(args):
    """Nothing can be stored: --once says so by its exit code, and a daemon does not go on asking servers for nothing."""
    with World(args) as w:
        w.daemon.write_config("", "".join(w.section(f"F{i}", f"/feed?{i}") for i in range(20)))
        for i in range(20):
            w.web.serve(f"/feed?{i}", {"body": feed_xml(items(400))})
        ran = subprocess.run(w.daemon.command("--once"), capture_output=True, text=True, env=w.daemon.environment(), timeout=60,
                             preexec_fn=full_disk, check=False)
        check_equal(ran.returncode, 1, ran.stderr)
        check("feed.postponed" in ran.stderr, ran.stderr)
        check(len(w.web.take_requests()) < 20, "every server was asked")
        ran = w.daemon.run("--once")
        check_equal(ran.returncode, 0, ran.stderr)


def test_folders_that_are_not_needed(args):
    """With database (and socket) named, nothing is made in a home that may not even exist."""
    with World(args) as w:
        environment = w.daemon.environment(HOME="/nonexistent", XDG_RUNTIME_DIR="/nonexistent/run")
        ran = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--", *w.daemon.command("--once")], capture_output=True, text=True,
                             env=environment, timeout=60, check=False)
        check("/nonexistent" not in ran.stderr and "/run" not in ran.stderr, ran.stderr)


def test_wrong_usage(args):
    with World(args) as w:
        for arguments in (["--nonsense"], ["stray"], ["--parse"], ["--once", "--database", ""]):
            ran = subprocess.run([w.daemon.binary, *arguments], capture_output=True, text=True, check=False, timeout=20)
            check_equal(ran.returncode, 2, f"exit code of {arguments}")
            check("--help" in ran.stderr, ran.stderr)
        ran = subprocess.run([w.daemon.binary, "--help"], capture_output=True, text=True, check=False, timeout=20)
        check(ran.returncode == 0 and "--once" in ran.stdout, ran.stdout)


def test_database_in_use(args):
    """tidings db: its tasks, what is refused, and a daemon on the copy."""
    with closing(Web()) as web:
        web.serve("/feed", {"body": feed_xml([(str(n), f"Item {n}", f"http://example.org/{n}") for n in range(30)])})
        with closing(Daemon(args.build, "", f"feed 'A' {{ url = '{web.base}/feed' }}\n")) as d:
            d.start()
            d.wait_poll(1)
            for task in (("check",), ("compact",), ("backup", "copy.db")):
                done = d.tidings("db", *task)
                check_equal((done.returncode, done.stdout), (0, f"{task[0]}: done\n"), f"{task}: {done.stderr}")
            copy = os.path.join(d.folder, "copy.db")
            check_equal(os.stat(copy).st_mode & 0o777, 0o600, "mode of the copy")
            stats = json.loads(d.tidings("db", "stats", "--json").stdout)
            check_equal((stats["items"], stats["task"]["kind"], stats["task"]["state"]), (30, "backup", "done"), "stats")
            for name in ("copy.db", "../x", ".x", "a/b"):
                check_equal(d.tidings("db", "backup", name).returncode, 1, name)
            for words in ((), ("sing",), ("backup",), ("check", "x")):
                check_equal(d.tidings("db", *words).returncode, 2, words)
            check(d.tidings("db", "stats").stdout.startswith("size\t"), "stats for people")
            d.stop()
            d.database = copy
            d.start()
            check_equal(d.get("/status")["items"], 30, "items of the copy")
            check_equal(d.stop()[0], 0, "stop")


def test_after_an_unclean_stop(args):
    """The database is checked behind READY; found damaged, the daemon ends and leaves it, also the next time."""
    with closing(Web()) as web:
        web.serve("/feed", {"body": feed_xml([("1", "Item", "http://example.org/1")])})
        with closing(Daemon(args.build, "", f"feed 'A' {{ url = '{web.base}/feed' }}\n")) as d:
            d.start()
            d.wait_poll(1)
            d.stop()
            d.start()
            check("database.sound" not in d.log(), "checked after a clean stop")
            d.process.kill()
            d.process.wait()
            d.start()
            d.wait_log("database.sound")
            d.process.kill()
            d.process.wait()
            with closing(sqlite3.connect(d.database)) as db:  # a row that its index does not know
                db.execute("PRAGMA writable_schema = ON")
                db.execute("UPDATE sqlite_schema SET sql = replace(sql, 'title TEXT', 'title TEXT NOT NULL') WHERE name = 'item'")
                db.execute("UPDATE item SET title = NULL")
                db.commit()
            for _ in range(2):
                d.start()
                check_equal(d.process.wait(20), 1, "exit code")
                check("database.damaged" in d.log() and ".recover" in d.log(), d.log())


run([test_database_in_use, test_reloaded_list, test_after_an_unclean_stop, test_both_signals_end_it_cleanly, test_no_thread_is_interrupted_by_signals, test_stop_in_mid_poll, test_second_daemon_is_refused, test_stale_socket_is_replaced, test_reload,
     test_bad_reload_keeps_the_old, test_killed_in_mid_poll, test_stopped_in_mid_poll, test_polled_feeds_wait_after_a_restart, test_once,
     test_list_of_feeds, test_stop_in_every_state, test_stop_with_documents_waiting, test_reloads_in_a_storm, test_once_with_nothing_to_do, test_a_full_disk,
     test_folders_that_are_not_needed, test_wrong_usage])
