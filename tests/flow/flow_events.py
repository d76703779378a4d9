"""The event stream: nothing lost and nothing twice over reconnections and restarts; the backlog is marked."""
import threading

from harness import Daemon, Events, Web, check, check_equal, feed_xml, run


def items(count):
    return [(f"g{i}", f"Item {i}", f"http://example.org/{i}") for i in range(count, 0, -1)]


class World:
    def __init__(self, args):
        self.web = Web()
        self.web.serve("/feed", {"body": feed_xml(items(3))})
        self.daemon = Daemon(args.build, "", f"feed \"F\" {{ url = '{self.web.base}/feed' }}\n").start()
        self.daemon.wait_poll(1)

    def publish(self, count):
        self.web.serve("/feed", {"body": feed_xml(items(count))})
        self.daemon.poll(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.web.close()


def collect(events, count):
    """The next `count` events that are changes."""
    found = []
    while len(found) < count:
        event = events.next()
        check(event is not None, f"the stream ended after {len(found)} of {count} events")
        if event.get("event") not in ("hello", "seq"):
            found.append(event)
    return found


def test_hello_then_live(args):
    with World(args) as w:
        events = Events(w.daemon.socket)
        hello = events.next()
        check_equal(hello["event"], "hello", "first event")
        check_equal(hello["data"]["seq"], w.daemon.seq(), "seq of hello")
        w.publish(4)
        got = collect(events, 2)
        check_equal([e["event"] for e in got], ["item.new", "story.new"], "live events")
        check_equal(got[0]["data"]["initial"], False, "initial")
        check_equal(got[0]["data"]["items"][0]["title"], "Item 4", "title")
        events.close()


def test_backlog_is_initial(args):
    with World(args) as w:
        lines = [c for c in w.daemon.changes(0)["changes"] if c["kind"] in ("item", "story")]
        check(lines and all(c["initial"] for c in lines), "the first document's items are not marked initial")
        check_equal(sum(len(c["ids"]) for c in lines if c["kind"] == "item"), 3, "items told")


def test_resume_over_restarts(args):
    """A reader that is cut off at random places sees each change exactly once, in order."""
    with World(args) as w:
        seen, last, total = [], None, 0
        for round_ in range(6):
            w.publish(4 + 2 * round_)
            if round_ % 3 == 2:
                w.daemon.stop()
                w.daemon.start()
            events = Events(w.daemon.socket, "" if last else "?since=0", last)
            total = w.daemon.seq()
            while not seen or seen[-1] < total:
                event = events.next()
                check(event is not None, "the stream ended")
                if event["event"] in ("hello", "seq"):
                    continue
                seen.append(event["data"]["seq"])
                last = event["id"]
                if len(seen) % 3 == 0 and round_ < 5:
                    break
            events.close()
        wanted = [c["seq"] for c in w.daemon.changes(0)["changes"]]
        check_equal(seen, wanted, "numbers seen")


def test_a_stream_ends_when_the_daemon_stops(args):
    with World(args) as w:
        events = Events(w.daemon.socket)
        events.next()
        ended = []
        reader = threading.Thread(target=lambda: ended.append(events.next()))
        reader.start()
        code, seconds = w.daemon.stop()
        reader.join(10)
        check_equal((code, ended), (0, [None]), "exit code, stream")
        check(seconds < 5, f"{seconds:.1f} s to stop with an open stream")


def test_reset_for_what_cannot_be_told(args):
    with World(args) as w:
        epoch = w.daemon.get("/")["epoch"]
        for last in ("0000000000000000-1", f"{epoch}-999999"):
            events = Events(w.daemon.socket, "", last)
            names = [events.next()["event"], events.next()["event"]]
            check("reset" in names, f"{last}: {names}")
            events.close()
            status, body, _ = w.daemon.request("GET", f"/api/v1/changes?since={last}")
            check_equal((status, body["code"]), (410, "seq-too-old"), last)


def test_kinds_are_filtered(args):
    with World(args) as w:
        events = Events(w.daemon.socket, "?kinds=story")
        events.next()
        w.publish(4)
        check_equal(collect(events, 1)[0]["event"], "story.new", "filtered event")
        events.close()


run([test_hello_then_live, test_backlog_is_initial, test_resume_over_restarts, test_a_stream_ends_when_the_daemon_stops,
     test_reset_for_what_cannot_be_told, test_kinds_are_filtered])
