"""What the lint programs share: arguments, the files of the tree, C without comments, findings and the exit code."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SKIP = 77  # ctest counts this as skipped


class Lint:
    """One run: collects findings and ends the program."""

    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--source", required=True, help="the top of the source tree")
        parser.add_argument("--build", default="", help="the build folder, with compile_commands.json")
        args = parser.parse_args()
        self.source = os.path.abspath(args.source)
        self.build = os.path.abspath(args.build) if args.build else ""
        self.findings = set()

    def add(self, path, line, message):
        """A finding; the path may be absolute or relative to the source tree."""
        if os.path.isabs(path):
            path = os.path.relpath(path, self.source)
        self.findings.add((path, int(line), message))

    def finish(self, summary):
        for path, line, message in sorted(self.findings):
            print(f"{path}:{line}: {message}")
        if self.findings:
            print(f"{len(self.findings)} findings; {summary}")
            sys.exit(1)
        print(f"clean: {summary}")
        sys.exit(0)

    def need(self, tool):
        """The path of a program; without it the whole check is skipped."""
        path = shutil.which(tool)
        if not path:
            self.skip(f"{tool} is not installed")
        return path

    def skip(self, reason):
        print(f"skipped: {reason}")
        sys.exit(SKIP)

    def files(self, folders=("",), endings=()):
        """Relative paths of the tree's files, sorted; build folders and .git are left out."""
        found = []
        for folder in folders:
            top = os.path.join(self.source, folder)
            if os.path.isfile(top):
                found.append(folder)
            for here, names, files in os.walk(top):
                names[:] = sorted(n for n in names if not self._is_foreign(os.path.join(here, n)))
                paths = (os.path.relpath(os.path.join(here, f), self.source) for f in files if f != ".git")
                found += [p for p in paths if not endings or p.endswith(endings)]
        return sorted(set(found))

    def _is_foreign(self, folder):
        name = os.path.basename(folder)
        return (
            name in (".git", "__pycache__")
            or folder == self.build
            or os.path.dirname(folder) == os.path.abspath(self.source) and name.startswith("build")
            or os.path.exists(os.path.join(folder, "CMakeCache.txt"))
        )

    def read(self, path):
        """The text of a file, '' for one that is not text."""
        with open(os.path.join(self.source, path), "rb") as file:
            data = file.read()
        return "" if b"\0" in data else data.decode("utf-8", "replace")

    def c_files(self):
        return self.files(("daemon", "include", "tests"), (".c", ".h"))


TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_of(text):
    """C without what stands in comments, strings and characters; lines keep their numbers."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

    return TOKENS.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def room_of(path):
    """'store' for daemon/store/x.c; for a file right in daemon/ its stem up to an underscore: 'config' for config_keys.c."""
    parts = path.split("/")
    if len(parts) > 2:
        return parts[1]
    return re.split(r"[._]", parts[1])[0]


def run_all(commands):
    """Runs the commands, as many at a time as there are cores; yields their results in order."""
    run = lambda command: subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        yield from pool.map(run, commands)
