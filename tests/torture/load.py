"""Clients that give a daemon no rest: each is a thread that ends when the daemon does."""
import http.client
import json
import os
import random
import subprocess
import threading
import time

from harness import Connection, Events, Failed, check, check_equal

BROKEN = (OSError, http.client.HTTPException, json.JSONDecodeError)


class Life:
    """One run of the daemon, from start to kill."""

    def __init__(self, world, number, rng):
        self.world = world
        self.number = number
        self.over = threading.Event()
        self.answers = 0
        self.open = 0  # requests without an answer
        self.failure = None
        self.ready = None  # when its first stream began
        self.lock = threading.Lock()
        roles = [(Reader, 0), (Reader, 1), (Publisher, 0), (Publisher, 1), (Subscriber, 0), (Asker, 0), (Tasks, 0)]
        roles += [(Stream, n) for n in range(len(world.cursors))]
        self.clients = [role(self, part, rng.random()) for role, part in roles]

    def start(self):
        for client in self.clients:
            client.start()

    def end(self):
        """After the daemon's end."""
        self.over.set()
        for client in self.clients:
            client.join(20)
            if client.is_alive():
                raise Failed(f"{client.name} hangs")
        if self.failure:
            raise self.failure


class Client(threading.Thread):
    def __init__(self, life, part, seed):
        super().__init__(daemon=True, name=f"{type(self).__name__} {part}")
        self.life = life
        self.world = life.world
        self.model = life.world.model
        self.part = part
        self.rng = random.Random(seed)
        self.connection = None

    def run(self):
        while not self.life.over.is_set():
            try:
                self.reach()
                self.act()
            except BROKEN:
                self.hang_up()
                time.sleep(0.001)
            except (Failed, KeyError, TypeError, ValueError) as e:
                self.life.failure = e if isinstance(e, Failed) else Failed(f"{self.name}: {type(e).__name__}: {e}")
                return
        self.hang_up()

    def reach(self):
        """First of all, so that nothing is counted as asked that never left."""
        if not self.connection:
            connection = Connection(self.world.daemon.socket)
            connection.connect()
            self.connection = connection

    def hang_up(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, method, path, body=None, text=None):
        """Status and decoded answer: only what came whole counts."""
        with self.life.lock:
            self.life.open += 1
        self.connection.request(method, "/api/v1" + path, text if body is None else json.dumps(body))
        answer = self.connection.getresponse()
        said = answer.read()
        value = json.loads(said) if said else None
        with self.life.lock:
            self.life.open -= 1
            self.life.answers += 1
        return answer.status, value


class Reader(Client):
    """Reads and stars: half of the items each, so that nobody else changes them meanwhile."""

    def act(self):
        wanted = self.rng.choice([{"read": True}, {"starred": True}, {"read": True, "starred": True}, {"read": False},
                                  {"read": True, "starred": False}])
        ids = {i for i in (self.model.choose(self.rng, self.part, 2) for _ in range(self.rng.choice([1, 1, 8]))) if i}
        if not ids:
            time.sleep(0.002)
            self.list_items()
            return
        self.model.mark_begin(ids, wanted)
        if len(ids) == 1:
            item = ids.pop()
            status, answer = self.ask("PATCH", f"/items/{item}", wanted)
            ids = {item}
            if status == 200:
                check_equal({k: answer[k] for k in wanted}, wanted, f"answer for item {item}")
                self.model.show(answer)
                self.model.star(item, answer["starred"])
        else:
            status, answer = self.ask("POST", "/items/batch", {"ids": sorted(ids), "set": wanted})
        check(status in (200, 404, 503), f"state: {status} {answer}")
        if status == 200:
            self.model.mark_done(ids, wanted)

    def list_items(self):
        status, answer = self.ask("GET", "/items?limit=50")
        for item in answer["items"] if status == 200 else ():
            self.model.show(item)


class Publisher(Client):
    """Publishes and asks for a poll."""

    def act(self):
        path = self.rng.choice(self.world.paths)
        self.world.publish(path, self.rng, self.rng.choices([None, "status", "hang"], [93, 6, 1])[0])
        with self.model.lock:
            known = self.model.feeds.get(path, {0})
        number = next(iter(known)) if len(known) == 1 else 0
        if not number:
            return
        with self.model.lock:
            self.model.asked[path] += 1
        status, answer = self.ask("POST", f"/feeds/{number}/refresh")
        check(status in (202, 404, 429, 503), f"refresh: {status} {answer}")
        if status != 202:
            with self.model.lock:
                self.model.asked[path] -= 1
        time.sleep(self.rng.uniform(0, 0.004))


