"""A real daemon, a scripted web server and the real client, for flow tests. Everything stays on loopback."""
import argparse
import contextlib
import gzip
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from contract import Contract

# Nothing here waits for a schedule: every wait ends at an event (a datagram, a change, a closed pipe), and this is only how long a
# broken daemon may keep the tests.
PATIENCE_S = 30


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    return parser.parse_args()


class Failed(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failed(text)


def check_equal(got, wanted, what):
    check(got == wanted, f"{what}: {got!r}, not {wanted!r}")


def lines(*numbers):
    """Says which lines of the card of manners a test shows (tests/manners/manners.py)."""
    def mark(test):
        test.lines = numbers
        return test
    return mark


# ------------------------------------------------------------------ the web

class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other

    def do_GET(self):
        web = self.server.web
        with web.lock:
            web.requests.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}})
            answers = web.answers.get(self.path) or [{"status": 404, "body": "nothing here"}]
            answer = answers[0] if len(answers) == 1 else answers.pop(0)
            web.arrived.notify_all()
        self.answer(answer)

    def answer(self, answer):
        if answer.get("hang"):
            self.server.web.released.wait(PATIENCE_S)
            self.close_connection = True
            return
        tag = answer.get("etag")
        if tag and self.headers.get("If-None-Match") == tag:
            answer = {"status": 304, "etag": tag, "headers": answer.get("headers", {})}
        body = answer.get("body", "")
        body = body.encode() if isinstance(body, str) else body
        headers = dict(answer.get("headers", {}))
        if tag:
            headers["ETag"] = tag
        if answer.get("gzip"):
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        self.send_response(answer.get("status", 200))
        for name, value in headers.items():
            self.send_header(name, value.replace("{base}", self.server.web.base))
        if answer.get("status", 200) != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = answer.get("cut")
        self.wfile.write(body[:cut] if cut is not None else body)
        if cut is not None or answer.get("close"):
            self.close_connection = True

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # beyond it connections stall for seconds

    def handle_error(self, request, client_address):
        pass  # the daemon hung up, which several cases provoke


class Web:
    """serve(path, answer, ...): answers in turn, the last one again and again. Members of an answer: status, headers ("{base}" stands for this
    server's address), body, etag (answers 304 when it comes back), gzip, cut (sends so many bytes, then closes), hang."""

    def __init__(self):
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)
        self.released = threading.Event()
        self.answers = {}
        self.requests = []
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.web = self
        self.port = self.server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, path, *answers):
        with self.lock:
            self.answers[path] = list(answers)

    def take_requests(self):
        with self.lock:
            taken, self.requests = self.requests, []
            return taken

    def wait_request(self, path):
        with self.arrived:
            found = self.arrived.wait_for(lambda: any(r["path"] == path for r in self.requests), PATIENCE_S)
        check(found, f"no request for {path}")

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


# ------------------------------------------------------------------ the socket

class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE_S):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class _Checked:
    """Holds native answers against openapi.json, which is asked for once a process; in flow tests only: others measure."""
    on = False
    contract = None

    def load(self, path):
        if self.on and not self.contract:
            connection = Connection(path)
            connection.request("GET", "/api/v1/openapi.json")
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            if answer.status == 200:
                self.contract = Contract(json.loads(text))
        return self.contract


checked = _Checked()


class Events:
    """A reader of the event stream."""

    def __init__(self, path, query="", last_id=None):
        self.connection = Connection(path)
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self.connection.request("GET", "/api/v1/events" + query, headers=headers)
        self.answer = self.connection.getresponse()
        check_equal(self.answer.status, 200, "status of the event stream")

    def next(self):
        """The next event as a dictionary with id, event and data, or None when the stream has ended."""
        event = {}
        while True:
            try:
                line = self.answer.readline()
            except (OSError, http.client.HTTPException):
                return None
            if not line:
                return None
            line = line.decode().rstrip("\r\n")
            if not line and "data" in event:
                event["data"] = json.loads(event["data"])
                if checked.load(self.connection.path):
                    checked.contract.check_event(event)
                return event
            if not line:
                event = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                event[name] = event.get(name, "") + value.removeprefix(" ")

    def close(self):
        self.connection.close()


