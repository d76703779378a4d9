"""Subscriptions out of one daemon and into another."""
import json
import xml.etree.ElementTree as ET

from harness import Daemon, Web, check, check_equal, feed_xml, run

SETTING = "{urn:tidings:opml}interval_s"

LIST = """<?xml version="1.0" encoding="iso-8859-1"?>
<opml version="1.1"><head><title>Of another reader</title></head><body>
<outline text="Caf\xe9s"><outline text="Inner &quot;quoted&quot;">
<outline text="Fish &amp; Chips" xmlUrl="{base}/one"/></outline>
<outline text="1 &lt; 2" type="rss" xmlUrl="{base}/two?a=1&amp;b=2" xmlns:tidings="urn:tidings:opml" tidings:interval_s="7200" tidings:stories="wide"/></outline>
<outline text="No folder" xmlUrl="{base}/three" xmlns:tidings="urn:tidings:opml" tidings:stories="alike"/>
<outline text="Once more" xmlUrl="{base}/one"/>
<outline text="A command" xmlUrl="exec:sh"/>
</body></opml>
"""


def importing(daemon, document, *more, code=0):
    """Standard output and standard error of an import."""
    document = document if isinstance(document, bytes) else document.encode()
    ran = daemon.tidings("import", "-", *more, input=document, text=False)
    out, errors = ran.stdout.decode(), ran.stderr.decode()
    check_equal(ran.returncode, code, f"import: {out}{errors}")
    return out, errors


def exported(daemon, *more):
    ran = daemon.tidings("export", *more)
    check_equal(ran.returncode, 0, f"export: {ran.stderr}")
    return ran.stdout


def test_round_trip(args):
    with_path = [("a", "Item", "http://example.org/a")]
    web = Web()
    for path in ("/one", "/two?a=1&b=2", "/three"):
        web.serve(path, {"body": feed_xml(with_path, "A published title")})
    daemon, other = Daemon(args.build).start(), Daemon(args.build).start()
    try:
        document = LIST.replace("{base}", web.base).encode("iso-8859-1")
        out, errors = importing(daemon, document, "--json", code=1)
        answer = json.loads(out)
        check_equal((answer["added"], answer["known"]), ([1, 2, 3], [1]), "answer")
        check("exec:sh: not an http or https URL" in errors, errors)
        for feed in answer["added"]:
            daemon.wait_poll(feed)

        first = exported(daemon)
        root = ET.fromstring(first.encode())
        check_equal(root.get("version"), "2.0", "version")
        tree = [(o.get("text"), [(f.get("text"), f.get("xmlUrl"), f.get(SETTING)) for f in o]) for o in root.find("body")]
        check_equal(tree, [
            ('Inner "quoted"', [("Fish & Chips", web.base + "/one", None)]),
            ("Caf\xe9s", [("1 < 2", web.base + "/two?a=1&b=2", "7200")]),
            ("No folder", []),
        ], "what was exported")

        importing(other, first)
        check_equal(exported(other), first, "round trip")
        check_equal(importing(other, first)[0], "added: 0, there already: 3, refused: 0\n", "again")
        check_equal(other.get("/feeds/2")["interval_s"], 7200, "interval")
        check_equal([other.get(f"/feeds/{feed}")["stories"] for feed in (2, 3)], ["wide", None], "levels")
    finally:
        for part in (daemon, other, web):
            part.close()


def test_what_is_no_list(args):
    daemon = Daemon(args.build).start()
    try:
        check("line 1: <html> begins no list" in importing(daemon, "<html><body>Sign in", code=1)[1], "html")
        check_equal(daemon.tidings("import", "/nowhere").returncode, 1, "no file")
        check_equal(daemon.tidings("import").returncode, 2, "no argument")
        utf16 = "https://a.example/\nhttps://b.example/ \"~Ze\u00df\"\n".encode("utf-16")
        check_equal(importing(daemon, utf16)[0], "added: 2, there already: 0, refused: 0\n", "utf-16")
        daemon.request("POST", "/api/v1/feeds", {"url": "https://ann:secret@c.example/"})
        check("secret" not in exported(daemon), "a password in an export")
        check("ann:secret@" in exported(daemon, "--credentials"), "asked for")
    finally:
        daemon.close()


run([test_round_trip, test_what_is_no_list])
