"""Views for newsreaders that know feeds and nothing else: read by a real one, by us, and by what knows the formats."""
import json
import os
import sqlite3
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from harness import Daemon, Web, check, check_equal, feed_xml, run

ATOM = "{http://www.w3.org/2005/Atom}"

FEEDS = {
    "/wire": ("Wire", [("w1", "Treaty signed & sealed", "http://wire.example/1"), ("w2", "Rain <heavy>", "http://wire.example/2")]),
    "/paper": ("Paper", [("p1", "Treaty signed", "http://wire.example/1"), ("p2", "Market day", "http://paper.example/2")]),
}


def with_feeds(test):
    def run_it(args):
        web = Web()
        for path, (title, items) in FEEDS.items():
            web.serve(path, {"body": feed_xml([(guid, escape(name), link) for guid, name, link in items], title)})
        feeds = "".join(f"feed '{title}' {{ url = '{web.base}{path}'\n folder = 'Ports & Rivers' }}\n" for path, (title, _) in FEEDS.items())
        daemon = Daemon(args.build, "", feeds).start()
        try:
            for feed in (1, 2):
                daemon.wait_poll(feed)
            test(args, daemon)
            check_equal(daemon.stop()[0], 0, "exit code")
        finally:
            daemon.close()
            web.close()
    run_it.__name__, run_it.__doc__ = test.__name__, test.__doc__
    return run_it


def get(daemon, path):
    status, body, _ = daemon.request("GET", path)
    check_equal(status, 200, f"{path}: {body}")
    return body


@with_feeds
def test_formats(args, daemon):
    """The same entries in both formats; ours understands what we wrote."""
    for view, titles in (("all", ["Market day", "Rain <heavy>", "Treaty signed", "Treaty signed & sealed"]), ("folder/Ports%20%26%20Rivers", None),
                         ("feed/1", ["Rain <heavy>", "Treaty signed & sealed"])):
        atom = get(daemon, f"/atom/{view}")
        entries = ET.fromstring(atom).findall(ATOM + "entry")
        told = get(daemon, f"/json/{view}")
        names = [e.find(ATOM + "title").text for e in entries]
        check_equal(names, [i["title"] for i in told["items"]], f"titles in {view}")
        check_equal([e.find(ATOM + "id").text for e in entries], [i["id"] for i in told["items"]], f"ids in {view}")
        check_equal(sorted(names), titles or sorted(i[1] for _, items in FEEDS.values() for i in items), f"entries of {view}")
        for document, form in ((atom, "atom"), (json.dumps(told), "json")):
            path = os.path.join(daemon.folder, "view." + form)
            with open(path, "w", encoding="utf-8") as file:
                file.write(document)
            ran = subprocess.run([os.path.join(args.build, "daemon", "tidingsd"), "--parse", path], capture_output=True, text=True, check=True)
            read = json.loads(ran.stdout)
            check_equal([i["title"] for i in read["items"]], names, f"what is read of {form}")


@with_feeds
def test_stories(_, daemon):
    """The report and its reprint are one entry, with the id of the first, under which the other outlet is named."""
    told = get(daemon, "/json/all?stories=true")["items"]
    check_equal(sorted(i["title"].split()[0] for i in told), ["Market", "Rain", "Treaty"], "entries")
    treaty = next(i for i in told if i["title"].startswith("Treaty"))
    members = daemon.get(f"/stories/{treaty['_tidings']['story']}")["members"]
    check_equal(treaty["id"], f"urn:tidings:{daemon.get('/')['epoch']}:item:{members[0]['item']}", "id")
    check(treaty["content_html"].count('<a href="http://wire.example/1">') == 1, treaty)
    daemon.request("PATCH", f"/api/v1/stories/{treaty['_tidings']['story']}", {"read": True})
    check_equal(len(get(daemon, "/json/unread")["items"]), 2, "unread after it was read")


@with_feeds
def test_newsboat(_, daemon):
    """Unmodified, by a command that asks the socket."""
    with tempfile.TemporaryDirectory() as folder:
        urls, cache, config = (os.path.join(folder, name) for name in ("urls", "cache.db", "config"))
        with open(urls, "w", encoding="utf-8") as file:
            for feed in (1, 2):
                file.write(f'"exec:curl -s --unix-socket {daemon.socket} http://localhost/atom/feed/{feed}" tidings\n')
        open(config, "w", encoding="utf-8").close()
        ran = subprocess.run(["newsboat", "-C", config, "-u", urls, "-c", cache, "-x", "reload", "print-unread"], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, env={**os.environ, "HOME": folder}, timeout=60, check=False)
        check_equal((ran.returncode, ran.stdout.strip()), (0, "4 unread articles"), f"newsboat: {ran.stderr}")
        rows = sqlite3.connect(cache).execute("select title, url, guid from rss_item order by title").fetchall()
    check_equal([r[:2] for r in rows], sorted((i[1], i[2]) for _, items in FEEDS.values() for i in items), "what it shows")
    check(all(":item:" in r[2] for r in rows), rows)


run([test_formats, test_stories, test_newsboat])
