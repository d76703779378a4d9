"""The demonstration as its reader sees it: twelve feeds, their stories, one more arriving live, and nothing left behind."""
import os
import signal
import subprocess
import tempfile
import threading

from harness import PATIENCE_S, check, check_equal, run

STORIES = 28
VISIT = "Putin lands in Pyongyang on first visit in 24 years"
LATE = "Meridian Wire +5\t" + VISIT


def scratch():
    # A short name: the path of a socket has 107 bytes.
    return tempfile.TemporaryDirectory(prefix="tidings-", dir="/tmp")


def demo(args, folder, *options):
    command = ["sh", os.path.join(args.source, "config/demo.sh"), "--no-install", "--build", args.build, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                            env={**os.environ, "TMPDIR": folder})


def stories(lines):
    """The rows of `tidings list`: an id, then a tab."""
    rows = [line.split("\t") for line in lines]
    return [row for row in rows if len(row) == 6 and row[0].isdigit() and row[2] == "unread"]


def once(args, folder):
    process = demo(args, folder, "--once")
    output, _ = process.communicate(timeout=4 * PATIENCE_S)
    check_equal(process.returncode, 0, f"exit code of --once after:\n{output}")
    rows = stories(output.splitlines())
    check_equal(len(rows), STORIES, "stories listed")
    check_equal([row[3] for row in rows if "Putin" in row[4]], ["Meridian Wire +4"], "the visit is one story, five tell it")
    check_equal(os.listdir(folder), [], "what is left behind")


def live(args, folder):
    process = demo(args, folder)
    stop = threading.Timer(4 * PATIENCE_S, os.killpg, (process.pid, signal.SIGKILL))
    stop.start()
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if LATE in line and "grown" in line:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does for Ctrl-C
    process.wait()
    stop.cancel()
    text = "\n".join(lines)
    check_equal(process.returncode, 0, f"exit code after Ctrl-C:\n{text}")
    check(LATE in text, f"the late report arrives:\n{text}")
    check(any(line.startswith("Goodbye") for line in lines), f"it says goodbye:\n{text}")
    check_equal(os.listdir(folder), [], "what is left behind")


def test_once(args):
    with scratch() as folder:
        once(args, folder)


def test_live(args):
    with scratch() as folder:
        live(args, folder)


run([test_once, test_live])
