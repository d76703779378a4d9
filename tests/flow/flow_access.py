"""Newsreaders that come by TCP: who is let in, with what right, until when; and where the daemon listens."""
import base64
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import closing

from harness import PATIENCE_S, Daemon, Events, Web, check, check_equal, feed_xml, run
from newsboat import Newsboat


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """One that nobody had a moment ago, and that no connection is given by itself."""
    while True:
        with socket.socket(family) as s:
            try:
                s.bind((host, random.randrange(10000, 32000)))
                return s.getsockname()[1]
            except OSError:
                continue


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Reader:
    """Asks as newsreaders do: each request on a connection of its own."""

    def __init__(self, port, headers=None, host="127.0.0.1"):
        self.port, self.headers, self.host = port, headers or {}, host

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {**self.headers, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text else None, answer.headers
        finally:
            connection.close()

    def status(self, method, path, body=None, **headers):
        return self.ask(method, path, body, **headers)[0]


class World:
    def __init__(self, args, config=None, **more):
        self.port = free_port()
        self.web = Web()
        self.web.serve("/a", {"body": feed_xml([("1", "One", "http://a.example/1")])})
        self.feeds = f"feed 'A' {{ url = '{self.web.base}/a' }}\n"
        self.daemon = Daemon(args.build, config or f"listen = '127.0.0.1:{self.port}'\n", self.feeds, **more).start()

    def add(self, name, *more):
        done = self.daemon.tidings("--json", "access", "add", name, *more)
        check_equal(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def reader(self, name, *more):
        return Reader(self.port, basic(name, self.add(name, *more)["password"]))

    def text(self, path, line):
        """What stands there for who was told this line."""
        user, password = re.search(r"//(\w+):(\w+)@", line).groups()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path, headers=basic(user, password))
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def reload(self, config):
        self.daemon.write_config(config, self.feeds)
        before = self.daemon.log().count("config.reloaded")
        self.daemon.send(signal.SIGHUP)
        while self.daemon.log().count("config.reloaded") == before:
            check(self.daemon.process.poll() is None, self.daemon.log())

    def close(self):
        self.daemon.close()
        self.web.close()


def test_a_bridge(args):
    """trust_peer = no: the owner needs credentials, too, and the bridge, which runs as the owner, gives nobody anything."""
    with closing(World(args)) as w:
        w.add("cli")
        line = w.add("phone", "--read-only")
        password = w.add("desk")["password"]
        w.reload("trust_peer = no\n")
        refused = w.daemon.tidings("list")
        check_equal(refused.returncode, 1, f"without: {refused.stdout}")
        check("trust_peer = no" in refused.stderr, refused.stderr)
        for shown, command, code in ((f"desk:{password}", ("list",), 0), (f"desk:{password}", ("refresh", "1"), 0), ("desk:wrong", ("list",), 1),
                                     (f"phone:{line['password']}", ("list",), 0), (f"phone:{line['password']}", ("refresh", "1"), 1),
                                     (f"desk:{password}", ("access", "add", "more"), 1)):
            done = subprocess.run([w.daemon.client, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=PATIENCE_S, check=False,
                                  env=w.daemon.environment(TIDINGS_SOCKET=w.daemon.socket, TIDINGS_CREDENTIALS=shown))
            check_equal(done.returncode, code, f"{command} as {shown}: {done.stdout}{done.stderr}")
        w.reload("trust_peer = yes\n")
        check_equal(w.daemon.tidings("access", "add", "more").returncode, 0, "when it is trusted again")


def test_nobody_without(args):
    """No credentials: 401 for everything; wrong ones: 401, then 429; neither are secrets in the log."""
    with closing(World(args)) as w:
        reader = w.reader("newsboat")
        nobody = Reader(w.port)
        for method, path in (("GET", "/api/v1/ping"), ("GET", "/api/v1/items"), ("GET", "/nowhere"), ("OPTIONS", "/api/v1"),
                             ("DELETE", "/api/v1/feeds/1"), ("POST", "/api/v1/access")):
            status, body, headers = nobody.ask(method, path, {"name": "x"} if method == "POST" else None)
            check_equal(status, 401, f"{method} {path}")
            check_equal(headers["WWW-Authenticate"], 'Basic realm="tidings"', "how to come in")
            check_equal(body["code"], "unauthorized", "code")
        guesser = Reader(w.port, basic("newsboat", "guess-guess"))
        statuses = [guesser.status("GET", "/api/v1/ping") for _ in range(3)]
        check_equal(statuses, [401, 401, 429], "guesses")
        status, body, headers = guesser.ask("GET", "/api/v1/ping")
        check_equal((status, body["code"]), (429, "too-many-failures"), "further guesses")
        check(1 <= int(headers["Retry-After"]) <= 60, headers["Retry-After"])
        # another name from the same machine has to wait for nothing
        other = w.reader("liferea")
        check_equal(other.status("GET", "/api/v1/ping"), 204, "another client")
        # the right password opens all the same, and the failures are forgotten
        check_equal([reader.status("GET", "/api/v1/ping"), guesser.status("GET", "/api/v1/ping")], [204, 401], "the right one")
        log = w.daemon.log()
        check("api.denied" in log and "from=127.0.0.1" in log, log)
        check("guess-guess" not in log and reader.headers["Authorization"][6:] not in log, "a secret in the log")


def test_rights(args):
    """One may read, one may write, neither may let others in."""
    with closing(World(args)) as w:
        writer, looker = w.reader("rw"), w.reader("ro", "--read-only")
        w.daemon.wait_poll(1)
        for one in (writer, looker):
            check_equal(one.ask("GET", "/api/v1/items")[1]["items"][0]["title"], "One", "reads")
            check_equal(one.status("GET", "/api/v1/access"), 403, "who else comes")
            check_equal(one.status("DELETE", "/api/v1/access/ro"), 403, "removes the other")
        body = {"ids": [1], "set": {"read": True}}
        check_equal(looker.status("POST", "/api/v1/items/batch", body), 403, "a reader writes")
        check_equal(w.daemon.get("/items/1")["read"], False, "not read")
        check_equal(writer.status("POST", "/api/v1/items/batch", body), 200, "a writer writes")
        check_equal(w.daemon.get("/items/1")["read"], True, "read")
        # by the socket credentials are not needed, but bound, and wrong ones are refused
        status = {name: w.daemon.request("DELETE", "/api/v1/feeds/99", headers=headers)[0]
                  for name, headers in (("none", {}), ("ro", looker.headers), ("rw", writer.headers), ("wrong", basic("ro", "x")))}
        check_equal(status, {"none": 404, "ro": 403, "rw": 404, "wrong": 401}, "by the socket")
        used = {row["name"]: row["used"] for row in w.daemon.get("/access")["access"]}
        check(used["rw"] and used["ro"], used)


def test_browsers(args):
    """A page in a browser on this machine gets nothing, whatever name it makes mean this machine."""
    with closing(World(args)) as w:
        reader = w.reader("newsboat")
        port = w.port
        for host, status in (("127.0.0.1", 204), (f"localhost:{port}", 204), (f"[::1]:{port}", 204), ("evil.example", 403),
                             (f"evil.example:{port}", 403), ("news.example.org", 403), ("127.0.0.1:1", 403)):
            check_equal(reader.status("GET", "/api/v1/ping", Host=host), status, host)
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port}"):
            check_equal(reader.status("GET", "/api/v1/ping", Origin=origin), 403, origin)
        answer = reader.ask("OPTIONS", "/api/v1/items", Origin="http://evil.example")
        check(not any(name.lower().startswith("access-control") for name in answer[2]), answer[2].items())
        w.reload(f"listen = '127.0.0.1:{port}'\nhosts = {{ news.example.org }}\norigins = {{ 'https://reader.example' }}\n")
        check_equal(reader.status("GET", "/api/v1/ping", Host="news.example.org"), 204, "a host of ours")
        check_equal(reader.status("GET", "/api/v1/ping", Origin="https://reader.example"), 204, "a page of ours")
        check_equal(w.daemon.request("GET", "/api/v1/ping", headers={"Host": "evil.example", "Origin": "null"})[0], 204, "the socket")


def test_removed(args):
    """Who is removed is out at once, with what was going on, also after a restart."""
    with closing(World(args)) as w:
        reader, other = w.reader("newsboat"), w.reader("liferea")
        stream = http.client.HTTPConnection("127.0.0.1", w.port, timeout=PATIENCE_S)
        stream.request("GET", "/api/v1/events", headers=reader.headers)
        answer = stream.getresponse()
        while answer.readline() != b"event: hello\n":
            pass
        check_equal(w.daemon.tidings("access", "remove", "newsboat").returncode, 0, "remove")
        check_equal(reader.status("GET", "/api/v1/ping"), 401, "removed")
        answer.read()  # ends
        stream.close()
        check_equal(other.status("GET", "/api/v1/ping"), 204, "the other one")
        w.daemon.stop()
        w.daemon.start()
        check_equal([reader.status("GET", "/api/v1/ping"), other.status("GET", "/api/v1/ping")], [401, 204], "after a restart")
        again = w.reader("newsboat")
        check(again.headers != reader.headers, "the same password twice")
        check_equal([reader.status("GET", "/api/v1/ping"), again.status("GET", "/api/v1/ping")], [401, 204], "added again")


def test_client(args):
    """tidings access: its answers, what is refused, what newsboat is told."""
    with closing(World(args)) as w:
        tidings = w.daemon.tidings
        done = tidings("access", "add", "newsboat")
        check_equal(done.returncode, 0, done.stderr)
        lines = re.fullmatch(rf'urls-source "miniflux"\nminiflux-url "http://127.0.0.1:{w.port}"\nminiflux-login "newsboat"\n'
                             'miniflux-password "([A-Za-z0-9]{26,})"\n', done.stdout)
        check(lines, done.stdout)
        password = lines[1]
        check_equal(Reader(w.port, basic("newsboat", password)).status("GET", "/api/v1/ping"), 204, "with that")
        check_equal(Reader(w.port, {"X-Auth-Token": password}).status("GET", "/api/v1/ping"), 204, "as Miniflux has it")
        other = tidings("access", "add", "phone", "--read-only", "--stories")
        rows = dict(line.split("\t") for line in other.stdout.splitlines())
        check(rows["address"] == f"http://127.0.0.1:{w.port}" and rows["user"] == "phone" and "API key" in other.stderr, other)
        check_equal(tidings("access", "list").stdout.splitlines()[1], "phone\tread\tstories\tnever", "list")
        again = tidings("access", "add", "phone")
        check(again.returncode == 1 and "access remove" in again.stderr, again.stderr)
        for wrong in (["add"], ["add", "x", "--for", "y"], ["remove"], ["list", "x"], ["list", "--stories"], ["x"]):
            check_equal(tidings("access", *wrong).returncode, 2, wrong)
        check_equal(tidings("access", "add", "a/b").returncode, 1, "a wrong name")
        for nobody in ("nobody", "a/b"):
            gone = tidings("access", "remove", nobody)
            check(gone.returncode == 4 and "access list" in gone.stderr, gone.stderr)
        check(password not in w.daemon.log(), "a password in the log")
        with open(w.daemon.database, "rb") as f:
            check(password.encode() not in f.read(), "a password in the database")
    with closing(World(args, "# nowhere\n")) as w:
        done = w.daemon.tidings("access", "add", "newsboat")
        check(done.returncode == 0 and "listen = '127.0.0.1:8899'" in done.stderr, done.stderr)
        check_equal(w.daemon.get("/access")["address"], None, "no address")


def test_newsboat(args):
    """Unmodified, at the address of a view; the credential says that it is shown stories."""
    with closing(World(args)) as w:
        w.daemon.wait_poll(1)
        view = f"http://reader:{w.add('reader', '--read-only', '--stories')['password']}@127.0.0.1:{w.port}/atom/all"
        with Newsboat("", f'"{view}" tidings') as newsboat:
            check_equal(newsboat.run("reload", "print-unread"), (0, "1 unread articles"), "newsboat")
            check_equal(newsboat.rows("select title, url from rss_item"), [("One", "http://a.example/1")], "what it shows")
        ids = [feed.find("{http://www.w3.org/2005/Atom}id").text for feed in (ET.fromstring(w.text(path, view)) for path in (
            "/atom/all", "/atom/all?stories=false"))]
        check_equal([i.endswith("all?stories") for i in ids], [True, False], ids)


def refused(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def test_reload(args):
    """It is closed, opened and moved by a reload; the socket stays, with what goes on there."""
    with closing(World(args)) as w:
        reader = w.reader("newsboat")
        events = Events(w.daemon.socket)
        check_equal(events.next()["event"], "hello", "the stream")
        kept, stream = (http.client.HTTPConnection("127.0.0.1", w.port, timeout=PATIENCE_S) for _ in range(2))
        kept.request("GET", "/api/v1/ping", headers=reader.headers)
        check_equal(kept.getresponse().status, 204, "a connection that is kept")
        stream.request("GET", "/api/v1/events", headers=reader.headers)
        told = stream.getresponse()
        check_equal(told.status, 200, "a stream by TCP")
        other = free_port()
        w.reload(f"listen = '127.0.0.1:{other}'\n")
        check_equal(kept.sock.recv(1), b"", "the connection goes on at a door that is closed")
        check(b"hello" in told.read(), "the stream has an end")
        check(refused(w.port), "the old port is open")
        check_equal(Reader(other, reader.headers).status("GET", "/api/v1/ping"), 204, "the new port")
        w.reload("")
        check(refused(other), "it is still open")
        six = free_port(socket.AF_INET6, "::1")
        w.reload(f"listen = '[::1]:{six}'\n")
        check_equal(Reader(six, reader.headers, "::1").status("GET", "/api/v1/ping"), 204, "IPv6")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            w.reload(f"listen = '127.0.0.1:{taken.getsockname()[1]}'\n")
        w.daemon.wait_log("api.listen_failed")
        check_equal(Reader(six, reader.headers, "::1").status("GET", "/api/v1/ping"), 204, "it stays where it was")
        check("another program listens" in w.daemon.log(), w.daemon.log())
        seq = w.daemon.seq()
        check_equal(w.daemon.request("PATCH", "/api/v1/feeds/1", {"name": "B"})[0] in (200, 409), True, "the socket")
        check(w.daemon.seq() >= seq, "the socket")
        events.close()
        code, _ = w.daemon.stop()
        check_equal(code, 0, w.daemon.log())


def test_refused(args):
    """The world, unless told otherwise; names; a port that another program has."""
    daemon = Daemon(args.build)
    try:
        for listen, words in (("0.0.0.0:8899", "others can reach"), ("[::]:8899", "others can reach"), ("localhost:8899", "no names"),
                              ("8899", "no names")):
            daemon.write_config(f"listen = '{listen}'\n")
            done = daemon.run("--socket", daemon.socket)
            check(done.returncode not in (0, None) and words in done.stderr, f"{listen}: {done.returncode} {done.stderr}")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            daemon.write_config(f"listen = '127.0.0.1:{taken.getsockname()[1]}'\n")
            done = daemon.run("--socket", daemon.socket)
            check_equal(done.returncode, 1, done.stderr)
            check("another program listens at 127.0.0.1:" in done.stderr, done.stderr)
        check(not os.path.exists(daemon.socket), "a socket was left behind")
        port = free_port()
        daemon.write_config(f"listen = '0.0.0.0:{port}'\nallow_remote = yes\n")
        daemon.start()
        check_equal(Reader(port).status("GET", "/api/v1/ping"), 401, "told otherwise")
    finally:
        daemon.close()


# What systemd does: the descriptor is 3 and further, and the process is told so.
HANDOVER = """import os, sys
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_handed_over(args):
    """A TCP socket of systemd is taken, with or without one for the Unix socket; not one that others reach."""
    for host, unix in (("127.0.0.1", False), ("127.0.0.1", True), ("0.0.0.0", False)):
        daemon = Daemon(args.build)
        tcp, local = socket.socket(), socket.socket(socket.AF_UNIX)
        try:
            tcp.bind((host, 0))
            tcp.listen()
            local.bind(daemon.socket if unix else daemon.socket + ".other")
            local.listen()
            fds = [tcp.fileno()] + ([local.fileno()] if unix else [])
            with open(daemon.log_path, "ab") as log:
                daemon.process = subprocess.Popen(
                    [sys.executable, "-c", f"import os\nfor i, fd in enumerate({[fd + 0 for fd in fds]}):\n os.dup2(fd, 100 + i)\n"
                     f"for i in range({len(fds)}):\n os.dup2(100 + i, 3 + i)\n{HANDOVER}", str(len(fds)), *daemon.command(), "--socket",
                     daemon.socket], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=daemon.environment(), pass_fds=fds)
            if host == "0.0.0.0":
                check_equal(daemon.process.wait(PATIENCE_S), 1, daemon.log())
                check("others can reach" in daemon.log(), daemon.log())
                continue
            daemon.wait_log(" started ")
            check_equal(Reader(tcp.getsockname()[1]).status("GET", "/api/v1/ping"), 401, "by TCP")
            check_equal(daemon.request("GET", "/api/v1/ping")[0], 204, "by the socket")
            check_equal(daemon.stop()[0], 0, daemon.log())
        finally:
            tcp.close()
            local.close()
            daemon.close()


def test_room(args):
    """A crowd by TCP leaves the socket its room."""
    with closing(World(args)) as w:
        w.reload(f"listen = '127.0.0.1:{w.port}'\nclients = 16\n")
        crowd = [socket.create_connection(("127.0.0.1", w.port), PATIENCE_S) for _ in range(20)]
        check(any(s.recv(12).startswith(b"HTTP/1.1 503") for s in crowd[12:]), "all came in")
        check_equal(w.daemon.request("GET", "/api/v1/ping")[0], 204, "the socket")
        for s in crowd:
            s.close()


if __name__ == "__main__":
    run([test_nobody_without, test_a_bridge, test_rights, test_browsers, test_removed, test_client, test_newsboat, test_reload, test_refused, test_handed_over, test_room])
