"""Hostile and clumsy clients against a real daemon, by their numbers in the list of what must hold."""
import http.client
import json
import os
import random
import resource
import socket
import subprocess
import time

from harness import PATIENCE_S, Connection, Daemon, Events, Failed, Web, check, check_equal, feed_xml, run

CROWD = 5000


def entries(first, count, pad=0):
    """Items whose rows are large: a hundred categories of `pad` bytes in all."""
    words = "".join(f"<category>{i:0{pad // 100}d}</category>" for i in range(100)) if pad else ""
    return "".join(f"<item><guid isPermaLink='false'>g{i}</guid><title>Item {i}</title><link>http://example.org/{i}</link>{words}</item>"
                   for i in range(first + count - 1, first - 1, -1))


def document(first, count, pad=0):
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>F</title>{entries(first, count, pad)}</channel></rss>"


class World:
    def __init__(self, args, config=""):
        self.web = Web()
        self.web.serve("/feed", {"body": document(1, 3)})
        self.daemon = Daemon(args.build, config, f"feed \"F\" {{ url = '{self.web.base}/feed' }}\n").start()
        self.daemon.wait_poll(1)
        self.patience_s = 120 if self.is_sanitized() else 30

    def publish(self, first, count, pad=0):
        """New items, and waits until they are there. A refresh is part of the poll before if that has not quite ended."""
        self.web.serve("/feed", {"body": document(first, count, pad)})
        since = self.daemon.seq()
        for _ in range(30):
            check_equal(self.daemon.request("POST", "/api/v1/feeds/1/refresh")[0], 202, "refresh")
            if any(change["kind"] == "item" for change in self.daemon.get(f"/changes?since={since}&kinds=item&wait=1")["changes"]):
                return
        raise Failed("new items did not come\n" + self.daemon.log()[-5000:])

    def resident_kib(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

    def is_sanitized(self):
        """Built to keep what was freed, so that its memory says nothing."""
        with open(self.daemon.binary, "rb") as f:
            program = f.read()
        return b"__asan_init" in program or b"__tsan_init" in program

    def ticks(self):
        """Processor time so far, in hundredths of a second."""
        with open(f"/proc/{self.daemon.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(self.daemon.socket)  # waits for its place in the queue, which it does not with a time-out
        client.settimeout(self.patience_s)
        return client

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


def more_files():
    """As many open files as this process may have; returns how large a crowd that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return min(CROWD, most - 200) if most != resource.RLIM_INFINITY else CROWD


def test_c16_slowloris(args):
    more_files()
    with World(args, "clients = 600\n") as w:
        slow = [w.connect() for _ in range(500)]
        for client in slow:
            client.sendall(b"GET /api/v1/ HTTP/1.1\r\nX: ")
        for _ in range(5):
            for client in slow:
                client.sendall(b"y")
            check_equal(w.daemon.get("/status")["clients"], 501, "clients")
        w.publish(4, 3)  # polls go on
        for client in slow:
            client.close()


def test_c17_a_stopped_reader(args):
    """It costs no memory while thousands of items arrive, and then it hears of each of them, once."""
    with World(args) as w:
        stopped = Events(w.daemon.socket, "?since=0&kinds=item")
        stopped.next()
        first, size, pad, warm = 10, 100, 16000, None
        for round_ in range(30):
            w.publish(first, size, pad)
            first += size
            if round_ == 11:
                warm = w.resident_kib()  # the ring of changes and all caches are full by now
        grown = w.resident_kib() - warm
        check(w.is_sanitized() or grown < 14 * 1024, f"{grown} KiB more after another 18 x {size} items of {pad} bytes for one stopped reader")
        heard = []
        while len(heard) < 3 + 30 * size:
            event = stopped.next()
            check(event is not None, f"the stream ended after {len(heard)} items")
            if event["event"] != "item.new":
                continue
            heard += event["data"]["ids"]
            if 1000 < len(heard) <= 1100:  # cut off, and back again
                stopped.close()
                stopped = Events(w.daemon.socket, "?kinds=item", event["id"])
        check_equal(heard, sorted(set(heard)), "items heard, each once, in order")
        check_equal(len(heard), 3 + 30 * size, "items heard")
        stopped.close()


def read_answer(client):
    answer = http.client.HTTPResponse(client)
    answer.begin()
    return answer.status, answer.read()


def test_n8_many_ids_and_slow_readers(args):
    """Newsreaders that mark 9,999 items at once, and others that take no answer of theirs, all at the same time."""
    with World(args) as w:
        crowd = 10 if w.is_sanitized() else 50
        w.publish(10, 1000, 1000)
        before, body = w.resident_kib(), json.dumps({"ids": list(range(1, 10000)), "set": {"starred": True}}).encode()
        markers, slow = [w.connect() for _ in range(crowd)], [w.connect() for _ in range(crowd)]
        for client in slow:
            client.sendall(b"GET /api/v1/items?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for client in markers:
            client.sendall(b"POST /api/v1/items/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        marked = [read_answer(client) for client in markers]
        check_equal([status for status, _ in marked], [200] * crowd, "status of those who marked")
        check_equal(sum(json.loads(text)["changed"] for _, text in marked), 1003, "items that changed, each once")
        check_equal(w.daemon.get("/status")["clients"], 2 * crowd + 1, "clients, while half of them wait to be read")
        grown = w.resident_kib() - before
        check(w.is_sanitized() or grown < 160 * 1024, f"{grown} KiB more for fifty slow readers of {len(body)} bytes")
        for client in slow:
            status, text = read_answer(client)
            check(status == 200 and len(json.loads(text)["items"]) == 1000, f"a slow reader got {status} {text[:300]}")
        for client in markers + slow:
            client.close()


def is_served(daemon):
    try:
        return daemon.request("GET", "/api/v1/feeds/2")[0] != 503
    except OSError:  # turned away before it had asked
        return False


def test_c18_a_crowd(args):
    crowd = more_files()
    places = min(4096, crowd * 4 // 5)
    with World(args, f"clients = {places}\nconnections = 20\n") as w:
        clients, turned_away = [], 0
        for _ in range(crowd):
            clients.append(w.connect())
        for client in clients[places:]:
            answer = client.recv(4096)
            turned_away += answer.startswith(b"HTTP/1.1 503 ") and b"too-many-clients" in answer
        check_equal(turned_away, crowd - places, "clients turned away")
        w.web.serve("/other", {"body": document(50, 3)})
        before = w.ticks()
        clients[0].sendall(b"POST /api/v1/feeds HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(w.web.base) + 17, json.dumps(
            {"url": w.web.base + "/other"}).encode()))
        check(clients[0].recv(4096).startswith(b"HTTP/1.1 201 "), "who is in is not served")
        w.web.wait_request("/other")
        check(w.ticks() - before < 100, "the daemon spins")
        files = len(os.listdir(f"/proc/{w.daemon.process.pid}/fd"))
        check(files < places + 200, f"{files} open files")
        for client in clients:
            client.close()
        deadline = time.monotonic() + PATIENCE_S
        while not is_served(w.daemon):  # until it has noticed that they are gone
            check(time.monotonic() < deadline, "places are not given back")
            time.sleep(0.05)
        check_equal(w.daemon.get("/feeds/2")["url"], w.web.base + "/other", "feed")


def test_c37_descriptors(args):
    """What the configuration takes is said, and refused when it is more than the system gives."""
    with World(args, "clients = 600\nconnections = 20\n") as w:
        check("descriptors needed=1228 " in w.daemon.log(), w.daemon.log())
        done = subprocess.run(w.daemon.command("--socket", w.daemon.socket + "2"), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env=w.daemon.environment(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500)))
        check_equal(done.returncode, 1, "exit code")
        check("need 1228 open files, but the system allows 500" in done.stderr, done.stderr)


def refused(args, prepare, wanted):
    daemon = Daemon(args.build)
    try:
        prepare(daemon.socket)
        done = daemon.run("--socket", daemon.socket)
        check_equal(done.returncode, 1, "exit code")
        check(wanted in done.stderr, f"no {wanted!r} in {done.stderr}")
        check(os.path.lexists(daemon.socket), "what stood at the path is gone")
    finally:
        daemon.close()


def leave_socket(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.bind(path)


def test_c19_the_path_of_the_socket(args):
    def symlink(path):
        leave_socket(path + ".real")
        os.symlink(path + ".real", path)

    def foreign(path):
        leave_socket(path)
        os.chown(path, 65534, 65534)

    refused(args, symlink, "not a socket")
    if os.geteuid() == 0:
        refused(args, foreign, "belongs to user 65534")
    with World(args) as w:
        other = Daemon(args.build)
        done = other.run("--socket", w.daemon.socket)
        other.close()
        check_equal(done.returncode, 1, "exit code of a second daemon")
        check(f"process {w.daemon.process.pid} " in done.stderr, done.stderr)
        w.daemon.get("/")
        w.daemon.process.kill()
        w.daemon.process.wait()
        check(os.path.exists(w.daemon.socket), "the stale socket is gone by itself")
        w.daemon.start().get("/")


def test_c20_garbage(args):
    """Random bytes, halves of requests, requests one after the other without a look at the answers: the daemon lives."""
    dice = random.Random(20)
    good = b"GET /api/v1/items?content=html HTTP/1.1\r\n\r\nPATCH /api/v1/items/1 HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"read\":true}"
    with World(args) as w:
        w.publish(10, 500, 16000)
        for i in range(600):
            client = w.connect()
            data = bytearray(good * dice.randrange(1, 20))
            for _ in range(dice.randrange(0, 6)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            if i % 3 == 0:
                data = dice.randbytes(dice.randrange(1, 3000))
            try:
                client.sendall(data)
                if i % 4 == 0:
                    client.shutdown(socket.SHUT_WR)
                    client.recv(100)
            except OSError:
                pass  # it had heard enough
            client.close()
        check_equal(w.daemon.process.poll(), None, "exit code")
        for _ in range(1000):
            left = w.daemon.get("/status")["clients"]
            if left == 1:
                break
        check_equal(left, 1, "clients left")


def test_c20_methods(args):
    with World(args) as w:
        connection = Connection(w.daemon.socket)
        for method, path, body, status in (("HEAD", "/api/v1/items", None, 200), ("TRACE", "/api/v1/", None, 405), ("BREW", "/api/v1/", None, 405),
                                           ("PUT", "/api/v1/feeds/1", None, 405), ("POST", "/api/v1/feeds", '{"url":\n"x",}', 400)):
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
            check_equal(answer.status, status, f"{method} {path}")
            check(status != 405 or "GET" in answer.headers["Allow"], "no Allow")
            check(status != 400 or json.loads(text)["errors"][0]["line"] == 2, text)
            if answer.headers.get("Connection") == "close":
                connection.close()
        connection.close()


def test_c21_no_tcp(args):
    with World(args) as w:
        pid, listening = w.daemon.process.pid, set()
        for table in ("tcp", "tcp6", "udp", "udp6"):
            with open(f"/proc/{pid}/net/{table}", encoding="utf-8") as f:
                rows = [line.split() for line in f.readlines()[1:]]
            listening |= {row[9] for row in rows if row[3] == ("0A" if table.startswith("tcp") else "07")}
        files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        check(not [f for f in files if f.startswith("socket:[") and f[8:-1] in listening], "the daemon listens on the network")


def test_c22_queries(args):
    with World(args) as w:
        for query in ('q=a"*', "q=" + "(a AND ".replace(" ", "+") * 4000, "limit=1001", "feed=1%27--", "order=id;drop", "x=1", "cursor=" + "f" * 30000):
            status, body, _ = w.daemon.request("GET", "/api/v1/items?" + query)
            check_equal((status, body["code"]), (400, "invalid-parameter"), query[:40])
        client = w.connect()
        try:
            client.sendall(b"GET /api/v1/items?q=" + b"a" * 1000000)
        except OSError:
            pass  # refused before all of it was sent
        check(client.recv(4096).startswith(b"HTTP/1.1 431 "), "a query of 1 MB")
        client.close()


def test_c23_pages_while_items_come(args):
    with World(args) as w:
        w.publish(10, 60)
        for order in ("received", "published", "rev"):
            before = {item["id"] for item in w.daemon.get("/items?limit=1000")["items"]}
            seen, cursor, first = [], "", 1000 + len(before) * 10
            while cursor is not None:
                page = w.daemon.get(f"/items?limit=20&order={order}" + (f"&cursor={cursor}" if cursor else ""))
                seen += [item["id"] for item in page["items"]]
                cursor = page["next"]
                w.publish(first, 5)
                first += 5
            check_equal(len(seen), len(set(seen)), f"by {order}: rows, and different ones")
            check(before <= set(seen), f"by {order}: {before - set(seen)} were not seen")


def test_c25_c44_secrets(args):
    """The server gets them, and nobody else: not readers, not the log, not the texts of errors."""
    with World(args) as w:
        url = w.web.base.replace("//", "//ann:hush%40@") + "/secret?token=t0ps3cret"
        w.web.serve("/secret?token=t0ps3cret", {"body": feed_xml([("a", "A", "http://example.org/a")])}, {"status": 500})
        w.web.take_requests()
        feed = w.daemon.request("POST", "/api/v1/feeds", {"url": url})[1]["id"]
        w.daemon.wait_change(0, "feed.ok", feed=feed)
        check_equal(w.web.take_requests()[0]["headers"]["authorization"], "Basic YW5uOmh1c2hA", "sent to the server")
        said = [json.dumps(w.daemon.get(path)) for path in (f"/feeds/{feed}", "/feeds", "/changes?since=0", "/items", "/stories")]
        check('"credentials": true' in said[0], said[0])
        check_equal(w.daemon.request("PATCH", f"/api/v1/feeds/{feed}", {"url": w.daemon.get(f"/feeds/{feed}")["url"], "name": "N"})[0], 200, "PATCH")
        check_equal(w.daemon.poll(feed)["status"], "failing", "status")
        check_equal(w.web.take_requests()[0]["headers"]["authorization"], "Basic YW5uOmh1c2hA", "sent after a change")
        said.append(json.dumps(w.daemon.get(f"/feeds/{feed}")))
        said += [w.daemon.tidings("feeds").stdout, w.daemon.tidings("feeds", "--json").stdout, w.daemon.tidings("export").stdout, w.daemon.log()]
        for text in said:
            check("hush" not in text and "ann:" not in text, f"told: {text[:2000]}")
        check("t0ps3cret" not in w.daemon.log(), "in the log")
        check("hush%40" in w.daemon.tidings("export", "--credentials").stdout, "not even where it was asked for")
        done = subprocess.run([w.daemon.client, "feeds", "--json"], capture_output=True, text=True, check=True,
                              env=w.daemon.environment(TIDINGS_SOCKET=w.daemon.socket))
        check("N" in done.stdout, done.stdout)


run([test_c16_slowloris, test_c17_a_stopped_reader, test_n8_many_ids_and_slow_readers, test_c18_a_crowd, test_c37_descriptors, test_c19_the_path_of_the_socket, test_c20_garbage, test_c20_methods,
     test_c21_no_tcp, test_c22_queries, test_c23_pages_while_items_come, test_c25_c44_secrets])