# ------------------------------------------------------------------ the daemon

class Daemon:
    """tidingsd in a temporary folder of its own. Restarting keeps the folder."""

    def __init__(self, build, config="", feeds="", arguments=()):
        self.binary = os.path.join(build, "daemon", "tidingsd")
        self.client = os.path.join(build, "daemon", "tidings")
        self.folder = tempfile.mkdtemp(prefix="tidings-flow-")
        self.config = os.path.join(self.folder, "tidings.conf")
        self.socket = os.path.join(self.folder, "t.sock")
        self.database = os.path.join(self.folder, "tidings.db")
        self.log_path = os.path.join(self.folder, "log")
        self.arguments = list(arguments)
        self.process = None
        self.write_config(config, feeds)

    BASICS = 'allow = { "127.0.0.0/8" }\ngap = 0s\nrefresh_floor = 0s\nlog_level = debug\n'

    def write_config(self, config="", feeds=""):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(self.BASICS + config + "\n" + feeds)

    def command(self, *more):
        return [self.binary, "--config", self.config, "--database", self.database, *self.arguments, *more]

    def environment(self, **more):
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")}
        return {**keep, "LC_ALL": "C.UTF-8", "HOME": self.folder, **more}

    def start(self, *more):
        """Starts and waits for READY=1."""
        ready = os.path.join(self.folder, "ready.sock")
        if os.path.exists(ready):
            os.unlink(ready)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(ready)
            notify.settimeout(0.2)
            with open(self.log_path, "ab") as log:
                self.process = subprocess.Popen(self.command("--socket", self.socket, *more), stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=log, env=self.environment(NOTIFY_SOCKET=ready))
            self._wait_ready(notify)
        return self

    def _wait_ready(self, notify):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            check(self.process.poll() is None, f"the daemon ended with {self.process.returncode}\n{self.log()}")
            try:
                if b"READY=1" in notify.recv(4096):
                    return
            except TimeoutError:
                pass
        raise Failed("the daemon did not become ready\n" + self.log())

    def run(self, *more):
        """Runs in the foreground to its end."""
        return subprocess.run(self.command(*more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(), timeout=PATIENCE_S, check=False)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, text, times=1):
        deadline = time.monotonic() + PATIENCE_S
        while self.log().count(text) < times:
            check(time.monotonic() < deadline, f"never logged: {text}\n{self.log()}")
            time.sleep(0.01)

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Ends it and returns the exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as e:
            raise Failed(f"it did not end: {self._threads()}\n{self.log()[-5000:]}") from e
        return code, time.monotonic() - began

    def _threads(self):
        """What its threads wait for: name, system call and its arguments."""
        folder = f"/proc/{self.process.pid}/task"
        lines = []
        for thread in os.listdir(folder):
            for file in ("comm", "wchan", "syscall"):
                try:
                    with open(f"{folder}/{thread}/{file}", encoding="utf-8") as f:
                        lines.append(f.read().strip())
                except OSError:
                    pass  # the thread ended, or the kernel does not tell
        return "; ".join(lines)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- talking to it --

    def request(self, method, path, body=None, headers=None):
        """Status, decoded JSON (or text), headers."""
        connection = Connection(self.socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            text = answer.read().decode()
            kind = answer.headers.get("Content-Type", "")
            decoded = json.loads(text) if "json" in kind else text
        finally:
            connection.close()
        if path.startswith("/api") and checked.load(self.socket):
            checked.contract.check(method, path, answer.status, kind, decoded)
        return answer.status, decoded, answer.headers

    def get(self, path):
        status, body, _ = self.request("GET", "/api/v1" + path)
        check(status == 200, f"GET {path}: {status} {body}")
        return body

    def seq(self):
        return self.get("/")["seq"]

    def changes(self, since, wait=0):
        return self.get(f"/changes?since={since}&limit=1000&wait={wait}")

    def wait_change(self, since, *kinds, feed=None):
        """The first change after `since` of one of these kinds ("feed.ok"), waiting for it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = self.changes(since, wait=5)
            for change in answer["changes"]:
                kind = f'{change["kind"]}.{change["op"]}'
                if kind in kinds and (feed is None or feed in change["ids"]):
                    return change
            since = answer["seq"]
        raise Failed(f"no change of kind {kinds}\n{self.log()}")

    def poll(self, feed):
        """Asks for a poll and waits until its outcome is stored. One that is stored already may not have ended yet, and then asking
        for another does nothing: it is asked for again."""
        before = self.get(f"/feeds/{feed}")["last_poll"]

        def ask():
            status, body, _ = self.request("POST", f"/api/v1/feeds/{feed}/refresh")
            check(status == 202, f"refresh: {status} {body}")
        ask()
        return self.wait_poll(feed, before, ask)

    def wait_poll(self, feed, before=None, again=lambda: None):
        """Waits until a poll later than `before` is stored; an unchanged feed writes no change, so its row is what tells."""
        deadline = time.monotonic() + PATIENCE_S
        asked = time.monotonic()
        while time.monotonic() < deadline:
            if time.monotonic() > asked + 2:
                asked = time.monotonic()
                again()
            row = self.get(f"/feeds/{feed}")
            if row["last_poll"] != before and row["last_poll"]:
                return row
            time.sleep(0.01)
        raise Failed(f"feed {feed} was not polled\n{self.log()}")

    def tidings(self, *args, **kw):
        options = {"text": True, **({} if "input" in kw else {"stdin": subprocess.DEVNULL}), **kw}
        return subprocess.run([self.client, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment(TIDINGS_SOCKET=self.socket, XDG_STATE_HOME=self.folder), timeout=PATIENCE_S, check=False, **options)

    @contextlib.contextmanager
    def watch(self, others=0):
        """`tidings watch` beside so many other streams; one that keeps the test for too long is ended, and says nothing more."""
        with subprocess.Popen([self.client, "watch"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(TIDINGS_SOCKET=self.socket)) as process:
            timer = threading.Timer(2 * PATIENCE_S, process.kill)
            timer.start()
            try:
                self.wait_clients(process, others)
                yield process
            finally:
                timer.cancel()
                process.kill()

    def wait_clients(self, process, others=0):
        while self.get("/status")["clients"] < 2 + others:  # it, and this question
            check(process.poll() is None, "the client ended")


def feed_xml(items, title="A feed"):
    """RSS 2.0 with items (guid, title, link[, text])."""
    parts = []
    for item in items:
        guid, name, link = item[:3]
        text = item[3] if len(item) > 3 else f"About {name}."
        parts.append(f"<item><guid isPermaLink='false'>{guid}</guid><title>{name}</title><link>{link}</link>"
                     f"<description>{text}</description></item>")
    return (f"<?xml version='1.0'?><rss version='2.0'><channel><title>{title}</title><link>http://example.org/</link>"
            f"<description>d</description>{''.join(parts)}</channel></rss>")


def run(tests):
    """Runs functions test_x(build) in turn; prints a line each and exits."""
    args = arguments()
    failed = 0
    checked.on = True
    for test in tests:
        try:
            test(args)
            print(f"ok    {test.__name__} {' '.join(getattr(test, 'lines', ()))}".rstrip())
        except (Failed, AssertionError, KeyError, TypeError, OSError, subprocess.SubprocessError, http.client.HTTPException) as e:
            failed += 1
            print(f"FAIL  {test.__name__}: {type(e).__name__}: {e}")
    print(f"{len(tests) - failed} of {len(tests)} passed")
    sys.exit(1 if failed else 0)
