"""What publishers change of items that are there already: told as what it is, announced as nothing new."""
import email.utils
import time

from harness import Daemon, Web, check, check_equal, run

HOUR = 3600


def atom(text, title="Five die in flood", updated=None, published=None, image=1):
    """A feed of one entry; times are hours ago."""
    now = time.time()
    stamp = "".join(f"<{name}>{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now - hours * HOUR))}</{name}>"
                    for name, hours in (("updated", updated), ("published", published)) if hours is not None)
    return (f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title><id>urn:x:feed</id><updated>{email.utils.formatdate(now)}</updated>"
            f"<entry><id>urn:x:1</id><title>{title}</title><link href='http://example.org/1'/>{stamp}<content type='html'>"
            f"&lt;p>{text}&lt;/p>&lt;img src='http://example.org/i.png?n={image}'></content></entry></feed>")


class Reader:
    """A feed that changes, and what a client hears of it."""

    def __init__(self, args):
        self.web = Web()
        self.web.serve("/feed", {"body": atom("The river rose.", updated=90, published=90)})
        self.daemon = Daemon(args.build, feeds=f'feed "f" {{ url = "{self.web.base}/feed" }}\n').start()
        self.feed = self.daemon.wait_change(0, "feed.ok")["ids"][0]
        self.item = self.daemon.get("/items")["items"][0]["id"]
        self.heard = self.daemon.seq()

    def poll(self, document):
        """What the change log says of items and stories after a poll: "item.update text"."""
        self.web.serve("/feed", {"body": document})
        self.daemon.poll(self.feed)
        answer = self.daemon.changes(self.heard)
        self.heard = answer["seq"]
        return [f"{c['kind']}.{c['op']} {c['edit']}" for c in answer["changes"] if c["kind"] in ("item", "story")]

    def look(self):
        return self.daemon.get(f"/items/{self.item}")

    def close(self):
        self.daemon.close()
        self.web.close()


def with_reader(test):
    def wrapped(args):
        reader = Reader(args)
        try:
            test(reader)
        finally:
            reader.close()
    wrapped.__name__ = test.__name__
    return wrapped


@with_reader
def test_text(reader):
    reader.daemon.request("PATCH", f"/api/v1/items/{reader.item}", {"read": True, "starred": True})
    reader.heard = reader.daemon.seq()
    check_equal(reader.poll(atom("The river rose and fell.", updated=1, published=90)), ["item.update text"], "other words")
    check_equal(reader.poll(atom("The river rose and fell.", "Six die in flood", updated=1, published=90)), ["item.update text"], "other headline")
    item = reader.look()
    check("rose and fell" in item["html"] and item["title"] == "Six die in flood", f"the edit is not shown: {item}")
    check_equal((item["read"], item["starred"], item["revisions"]), (True, True, 2), "what was read stays read")
    earlier = reader.daemon.get(f"/items/{reader.item}/revisions?content=text")["revisions"]
    check_equal([(r["edit"], r["title"], r["text"].strip()) for r in earlier],
                [("text", "Five die in flood", "The river rose and fell."), ("text", "Five die in flood", "The river rose.")], "earlier texts")
    check_equal(reader.daemon.get("/items?read=false")["items"], [], "unread items")
    check_equal(reader.daemon.tidings("new").returncode, 4, "exit code of: tidings new")


@with_reader
def test_markup(reader):
    before = reader.look()
    for n in (2, 3, 4):
        document = atom("The river <em>rose</em>.".replace("<", "&lt;"), published=0, updated=0, image=n)
        check_equal(reader.poll(document), ["item.update markup"], f"the picture's address for the {n - 1}th time")
    for n in (5, 6, 7):
        check_equal(reader.poll(atom("The river rose.", published=0, updated=0, image=n)), [], "an address that is renewed with each answer")
    item = reader.look()
    check("i.png?n=4" in item["html"], f"the page is not shown anew: {item}")
    check_equal((item["published"], item["revisions"], item["read"]), (before["published"], 0, False), "what stays as it was")
    check_equal(reader.poll(atom("The river fell.", published=90, image=8)), ["item.update text"], "other words in the end")


@with_reader
def test_dates(reader):
    before = reader.look()
    for hours in (0, 1, 5, 14):
        check_equal(reader.poll(atom("The river rose.", updated=hours, published=hours)), [], f"a date of {hours} hours ago")
    check_equal(reader.look(), before, "the item")
    check_equal(reader.poll(atom("The river rose.", updated=48, published=90)), ["item.update date"], "a date that has stood for a while")
    check_equal(reader.poll(atom("The river rose.", updated=48.5, published=90)), [], "an earlier date")
    after = reader.look()
    check(after["updated"] > before["updated"], f"updated is {after['updated']}, not later than {before['updated']}")
    check_equal((after["published"], after["revisions"]), (before["published"], 0), "what stays as it was")


if __name__ == "__main__":
    run([test_text, test_markup, test_dates])