class Subscriber(Client):
    """Adds feeds and removes them; those that the configuration declares it only learns."""

    def act(self):
        path = self.rng.choice(self.world.paths)
        if path in self.world.declared:
            self.learn()
            return
        known = self.model.feeds.get(path, {0})
        number = next(iter(known)) if len(known) == 1 else 0
        if number and self.rng.random() < 0.3:
            self.model.remove_begin(path)
            status, answer = self.ask("DELETE", f"/feeds/{number}")
            check(status in (204, 503), f"remove: {status} {answer}")
            if status == 204:
                self.model.removed(path)
        elif number and self.rng.random() < 0.3:
            self.rename(path, number)
        elif not number:
            self.rng.choice([self.add, self.add_list])(path)
        time.sleep(self.rng.uniform(0, 0.01))

    def add(self, path):
        self.model.subscribe_begin(path)
        status, answer = self.ask("POST", "/feeds", {"url": self.world.web.base + path, "folder": self.rng.choice(["A", "B", None])})
        check(status in (201, 409, 503), f"subscribe: {status} {answer}")
        if status != 503:
            self.model.subscribed(path, answer["id"] if status == 201 else answer["existing"], status == 201)

    def add_list(self, path):
        self.model.subscribe_begin(path)
        status, answer = self.ask("POST", "/opml", text=self.world.web.base + path + "\n")
        check(status in (200, 503), f"list: {status} {answer}")
        if status == 200:
            self.model.subscribed(path, (answer["added"] + answer["known"])[0], bool(answer["added"]))

    def rename(self, path, number):
        name = f"Name {self.rng.randrange(1000)}"
        self.model.rename_begin(path, name)
        status, answer = self.ask("PATCH", f"/feeds/{number}", {"name": name})
        check(status in (200, 503), f"rename: {status} {answer}")
        if status == 200:
            check_equal(answer["name"], name, f"answer for feed {number}")
            self.model.renamed(path, name)

    def learn(self):
        status, answer = self.ask("GET", "/feeds?limit=1000")
        with self.model.lock:
            for feed in answer["feeds"] if status == 200 else ():
                path = feed["url"].removeprefix(self.world.web.base)
                if path in self.world.declared:
                    check(self.model.feeds.setdefault(path, {feed["id"]}) == {feed["id"]}, f"{path} has another id, {feed['id']}")
        time.sleep(0.02)


class Tasks(Client):
    """Checks, copies and compacts the database now and then."""

    def act(self):
        time.sleep(self.rng.uniform(0, 0.4))
        kind = self.rng.choice(["check", "backup", "compact"])
        name = f"copy-{self.life.number}-{self.rng.randrange(10**9)}.db"
        status, answer = self.ask("POST", f"/db/{kind}", {"name": name} if kind == "backup" else None)
        check(status in (202, 503), f"{kind}: {status} {answer}")
        while status != 503:
            status, answer = self.ask("GET", "/db")
            if status != 200:
                return
            task = answer["task"] or {"state": "running"}
            check(task["state"] != "failed", f"{kind}: {task}")
            if task["state"] == "done":
                if kind == "backup" and task["kind"] == "backup":
                    self.world.copies.append(name)
                    with self.model.lock:
                        self.model.figures["copies acknowledged"] += 1
                return
            time.sleep(0.002)


class Cursor:
    """How far a reader of the change log has come, over all lives."""

    def __init__(self, since, got=()):
        self.since = since  # None: from the first hello on
        self.last_id = None
        self.last = max(got, default=0)
        self.got = list(got)  # in this life
        self.base = min(got, default=1) - 1  # seq before them; None: not known yet

    def take(self, seq, event_id):
        check(seq > self.last, f"change {seq} was told after {self.last}")
        self.got.append(seq)
        self.last = seq
        self.last_id = event_id


class Stream(Client):
    """Follows the event stream, and goes on where it was cut off."""

    def reach(self):
        pass

    def act(self):
        cursor = self.world.cursors[self.part]
        query = "?since=0" if cursor.last_id is None and cursor.since == 0 else ""
        try:
            events = Events(self.world.daemon.socket, query, cursor.last_id)
        except Failed as e:
            if "503" in str(e):
                raise ConnectionError from e  # it is stopping
            raise
        try:
            self.follow(events, cursor)
        finally:
            events.close()

    def follow(self, events, cursor):
        event = events.next()
        while event:
            check(event["event"] != "reset", "a stream was told to begin anew")
            if event["event"] == "hello":
                if cursor.last_id is None:
                    cursor.last_id = event["id"]
                    cursor.last = int(event["id"].rpartition("-")[2])
                if cursor.base is None:
                    cursor.base = cursor.last
                self.life.ready = self.life.ready or time.monotonic()
            elif event["event"] != "seq":
                self.model.tell(event["data"])
                cursor.take(event["data"]["seq"], event["id"])
                with self.model.lock:
                    self.model.figures["events told"] += 1
            if self.rng.random() < 0.01:
                return  # comes back at once
            event = events.next()


class Asker(Client):
    """Follows the change log by asking."""

    def act(self):
        cursor = self.world.asked
        if cursor.base is None:
            cursor.base = cursor.last
        status, answer = self.ask("GET", f"/changes?since={cursor.last}&limit=50&wait=1")
        check(status in (200, 503), f"changes: {status} {answer}")
        if status != 200:
            return
        for change in answer["changes"]:
            self.model.tell(change)
            cursor.take(change["seq"], None)


def build_daemon():
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folder = os.path.join(source, "build", "torture")
    command = ["cmake", "-S", source, "-B", folder, "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DTIDINGS_SANITIZE=", "-DTIDINGS_TESTS=OFF"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "-j", str(os.cpu_count())], check=True, stdout=subprocess.DEVNULL)
    return folder
