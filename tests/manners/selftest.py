"""The card itself: a line counts when all that claims it ran and passed, and in no other case. Small trees of tests, run by ctest."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = f"""cmake_minimum_required(VERSION 3.25)
project(selftest NONE)
enable_testing()
find_package(Python3 REQUIRED COMPONENTS Interpreter)
include({HERE}/manners.cmake)
manners_read(${{CMAKE_SOURCE_DIR}})
file(GLOB scripts tests/flow/flow_*.py tests/unit/x/test_*.c)
foreach(script ${{scripts}})
    get_filename_component(name ${{script}} NAME_WE)
    string(REGEX REPLACE "^flow_" "flow." name ${{name}})
    string(REGEX REPLACE "^test_" "unit.x." name ${{name}})
    manners_test(${{name}} sh ${{script}}.sh)
    set_tests_properties(${{name}} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
manners_finish()
"""
PASSED, SKIPPED, FAILED, NOT_RUN = "Passed", "***Skipped", "***Failed", "***Not Run"


def flow(*functions):
    return "".join(f'@lines("LINE")\ndef {name}(args):\n    pass\n\n' for name in functions)


def unit(*functions):
    return "".join(f'\tline_test("LINE", {name}),\n' for name in functions)


# A line for each: {file of the claims, without its ending: (its text, what the test does)}, what ctest says of the line, what the line says
CASES = {
    "A2": ({"flow/flow_a": (flow("test_a"), "echo 'ok    test_a A2'"),
            "unit/x/test_a": (unit("test_b"), "echo '[       OK ] A2: test_b'")}, PASSED, "shown by flow.a: test_a, unit.x.a: test_b"),
    "A3": ({"data/flow/good": ('{"lines": ["A3"]}', ""), "flow/flow_cases": ("", "echo 'ok    good.json A3'")}, PASSED, "good.json"),
    "A4": ({"flow/flow_c": (flow("test_a"), "echo skipped: no h2 here; exit 77"),
            "unit/x/test_c": (unit("test_b"), "echo '[       OK ] A2: test_b'")}, SKIPPED, "not shown: flow.c was skipped: no h2 here"),
    "A5": ({"unit/x/test_d": (unit("test_b"), "echo '[  SKIPPED ] A2: test_b'")}, SKIPPED, "test_b of unit.x.d was skipped"),
    "A6": ({"unit/x/test_e": (unit("test_b"), "echo '[       OK ] A6: test_b'; echo '[  SKIPPED ] test_c'; exit 77")}, PASSED, "unit.x.e: test_b"),
    "A7": ({"flow/flow_f": (flow("test_a", "test_b"), "echo 'ok    test_a A2'")}, FAILED, "flow.f passed without running test_b"),
    "A8": ({"flow/flow_g": (flow("test_a"), "echo 'ok    test_a A2'; exit 1")}, NOT_RUN, ""),
    "A9": ({"flow/flow_h": (flow("test_a"), "echo 'ok    test_a A2'; kill -9 $$")}, NOT_RUN, ""),
    "A10": ({}, SKIPPED, "missing: no test shows it yet"),
}
KINDS = {"flow": ".py", "unit": ".c", "data": ".json"}


def say(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text + "\n")


def make(folder):
    write(os.path.join(folder, "CMakeLists.txt"), PROJECT)
    for number, (files, _, _) in CASES.items():
        for path, (claims, does) in files.items():
            path = os.path.join(folder, "tests", path) + KINDS[path[:4]]
            write(path, claims.replace("LINE", number))
            write(path + ".sh", does)


def verdicts(output):
    """number -> what ctest says of the line"""
    return dict(re.findall(r"#\d+: (A\d+) .*?\.\.+ *(Passed|\*\*\*\w+(?: Run)?)", output))


def line(folder, number):
    """What the line's test says when it is run alone."""
    return subprocess.run([sys.executable, "-B", os.path.join(HERE, "manners.py"), "--source", folder, "--records", os.path.join(folder, "build", "manners"),
                           "--line", number], stdout=subprocess.PIPE, text=True, check=False)


def faults_in(folder):
    build = os.path.join(folder, "build")
    output = say("cmake", "-G", "Ninja", "-S", folder, "-B", build) + say("ctest", "--test-dir", build, "-V", "-R", "^(A[2-9]|A10|manners.card)( |$)")
    said, shown = verdicts(output), [number for number, case in CASES.items() if case[1] == PASSED]
    for number, (_, wanted, words) in CASES.items():
        if said.get(number) != wanted or words not in output:
            yield f"{number}: {said.get(number)}, not {wanted}, or without '{words}'"
    if f"{len(shown)} of 74 lines were shown here" not in output:
        yield f"not {len(shown)} lines were counted:\n{output}"
    os.unlink(os.path.join(build, "manners", "flow.a"))  # as while it runs again
    done = line(folder, "A2")
    if done.returncode != 1 or "flow.a did not run" not in done.stdout:
        yield f"A2 without a record: {done}"


def main():
    with tempfile.TemporaryDirectory(prefix="tidings-card-") as folder:
        make(folder)
        faults = list(faults_in(folder))
    for fault in faults:
        print(f"FAIL  {fault}")
    print(f"{len(CASES)} lines, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
