"""What Prometheus is told: its text format 0.0.4, and numbers that agree with what happened."""
import re
import time
from contextlib import closing

from harness import Daemon, PATIENCE_S, Web, check, check_equal, feed_xml, run

FEED = feed_xml([("a", "First", "http://example.org/1"), ("b", "Second", "http://example.org/2")])
SAMPLE = re.compile(r'([a-z_]+)((?:\{[a-z]+="[^"\\\n]*"\})?) ([0-9]+(?:\.[0-9]{3})?)')


def metrics(daemon):
    """Values by name and label; each sample stands behind the one HELP and TYPE of its name."""
    status, text, headers = daemon.request("GET", "/api/v1/metrics")
    check_equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "answer")
    check(text.endswith("\n"), "the last line has no end")
    values, name, seen = {}, None, set()
    for line in text.splitlines():
        words = line.split(" ")
        if line.startswith("# HELP "):
            name = words[2]
            check(name not in seen and len(words) > 3, line)
            seen.add(name)
        elif line.startswith("# TYPE "):
            check(words[2] == name and words[3:] == ["counter" if name.endswith("_total") else "gauge"], line)
        else:
            sample = SAMPLE.fullmatch(line)
            check(sample and sample[1] == name and sample[1] + sample[2] not in values, line)
            values[sample[1] + sample[2]] = float(sample[3])
    return values


def wait_polls(daemon, wanted):
    """They are counted a moment after they can be seen."""
    deadline = time.monotonic() + PATIENCE_S
    while sum(value for name, value in metrics(daemon).items() if name.startswith("tidings_polls_total")) < wanted:
        check(time.monotonic() < deadline, f"fewer than {wanted} polls\n{daemon.log()}")
        time.sleep(0.01)


def test_numbers(args):
    with closing(Web()) as web:
        web.serve("/1", {"body": FEED, "etag": '"x"'})
        web.serve("/2", {"status": 500})
        feeds = f"feed 'a' {{ url = '{web.base}/1' }}\nfeed 'b' {{ url = '{web.base}/2' }}"
        daemon = Daemon(args.build, "", feeds).start()
        try:
            wait_polls(daemon, 2)
            daemon.poll(1)
            daemon.request("GET", "/api/v1/items/99")
            wait_polls(daemon, 3)
            before, after = metrics(daemon), metrics(daemon)
            check_equal(set(before), set(after), "names")
            for name in (n for n in before if "_total" in n):
                check(after[name] >= before[name], f"{name} went back")
            status = daemon.get("/status")
            wanted = {"tidings_feeds": 2, "tidings_feeds_failing": 1, "tidings_items": 2, "tidings_items_unread": 2, "tidings_stories": 2,
                      "tidings_store_ok": 1, "tidings_new_items_total": 2, "tidings_changes_total": status["seq"],
                      'tidings_polls_total{outcome="new_items"}': 1, 'tidings_polls_total{outcome="unchanged"}': 1,
                      'tidings_polls_total{outcome="failed"}': 1, 'tidings_polls_total{outcome="gone"}': 0,
                      'tidings_answers_total{status="4xx"}': 1, 'tidings_answers_total{status="5xx"}': 0,
                      f'tidings_info{{version="{status["version"]}"}}': 1}
            check_equal({name: after.get(name) for name in wanted}, wanted, "numbers")
            check_equal(after['tidings_answers_total{status="2xx"}'] - before['tidings_answers_total{status="2xx"}'], 1, "answers")
            check(len(FEED) < after["tidings_fetched_bytes_total"] < 10 * len(FEED), f"{after}")
            check(after["tidings_clients"] >= 1, f"{after}")
            check(after["process_start_time_seconds"] > 1.7e9 and after["process_cpu_seconds_total"] > 0, f"{after}")
        finally:
            daemon.close()


run([test_numbers])
