"""The checks of .clang-tidy, cognitive complexity among them, on everything the daemon is compiled from."""

import json
import os
import re

from source import Lint, run_all

FINDING = re.compile(r"^(.+?):(\d+):\d+: (?:warning|error): (.+)$")
# The build may be gcc's: clang does not know all of its warnings, and what it warns of is the compiler's business.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", "--extra-arg=-w"]


def compiled(lint):
    """The files of daemon/ that the build compiles, each with the folder that it is compiled in."""
    try:
        with open(os.path.join(lint.build, "compile_commands.json"), encoding="utf-8") as file:
            commands = json.load(file)
    except OSError:
        lint.skip("the build folder has no compile_commands.json")
    folders = {os.path.normpath(os.path.join(c["directory"], c["file"])): c["directory"] for c in commands}
    return {p: d for p, d in sorted(folders.items()) if p.startswith(lint.source + "/daemon/") and os.path.exists(p)}


def main():
    lint = Lint(__doc__)
    tool = lint.need("clang-tidy")
    paths = compiled(lint)
    if not paths:
        lint.skip("the build folder compiles nothing of daemon/")
    config = f"--config-file={lint.source}/.clang-tidy"
    for path, result in zip(paths, run_all([[tool, "-p", lint.build, "--quiet", config, *EXTRA, p] for p in paths])):
        found = False
        for row in result.stdout.splitlines():
            match = FINDING.match(row)
            if not match:
                continue
            where = os.path.join(paths[path], match.group(1))
            if where.startswith(lint.source):
                lint.add(where, *match.groups()[1:])
                found = True
        if result.returncode and not found:
            lint.add(path, 1, "clang-tidy could not read it: " + (result.stderr.strip().splitlines() or ["?"])[-1])
    lint.finish(f"{len(paths)} files")


main()
