"""What cppcheck finds in the daemon and its tests."""

import os
import re
import subprocess

from source import Lint

FINDING = re.compile(r"^(.+?):(\d+): (.+)$")

def main():
    lint = Lint(__doc__)
    tool = lint.need("cppcheck")
    folders = [f for f in ("daemon", "tests") if os.path.isdir(os.path.join(lint.source, f))]
    command = [
        tool,
        "--quiet",
        "--language=c",
        "--std=c11",
        "--enable=warning,performance,portability",
        "--inline-suppr",
        "--suppress=missingIncludeSystem",
        # cmocka's assertions end a test by longjmp(), which cppcheck cannot know.
        "--suppress=nullPointer:tests/unit/*",
        # readdir() is safe on a stream of one's own; the client has one thread.
        "--suppress=readdirCalled",
        "--suppress=getpwuidCalled:daemon/cli/*",
        # It takes the _Generic in into() for a call with effects; gcc's -Wsequence-point looks, too.
        "--suppress=unknownEvaluationOrder:daemon/store/*",
        "--library=posix",
        f"--library={os.path.dirname(os.path.abspath(__file__))}/cppcheck.cfg",
        "-D__linux__",
        "-DTIDINGS_VERSION=\"0\"",
        "-DTEST_DATA=\"data\"",
        "-DSOURCE_DIR=\".\"",
        "-Idaemon",
        "-Iinclude",
        "-Itests",
        f"-j{os.cpu_count() or 2}",
        "--template={file}:{line}: {message} [{id}]",
        "--template-location=",
        *folders,
    ]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=lint.source)
    for row in result.stderr.splitlines():
        match = FINDING.match(row)
        if match:
            lint.add(*match.groups())
    if result.returncode and not lint.findings:
        lint.add("daemon", 1, "cppcheck failed: " + (result.stderr or result.stdout).strip()[:200])
    lint.finish(f"{len(lint.files(folders, ('.c',)))} files")


main()
