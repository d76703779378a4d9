"""No banned function, no assignment in a condition, no unfinished work, no path of one machine; every file says what it is."""

import glob
import os
import re

from source import Lint, code_of, line_of

# Function and what to use.
BANNED = {
    "strcpy": "buf or arena",
    "stpcpy": "buf or arena",
    "strcat": "buf",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "strtok": "strcspn or strtok_r",
    "atoi": "strtol with its checks",
    "atol": "strtol with its checks",
    "atoll": "strtoll with its checks",
    "atof": "strtod with its checks",
    "localtime": "times.h",
    "gmtime": "times.h",
    "asctime": "times.h",
    "ctime": "times.h",
    "alloca": "arena",
    "tmpnam": "mkstemp",
    "tempnam": "mkstemp",
    "mktemp": "mkstemp",
    "system": "uv_spawn or posix_spawn",
    "popen": "uv_spawn or posix_spawn",
}
SHELLS = ("system", "popen")
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
BARE_SKIP = re.compile(r"(?<![\w.>])skip\(\)")
SKIP_H = "tests/support/skip.h"
CONDITION = re.compile(r"\b(if|while|for|switch)\s*\(")
ASSIGNMENT = re.compile(r"(?<![=!<>+\-*/%&|^])=(?!=)|[+\-*/%&|^]=(?!=)|<<=|>>=")

# In two halves, so that this file does not hold them.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")

DATA = ("tests/data/", "tests/fuzz/corpus/")
OPENINGS = {".c": ("/*",), ".h": ("/*",), ".py": ('"""', "#"), ".sh": ("#",)}
# Folders that mean the same on every machine.
COMMON = {"/", "/tmp", "/var", "/usr", "/usr/src", "/usr/local", "/srv", "/opt", "/etc", "/run", "/home", "/root"}


def closing(code, start):
    """The offset behind the parenthesis that matches the one at `start`."""
    depth = 0
    for at in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    return len(code)


def conditions(code):
    """(offset, text) of every condition; of a `for` the part between the semicolons."""
    for match in CONDITION.finditer(code):
        start = match.end() - 1
        text = code[start : closing(code, start)]
        if match.group(1) == "for":
            text = text.split(";")[1] if text.count(";") >= 2 else ""
        yield match.start(), text


def check_c(lint, path, text):
    code = code_of(text)
    for match in BANNED_CALL.finditer(code):
        name = match.group(1)
        if name in SHELLS and not path.startswith("daemon/"):
            continue  # a test may start what it likes
        lint.add(path, line_of(code, match.start()), f"{name}() is banned; {BANNED[name]} instead")
    for match in BARE_SKIP.finditer(code) if path != SKIP_H else ():
        lint.add(path, line_of(code, match.start()), f"skip() is not seen by ctest; skip_part() of {SKIP_H} instead")
    for offset, condition in conditions(code):
        # Designated members of a compound literal are no assignments.
        if ASSIGNMENT.search(re.sub(r"\{[^{}]*\}", "", condition)):
            lint.add(path, line_of(code, offset), "assignment in a condition")


def machine_words(lint):
    """What must not be in the tree: the folder that holds it, and the hosts of this machine's package registries."""
    words = set()
    for folder in (lint.source, os.path.dirname(lint.source)):
        if folder not in COMMON:
            words.add(folder)
    for name in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                lines = [line for line in file if not line.startswith("#")]
        except OSError:
            continue
        words.update(host for line in lines for host in re.findall(r"https?://([^/\s]+)", line))
    # A word of its own: not the beginning of a longer name.
    return re.compile("|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" for word in sorted(words)) or r"(?!)")


def check_text(lint, path, text, machine):
    for match in machine.finditer(text):
        lint.add(path, line_of(text, match.start()), f"{match.group(0)}: only this machine has it")
    if path.startswith(DATA):
        return
    for match in UNFINISHED.finditer(text):
        lint.add(path, line_of(text, match.start()), f"{match.group(0)}: unfinished")
    openings = OPENINGS.get(os.path.splitext(path)[1])
    if openings and not text.startswith(openings):
        lint.add(path, 1, "does not open with a comment that says what it is")


def main():
    lint = Lint(__doc__)
    machine = machine_words(lint)
    paths = lint.files()
    for path in paths:
        text = lint.read(path)
        check_text(lint, path, text, machine)
        if path.endswith((".c", ".h")) and not path.startswith(DATA):
            check_c(lint, path, text)
    lint.finish(f"{len(paths)} files, {len(BANNED)} banned functions")


main()
