"""All C is formatted as .clang-format says."""

import re

from source import Lint, run_all

PER_FILE = 5  # findings told of one file: the first ones show what happened
FINDING = re.compile(r"^(.+?):(\d+):\d+: error: (.+)$")


def main():
    lint = Lint(__doc__)
    tool = lint.need("clang-format")
    paths = [f"{lint.source}/{path}" for path in lint.c_files()]
    batches = [paths[i : i + 20] for i in range(0, len(paths), 20)]
    told = {}
    for result in run_all([[tool, "--style=file", "--dry-run", "-Werror", *batch] for batch in batches]):
        for row in result.stderr.splitlines():
            match = FINDING.match(row)
            if not match:
                continue
            path, line, message = match.groups()
            told[path] = told.get(path, 0) + 1
            if told[path] <= PER_FILE:
                lint.add(path, line, message)
        if result.returncode and not told:
            lint.add(".clang-format", 1, result.stderr.strip().splitlines()[-1])
    lint.finish(f"{len(paths)} files, {len(told)} of them not formatted")


main()
