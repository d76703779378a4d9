"""Runs a test and keeps in RECORD what of it was shown: record.py RECORD -- COMMAND. The output goes on as it comes.

The first line of RECORD is "passed", "failed" or "skipped REASON", then come "ok NAME" and "skipped NAME", a line each, as harness.run()
and cmocka tell them. While the test runs there is none, so that what an earlier run has shown does not count."""
import os
import re
import subprocess
import sys

SKIPPED = 77
TOLD = ((re.compile(rb"ok +(\S+)"), "ok"), (re.compile(rb"\[ +OK \] (?:[AB0-9 ]+: )?(\w+)"), "ok"),
        (re.compile(rb"\[ +SKIPPED \] (?:[AB0-9 ]+: )?(\w+)"), "skipped"))


def run(command):
    """Its exit status, what it told, its last line."""
    told, last = [], b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            told += [f"{what} {found[1].decode()}" for pattern, what in TOLD if (found := pattern.match(line))]
            last = line if line.strip() else last
    return process.returncode, told, last.decode(errors="replace").strip()


def main():
    path, command = sys.argv[1], sys.argv[sys.argv.index("--") + 1:]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    status, told, last = run(command)
    verdict = {0: "passed", SKIPPED: "skipped " + last.removeprefix("skipped: ")}.get(status, "failed")
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write("\n".join([verdict, *told]) + "\n")
    os.rename(path + ".new", path)
    sys.exit(status if status >= 0 else 128 - status)


main()
