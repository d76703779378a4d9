"""The disk under a running daemon: full, read-only, and files taken away. It says so, serves what it has, and heals by itself (C30)."""
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

from harness import PATIENCE_S, Daemon, Failed, Web, check, check_equal, feed_xml, run

UNSHARED = "TIDINGS_TEST_UNSHARED"


def enter_namespace():
    """A file system of our own can be mounted where nobody else sees it."""
    if UNSHARED in os.environ:
        return
    if not shutil.which("strace"):
        print("skipped: strace is not installed, and makes the disk read-only")
        sys.exit(77)
    how = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*how, "sh", "-c", "mount -t tmpfs none /mnt"], check=False, capture_output=True).returncode:
        print("skipped: nothing can be mounted here, not even in a namespace")
        sys.exit(77)
    os.environ[UNSHARED] = "1"
    os.execvp(how[0], [*how, sys.executable, "-B", *sys.argv])


class World:
    """A daemon whose database is on a small disk, with one feed polled and a subscriber of its words to systemd."""

    def __init__(self, args):
        self.web = Web()
        self.web.serve("/feed", {"body": self.feed(3)})
        self.daemon = Daemon(args.build, "", f"feed 'A' {{ url = '{self.web.base}/feed' }}\n")
        self.disk = os.path.join(self.daemon.folder, "disk")
        self.ballast = os.path.join(self.disk, "ballast")
        os.mkdir(self.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", self.disk], check=True)
        self.daemon.database = os.path.join(self.disk, "tidings.db")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def start(self):
        self.daemon.start()
        self.daemon.wait_poll(1)
        self.web.take_requests()
        path = os.path.join(self.daemon.folder, "ready.sock")
        os.unlink(path)
        self.notify.bind(path)
        self.notify.settimeout(PATIENCE_S)
        return self

    @staticmethod
    def feed(count):
        return feed_xml([(str(n), f"Item {n}", f"http://example.org/{n}", "words " * 300) for n in range(count)])

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as f:
            try:
                while f.write(b"\0" * 4096):
                    pass
            except OSError:
                pass  # it is full

    def change(self, read=True):
        """Status and body of a user's change."""
        return self.daemon.request("PATCH", "/api/v1/items/1", {"read": read})[:2]

    def wait_status(self, text):
        while True:
            words = self.notify.recv(4096).decode()
            if text in words:
                return words

    def assert_degraded(self, state, words):
        """Everything that says so does, what can go on does, and what would be for nothing is not begun."""
        store = self.daemon.get("/status")["store"]
        check_equal(store["state"], state, f"state of {store}")
        check(words in store["error"], f"status: {store['error']}")
        told = self.daemon.tidings("status")
        check(told.returncode == 0 and "nothing can be stored" in told.stdout and words in told.stdout, told.stdout)
        check("database.failing" in self.daemon.log() and words in self.daemon.log(), self.daemon.log())
        check(words in self.wait_status("nothing can be stored"), "STATUS= for systemd")
        check_equal(len(self.daemon.get("/items")["items"]), 3, "items that can be read")
        self.web.take_requests()
        status, body, _ = self.daemon.request("POST", "/api/v1/feeds/1/refresh")
        check_equal(status, 202, body)
        check_equal(self.daemon.get("/feeds/1")["id"], 1, "the feed")
        check_equal(self.daemon.get("/status")["feeds"]["polling"], 0, "polls while nothing can be stored")

    def assert_healed(self):
        """By itself; and the poll that was asked for meanwhile is made."""
        check_equal(len(self.web.take_requests()), 0, "requests while nothing could be stored")
        self.daemon.wait_log("database.recovered")
        check("nothing can" not in self.wait_status("feeds,"), "STATUS= after it")
        self.web.wait_request("/feed")
        check_equal(self.daemon.get("/status")["store"]["state"], "ok", "state")
        check_equal(self.daemon.get("/status")["store"]["error"], None, "error")
        status, body = self.change()
        check_equal(status, 200, body)

    def assert_sound(self):
        check_equal(self.daemon.stop()[0], 0, "exit code\n" + self.daemon.log())
        with closing(sqlite3.connect(self.daemon.database)) as db:
            check_equal(db.execute("PRAGMA integrity_check").fetchone()[0], "ok", "integrity")
            return db.execute("SELECT count(*) FROM item").fetchone()[0]

    def close(self):
        self.daemon.close()
        subprocess.run(["umount", "--lazy", self.disk], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.daemon.folder, ignore_errors=True)
        self.notify.close()
        self.web.close()


def test_full_disk(args):
    with closing(World(args)) as w:
        w.start()
        w.fill()
        status, body = w.change()
        check_equal((status, body["code"]), (507, "disk-full"), body)
        check("full" in body["detail"], body)
        w.assert_degraded("disk-full", "full")
        os.unlink(w.ballast)
        w.assert_healed()
        check_equal(w.assert_sound(), 3, "items")


def test_disk_fills_while_polling(args):
    """What a poll could not store is fetched again when it can be."""
    with closing(World(args)) as w:
        w.start()
        w.fill()
        w.web.serve("/feed", {"body": w.feed(40)})
        check_equal(w.daemon.request("POST", "/api/v1/feeds/1/refresh")[0], 202, "refresh")
        w.daemon.wait_log("feed.postponed")
        w.assert_degraded("disk-full", "full")
        os.unlink(w.ballast)
        w.assert_healed()
        deadline = time.monotonic() + PATIENCE_S
        while w.daemon.get("/status")["items"] < 40:
            check(time.monotonic() < deadline, "the items never came\n" + w.daemon.log())
            time.sleep(0.01)
        check_equal(w.assert_sound(), 40, "items")


class Broken:
    """System calls that write fail with `error`, as on a disk that the kernel has turned read-only (a remount by hand is refused while the
    database is open)."""

    def __init__(self, pid, error):
        calls = "pwrite64,fsync,fdatasync,ftruncate"
        self.process = subprocess.Popen(["strace", "-qq", "-f", "-p", str(pid), "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}",
                                         "-o", "/dev/null"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = pid

    def wait(self):
        """Until every thread is traced."""
        deadline = time.monotonic() + PATIENCE_S
        folder = f"/proc/{self.pid}/task"
        while not all(self._traced(f"{folder}/{thread}/status") for thread in os.listdir(folder)):
            check(self.process.poll() is None, "strace ended")
            check(time.monotonic() < deadline, "strace does not attach")
            time.sleep(0.01)

    @staticmethod
    def _traced(path):
        with open(path, encoding="utf-8") as f:
            return "TracerPid:\t0\n" not in f.read()

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def test_read_only_disk(args):
    for error in ("EROFS", "EIO"):
        with closing(World(args)) as w:
            w.start()
            with closing(Broken(w.daemon.process.pid, error)) as broken:
                broken.wait()
                status, body = w.change()
                check_equal((status, body["code"]), (503, "database-failing"), body)
                w.assert_degraded("io-error", "disk I/O error")
            w.assert_healed()
            check_equal(w.assert_sound(), 3, "items")


def files(w):
    return [w.daemon.database + suffix for suffix in ("", "-wal", "-shm")]


def test_database_moved_and_put_back(args):
    """Nothing is written, neither to what is there instead; what was committed is whole in the file that was moved."""
    with closing(World(args)) as w:
        w.start()
        check_equal(w.change()[0], 200, "a change before")
        away = w.daemon.database + ".away"
        with closing(sqlite3.connect(os.path.join(w.disk, "other"))) as other:
            other.execute("CREATE TABLE foreigner (x)")
        os.rename(w.daemon.database, away)
        os.rename(os.path.join(w.disk, "other"), w.daemon.database)
        with open(w.daemon.database, "rb") as f:
            before = f.read()
        status, body = w.change(False)
        check_equal((status, body["code"]), (503, "database-failing"), body)
        check("moved, removed or replaced" in body["detail"], body)
        w.assert_degraded("io-error", "put the old one back")
        with open(w.daemon.database, "rb") as f:
            check(f.read() == before, "the other file was written to")
        check_equal(os.path.getsize(w.daemon.database + "-wal"), 0, "bytes in the log that could be taken for the other file's")
        copy = os.path.join(w.daemon.folder, "copy.db")
        shutil.copy(away, copy)
        with closing(sqlite3.connect(copy)) as db:
            check_equal(db.execute("SELECT count(*), sum(read) FROM item").fetchone(), (3, 1), "what the moved file holds")
        os.unlink(w.daemon.database)
        os.rename(away, w.daemon.database)
        w.assert_healed()
        check_equal(w.assert_sound(), 3, "items")


def test_database_replaced_for_good(args):
    """The daemon goes on with the other file after a restart, and no byte of the old log is taken for the other's."""
    with closing(World(args)) as w:
        w.start()
        check_equal(w.daemon.tidings("db", "backup", "copy.db").returncode, 0, "backup")
        check_equal(w.change()[0], 200, "a change after the copy")
        os.rename(os.path.join(w.disk, "copy.db"), w.daemon.database)
        status, body = w.change(False)
        check_equal((status, body["code"]), (503, "database-failing"), body)
        w.assert_degraded("io-error", "stop the daemon")
        check_equal(w.assert_sound(), 3, "items")
        w.daemon.start()
        check_equal(w.daemon.get("/items/1")["read"], False, "what the copy says of item 1")


def test_files_deleted(args):
    """All of them, or the log alone, which then still finds its way into the database."""
    for which in (0, 1, 2, None):
        with closing(World(args)) as w:
            w.start()
            check_equal(w.change()[0], 200, "a change before")
            for n, path in enumerate(files(w)):
                if which in (n, None):
                    os.unlink(path)
            status, body = w.change(False)
            check_equal((status, body["code"]), (503, "database-failing"), body)
            w.assert_degraded("io-error", "moved, removed or replaced")
            check_equal(w.daemon.stop()[0], 0, "exit code")
            if which in (1, 2):
                w.daemon.start()
                check_equal(w.daemon.get("/items/1")["read"], True, "the change before")


enter_namespace()
try:
    run([test_full_disk, test_disk_fills_while_polling, test_read_only_disk, test_database_moved_and_put_back, test_database_replaced_for_good,
         test_files_deleted])
except Failed as e:
    print(e)
    sys.exit(1)
