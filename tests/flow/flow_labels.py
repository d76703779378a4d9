"""Labels on items, folders without feeds, counts, and 'read all of this up to what I saw': over the socket and by the client."""
from contextlib import closing

from harness import Daemon, Events, Web, check, check_equal, feed_xml, run


class World:
    def __init__(self, args):
        self.web = Web()
        self.items = {"one": [], "two": []}
        self.daemon = Daemon(args.build).start()
        for path in self.items:
            self.publish(path, 3)
            status, feed, *_ = self.daemon.request("POST", "/api/v1/feeds", {"url": f"{self.web.base}/{path}", "name": path, "folder": "F" if path == "one" else None})
            check_equal(status, 201, feed)
            self.daemon.wait_poll(feed["id"])

    def publish(self, path, count):
        for number in range(len(self.items[path]), len(self.items[path]) + count):
            self.items[path].insert(0, (f"{path}-{number}", f"Item {path} {number}", f"https://{path}.example/{number}"))
        self.web.serve(f"/{path}", {"body": feed_xml(self.items[path])})

    def call(self, method, path, body, status=200):
        got, answer, *_ = self.daemon.request(method, "/api/v1" + path, body)
        check_equal(got, status, f"{method} {path} {body}: {answer}")
        return answer

    def good(self, *arguments):
        ran = self.daemon.tidings(*arguments)
        check_equal(ran.returncode, 0, f"{arguments}: {ran.stdout}{ran.stderr}")
        return ran.stdout

    def close(self):
        self.daemon.close()
        self.web.close()


def unread(world):
    return {i["id"] for i in world.daemon.get("/items?read=false&limit=1000")["items"]}


def test_labels(args):
    with closing(World(args)) as w:
        d = w.daemon
        since = d.seq()
        item = d.get("/items?limit=1")["items"][0]
        check_equal(w.good("label", str(item["id"]), "later", "a & b/ü"), f"labels of item {item['id']}: 2\na & b/ü\nlater\n", "label")
        changed = [c for c in d.changes(since)["changes"] if c["kind"] in ("label", "item")]
        check_equal([(c["kind"], c["op"]) for c in changed], [("label", "new"), ("label", "new"), ("item", "state")], "lines")
        check_equal(changed[2]["items"][0]["labels"], ["a & b/ü", "later"], "in the change log")
        check_equal(w.good("labels"), "1\ta & b/ü\n1\tlater\n", "labels")
        check_equal(w.good("list", "--label", "a & b/ü").count("\n"), 1, "list")
        check_equal(w.good("list", "--label", "none"), "", "list of none")
        check_equal(w.good("read", "--all", "--label", "later"), "stories marked as read: 1\n", "read --all --label")
        check_equal(w.good("labels"), "0\ta & b/ü\n0\tlater\n", "labels then")
        d.stop()
        d.start()
        check_equal(d.get(f"/items/{item['id']}")["labels"], ["a & b/ü", "later"], "after a restart")
        w.good("label", "--undo", str(item["id"]), "later")
        check_equal(d.get("/items?label=later")["items"], [], "taken off")
        check_equal(d.tidings("label", "99999", "x").returncode, 4, "no such item")


def test_folders(args):
    with closing(World(args)) as w:
        d = w.daemon
        empty = w.call("POST", "/folders", {"name": "Empty"}, 201)
        check_equal(w.call("POST", "/folders", {"name": "Empty"}, 409)["existing"], empty["id"], "twice")
        w.call("PATCH", "/feeds/2", {"folder": "Empty"})
        w.call("PATCH", "/feeds/2", {"folder": None})
        check_equal([f["name"] for f in d.get("/folders")["folders"]], ["Empty", "F"], "one that was made stays")
        w.call("PATCH", f"/folders/{empty['id']}", {"name": "News"})
        w.call("PATCH", "/feeds/1", {"folder": "News"})
        check_equal([f["name"] for f in d.get("/folders")["folders"]], ["News"], "one that came with its feed goes with it")
        with closing(Events(d.socket, f"?since={d.seq()}&kinds=folder,feed.update")) as events:
            w.call("DELETE", f"/folders/{empty['id']}", None, 204)
            told = []
            while "folder.delete" not in told:
                told.append(events.next()["event"])
        check("feed.update" in told, told)
        check_equal(d.get("/feeds/1")["folder"], None, "its feed")


def test_read_up_to_what_was_seen(args):
    with closing(World(args)) as w:
        d = w.daemon
        seen = d.get("/items?limit=1")["seq"]
        before = unread(w)
        w.publish("one", 2)
        d.poll(1)
        check_equal(len(unread(w) - before), 2, "came later")
        answer = w.call("POST", "/items/batch", {"filter": {}, "as_of": seen, "set": {"read": True}})
        check_equal(answer["changed"], 6, "marked")
        check_equal(len(unread(w)), 2, "what came later")
        counts = d.get("/counts")
        check_equal(([(c["id"], c["unread"]) for c in counts["feeds"]], counts["unread"]), ([(1, 2), (2, 0)], 2), "counts")
        check_equal(w.call("POST", "/items/batch", {"filter": {}, "as_of": 10**9, "set": {"read": True}}, 410)["code"], "seq-too-old", "the future")
        stories = len(d.get("/stories?read=false")["stories"])
        check_equal(w.good("read", "--all", "--folder", "F"), f"stories marked as read: {stories}\n", "read --all")
        check_equal(unread(w), set(), "all read")


run([test_labels, test_folders, test_read_up_to_what_was_seen])
