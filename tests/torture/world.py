"""A daemon, the feeds that it polls, and what is known of both."""
import collections
import os
import shutil
import sqlite3
import subprocess
import threading

from harness import Daemon, Web, feed_xml
from load import Cursor
from model import Model

DECLARED, FEEDS = 15, 40
SHOWN, MANY = 12, 300  # items in a document, and in those of the last feeds, which are removed in parts
CONFIG = "interval = 1d\njitter = 0%\nkeep_items = {keep}\ncontact = 'http://life-{life}.example/'\n"


class World:
    """A daemon's folder, the web that it polls, and what is known of both."""

    def __init__(self, build, rng):
        self.rng = rng
        self.web = Web()
        self.lock = threading.Lock()
        self.paths = [f"/f/{n}" for n in range(FEEDS)]
        self.declared = set(self.paths[:DECLARED])
        self.published = {path: [] for path in self.paths}  # [name, version, start and length of the text]
        self.text = " ".join(rng.choice(["feed", "&lt;b&gt;item&lt;/b&gt;", "story", "change", "log", "kill", "write", "sync", "power"]) + str(n)
                             for n in range(20000))
        for path in self.paths:
            for _ in range(3 if self.shown(path) == SHOWN else 130):
                self.publish(path, rng)
        self.daemon = Daemon(build)
        self.model = Model()
        self.cursors = [Cursor(None), Cursor(0), Cursor(0)]
        self.asked = Cursor(0)
        self.copies = []
        self.keep = rng.choice([8, 30, 1000])  # fewer than a document shows, or more
        self.lives = 0

    def shown(self, path):
        return MANY if path in self.paths[-3:] else SHOWN

    def publish(self, path, rng, trouble=None):
        """Some new items, or a new version of one, with some of the links of other feeds; or only trouble, until the next time."""
        count = self.shown(path)
        with self.lock:
            items = self.published[path]
            if items and rng.random() < 0.3:
                rng.choice(items[-count:])[1] += 1
            else:
                for _ in range(rng.randint(1, 4)):
                    length = rng.choice([200, 200, 200, 5000, 60000] if count == SHOWN else [200])
                    items.append([f"{path[3:]}-{len(items)}", 1, rng.randrange(len(self.text) - length), length])
            shown = [(name, f"{name} v{version}", self._link(name), self.text[start:start + length] + str(version))
                     for name, version, start, length in reversed(items[-count:])]
        if trouble:
            self.web.serve(path, {trouble: 500})
            return
        self.web.serve(path, {"body": feed_xml(shown), "etag": f'"{len(items)}-{sum(i[1] for i in items)}"'})

    @staticmethod
    def _link(name):
        number = int(name.partition("-")[2])
        return f"http://example.org/shared/{number}" if number % 4 == 0 else f"http://example.org/{name}"

    def configure(self, keep=None):
        sections = "".join(f"feed \"F{n}\" {{ url = '{self.web.base}{self.paths[n]}' }}\n" for n in range(DECLARED))
        self.daemon.write_config(CONFIG.format(life=self.lives, keep=keep or self.keep), sections)

    def launch(self):
        """Without waiting for anything."""
        self.lives += 1
        self.web.take_requests()
        self.configure()
        with open(self.daemon.log_path, "ab") as log:
            self.daemon.process = subprocess.Popen(self.daemon.command("--socket", self.daemon.socket), stdin=subprocess.DEVNULL,
                                                   stdout=log, stderr=log, env=self.daemon.environment())

    def requests(self):
        """Polls of each path in this life."""
        mark = f"life-{self.lives}."
        with self.web.lock:
            return collections.Counter(r["path"] for r in self.web.requests if mark in r["headers"].get("user-agent", ""))

    def open_copy(self):
        """What lies on the disk, opened as the next start would, but elsewhere."""
        folder = os.path.join(self.daemon.folder, "check")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        for end in ("", "-wal"):
            if os.path.exists(self.daemon.database + end):
                shutil.copy(self.daemon.database + end, os.path.join(folder, "copy.db" + end))
        return sqlite3.connect(os.path.join(folder, "copy.db"))

    def close(self, keep):
        if keep:
            self.daemon.process.kill()
        else:
            self.daemon.close()
        self.web.close()
