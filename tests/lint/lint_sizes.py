"""Functions, files and the whole stay small."""

import subprocess

from source import Lint, room_of

FUNCTION_MAX = 70
P90_MAX = 40  # nine functions in ten are shorter
FILE_MAX = 700
TOTAL_AIM = 12000  # lines of daemon/ that the design asks for, comments, blanks and headers included
TOTAL_MAX = 57396  # what it has: lowered whenever lines go, raised only by a commit that says what for


def functions(lint, ctags, paths):
    """(path, line, name, lines) of every function, signature line to closing brace."""
    command = [ctags, "--languages=C,C++", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne", "-f", "-", "-L", "-"]
    out = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True, cwd=lint.source)
    for row in out.stdout.splitlines():
        if row.startswith("!"):
            continue
        cells = row.split("\t")
        fields = dict(cell.split(":", 1) for cell in cells[3:] if ":" in cell)
        if "line" in fields and "end" in fields:
            first = int(fields["line"])
            yield cells[1], first, cells[0], int(fields["end"]) - first + 1


def check_files(lint):
    """Returns the lines of daemon/."""
    total = 0
    for path in lint.c_files():
        lines = lint.read(path).count("\n")
        if lines > FILE_MAX:
            lint.add(path, lines, f"{lines} lines, {FILE_MAX} at most")
        if path.startswith("daemon/"):
            total += lines
    if total > TOTAL_MAX:
        lint.add("daemon", 0, f"{total} lines of C, {TOTAL_MAX} at most")
    return total


def main():
    lint = Lint(__doc__)
    ctags = lint.need("ctags")
    version = subprocess.run([ctags, "--version"], capture_output=True, text=True, check=False).stdout
    if "Universal" not in version:
        lint.skip("ctags is not universal-ctags")
    total = check_files(lint)
    lengths = []
    for path, line, name, lines in functions(lint, ctags, lint.c_files()):
        if lines > FUNCTION_MAX:
            lint.add(path, line, f"{name}() has {lines} lines, {FUNCTION_MAX} at most")
        if path.startswith("daemon/"):
            lengths.append(lines)
    lengths.sort()
    median = lengths[len(lengths) // 2] if lengths else 0
    p90 = lengths[len(lengths) * 9 // 10] if lengths else 0
    if p90 >= P90_MAX:
        lint.add("daemon", 0, f"nine functions in ten have up to {p90} lines, it should be under {P90_MAX}")
    rooms = {}
    for path in lint.files(("daemon",), (".c", ".h")):
        rooms[room_of(path)] = rooms.get(room_of(path), 0) + lint.read(path).count("\n")
    largest = ", ".join(f"{room} {lines}" for room, lines in sorted(rooms.items(), key=lambda r: -r[1])[:6])
    lint.finish(f"{total} lines in daemon/ ({largest}; the design asks for {TOTAL_AIM}), {len(lengths)} functions, median {median}, p90 {p90}")


main()
