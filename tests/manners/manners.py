"""The card of manners: lines.txt says what is asked, tests name the lines that they show, missing.txt what nothing shows yet.

How a test names its lines:
  tests/data/flow/*.json    "lines": ["A2", "A7"]                     beside "title"
  tests/flow/flow_*.py      @lines("A13")                             above def test_x(args)
  tests/unit/*/test_*.c     line_test("A2 A7", test_x),               in place of cmocka_unit_test(test_x) (support/lines.h)
Then each number goes out of missing.txt. A test may show several lines, a line may be shown by several tests. `ctest -L manners`
runs what shows a line, then prints the line if all of it passed; `ctest -R '^A31 '` does that for one.
"""
import argparse
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NUMBER = re.compile(r"[AB][0-9]+")
NUMBERS = [f"A{i}" for i in range(1, 61)] + [f"B{i}" for i in range(1, 15)]
MAY_BE_LEFT_OUT = {"A16", "A17", "A53", "A54", "A55", "A56"}
PATTERNS = {".py": re.compile(r'^@lines\(((?:"[AB][0-9]+"(?:, )?)+)\)\ndef (\w+)', re.M), ".c": re.compile(r'line_test\(\s*"([^"]*)",\s*(\w+)\)')}


def rows(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")]


def card():
    """number -> (words, reason for leaving it out or "")"""
    lines = {}
    for row in rows("lines.txt"):
        number, words = row.split(maxsplit=1)
        words, _, reason = words.partition(" -- ")
        lines[number] = (words, reason)
    return lines


def sources(tests):
    """(path, name of the test in ctest) of all that may name lines."""
    for path in glob.glob(f"{tests}/data/flow/*.json"):
        yield path, "flow.cases"
    for path in glob.glob(f"{tests}/flow/flow_*.py"):
        yield path, "flow." + os.path.basename(path)[5:-3]
    for path in glob.glob(f"{tests}/unit/*/test_*.c"):
        yield path, f"unit.{os.path.basename(os.path.dirname(path))}.{os.path.basename(path)[5:-2]}"


def claims(path):
    """(number, what in the file shows it)"""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    kind = os.path.splitext(path)[1]
    if kind == ".json":
        for number in json.loads(text).get("lines", []):
            yield number, os.path.basename(path)
    else:
        for numbers, name in PATTERNS[kind].findall(text):
            for number in NUMBER.findall(numbers):
                yield number, name


def shown(tests):
    """number -> [(test of ctest, what of it)]"""
    found = {}
    for path, test in sorted(sources(tests)):
        for number, what in claims(path):
            found.setdefault(number, []).append((test, what))
    return found


def tell_cmake(lines, found, _):
    """Calls of manners_line() in tests/CMakeLists.txt; a line that is left out or missing has no tests."""
    for number, (words, reason) in lines.items():
        claimed = found.get(number, [])
        what = f"left out: {reason}" if reason else "missing: no test shows it yet"
        if claimed:
            what = "shown by " + ", ".join(f"{test}: {name}" for test, name in claimed)
        print(f'manners_line({number} "{words}" "{what}" {" ".join(sorted({test for test, _ in claimed}))})')


def print_card(lines, found, missing):
    faults = []
    if list(lines) != NUMBERS:
        faults.append("lines.txt does not have each number once, in order")
    faults += [f"{number}: there is no such line, but {found[number]}" for number in found if number not in lines]
    faults += [f"{number} stands in missing.txt, and there is no such line" for number in missing if number not in lines]
    for number, (words, reason) in lines.items():
        by = ", ".join(sorted(f"{test}: {what}" for test, what in found.get(number, [])))
        print(f"{number:4}{words}\n      {by or (reason and 'left out: ' + reason) or 'missing'}")
        if reason and number not in MAY_BE_LEFT_OUT:
            faults.append(f"{number} may not be left out")
        if by and (number in missing or reason):
            faults.append(f"{number} is shown by {by}: take it out of {'lines.txt what is left out' if reason else 'missing.txt'}")
        if not by and not reason and number not in missing:
            faults.append(f"{number} is shown by no test")
    count = sum(1 for number in lines if number in found)
    left_out = sum(1 for number in lines if lines[number][1])
    print(f"{count} of {len(lines)} lines are shown by tests, {left_out} are left out, {len(missing)} are missing")
    for fault in faults:
        print(f"FAIL  {fault}")
    sys.exit(1 if faults else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--build")
    parser.add_argument("--cmake", action="store_true")
    args = parser.parse_args()
    lines, missing = card(), [row.strip() for row in rows("missing.txt")]
    (tell_cmake if args.cmake else print_card)(lines, shown(os.path.join(args.source, "tests")), missing)


main()
