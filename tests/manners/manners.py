"""The card of manners: lines.txt says what is asked, tests name the lines that they show, missing.txt what nothing shows yet.

How a test names its lines:
  tests/data/flow/*.json    "lines": ["A2", "A7"]                     beside "title"
  tests/flow/flow_*.py      @lines("A13")                             above def test_x(args)
  tests/unit/*/test_*.c     line_test("A2 A7", test_x),               in place of cmocka_unit_test(test_x) (support/lines.h)
Then each number goes out of missing.txt. A test may show several lines, a line may be shown by several tests. `ctest -L manners`
runs what shows a line, then prints the line if all of it ran and passed; `ctest -R '^A31 '` does that for one. What a test has shown
it leaves in a record (record.py): what was skipped, or is no longer called, shows nothing.
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


def tell_cmake(lines, found):
    """What manners.cmake includes; a line that is left out or missing has no tests."""
    print("set(manners_tests", *sorted({test for claimed in found.values() for test, _ in claimed}), ")")
    print("function(manners_lines)")
    for number, (words, _) in lines.items():
        print(f'    manners_line({number} "{words}"', *sorted({test for test, _ in found.get(number, [])}), ")")
    print("endfunction()")


def record(folder, test):
    """The verdict on a test ("" if it did not end here), and what it told of its parts."""
    try:
        with open(os.path.join(folder, test), encoding="utf-8") as f:
            verdict, *told = f.read().splitlines()
            return verdict, set(told)
    except FileNotFoundError:
        return "", set()


def doubt(folder, test, what):
    """(why this claim shows nothing, whether that is a fault), or None if it was shown."""
    verdict, told = record(folder, test)
    if verdict == "failed" or not verdict:
        return f"{test} {verdict or 'did not run to its end'}", True
    if f"ok {what}" in told and f"skipped {what}" not in told:
        return None
    if f"skipped {what}" in told:
        return f"{what} of {test} was skipped", False
    if verdict.startswith("skipped"):
        return f"{test} was skipped: {verdict[8:]}", False
    return f"{test} passed without running {what}", True


def doubts(folder, claimed):
    return [d for d in (doubt(folder, test, what) for test, what in claimed) if d]


def tell_line(lines, found, number, folder):
    """Exits with 0 when all that claims the line has shown it, with 77 when it is left out, missing, or something was skipped."""
    claimed, reason = found.get(number, []), lines[number][1]
    wrong = doubts(folder, claimed)
    if wrong:
        print(f"not shown: {'; '.join(dict.fromkeys(why for why, _ in wrong))}")
    elif claimed:
        print("shown by " + ", ".join(f"{test}: {what}" for test, what in claimed))
    else:
        print(f"left out: {reason}" if reason else "missing: no test shows it yet")
    faulty = any(fault for _, fault in wrong)
    sys.exit(1 if faulty else 77 if wrong or not claimed else 0)


def print_card(lines, found, missing, folder):
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
    claimed = [number for number in lines if number in found]
    shown_here = [number for number in claimed if not doubts(folder, found[number])]
    left_out = sum(1 for number in lines if lines[number][1])
    print(f"{len(shown_here)} of {len(lines)} lines were shown here, {len(claimed)} have tests, {left_out} are left out, {len(missing)} are missing")
    if len(shown_here) < len(claimed):
        print("not shown here:", *(number for number in claimed if number not in shown_here))
    for fault in faults:
        print(f"FAIL  {fault}")
    sys.exit(1 if faults else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--records", required=True, help="where record.py keeps what tests have shown")
    parser.add_argument("--cmake", action="store_true")
    parser.add_argument("--line")
    args = parser.parse_args()
    lines, missing = card(), [row.strip() for row in rows("missing.txt")]
    found = shown(os.path.join(args.source, "tests"))
    if args.cmake:
        tell_cmake(lines, found)
    elif args.line:
        tell_line(lines, found, args.line, args.records)
    else:
        print_card(lines, found, missing, args.records)


main()
