"""The lint itself: plants a violation of each kind in a small tree and expects it to be found, and nothing in a clean one."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from source import Lint

HERE = os.path.dirname(os.path.abspath(__file__))

CLEAN = {
    "daemon/limits.h": "/* Maxima. */\n#define X_MAX 3\n",
    "daemon/base/buf.h": "/* A buffer. */\nint buf_len(int n);\n",
    "daemon/base/buf.c": """/* The buffer. */
#include "base/buf.h"

#include "limits.h"

int buf_len(int n)
{
	return n < X_MAX ? n : X_MAX; /* strcpy( in a comment */
}
""",
    "daemon/store/store.c": '/* The store. */\n#include <sqlite3.h>\n#include "base/buf.h"\n',
    "daemon/cli/main.c": '/* The client. */\n#include "tidings.h"\n',
    "include/tidings.h": "/* The public header. */\n#include <stddef.h>\n",
    "tests/run.py": '"""A test."""\n',
}


def function(lines, name="f"):
    body = "".join(f"\tx += {i};\n" for i in range(lines - 5))
    return f"int {name}(int x);\nint {name}(int x)\n{{\n{body}\tx++;\n\treturn x;\n}}\n"


def nested(depth):
    body = "".join("\t" * (i + 1) + f"if (x > {i})\n" for i in range(depth)) + "\t" * (depth + 1) + "x++;\n"
    return f"int g(int x);\nint g(int x)\n{{\n{body}\treturn x;\n}}\n"


HEAD = "/* Planted. */\n"
with open(os.path.join(HERE, "lint_sizes.py"), encoding="utf-8") as sizes:
    TOTAL_MAX = int(re.search(r"^TOTAL_MAX = (\d+)", sizes.read(), re.M).group(1))
WORD = "TO" + "DO"

# Lint, file, its text, and a part of the finding.
PLANTED = [
    ("rooms", "daemon/base/x.c", HEAD + '#include "store/store.h"\n', "base may not include store/store.h"),
    ("rooms", "daemon/fetch/x.c", HEAD + '#include "parse/xml.h"\n', "fetch may not include parse/xml.h"),
    ("rooms", "daemon/parse/x.c", HEAD + '#include "story/story.h"\n', "parse may not include"),
    ("rooms", "daemon/story/x.c", HEAD + '# include "store/store.h"\n', "story may not include"),
    ("rooms", "daemon/store/x.c", HEAD + '#include "api/api.h"\n', "store may not include"),
    ("rooms", "daemon/api/x.c", HEAD + '#include "fetch/fetch.h"\n', "api may not include"),
    ("rooms", "daemon/api/x.c", HEAD + '#include "server.h"\n', "not written from the include root"),
    ("rooms", "daemon/api/x.c", HEAD + '#include "../base/buf.h"\n', "not written from the include root"),
    ("rooms", "daemon/cli/x.c", HEAD + '#include "base/buf.h"\n', "cli may not include base/buf.h"),
    ("rooms", "daemon/cli/x.c", HEAD + '#include "client/client.h"\n', "cli may not include client/client.h"),
    ("rooms", "daemon/cli/x.c", HEAD + '#include "limits.h"\n', "cli may not include limits.h"),
    ("rooms", "daemon/client/x.c", HEAD + '#include "base/buf.h"\n', "client may not include"),
    ("rooms", "daemon/api/x.c", HEAD + '#include "tidings.h"\n', "api may not include tidings.h"),
    ("rooms", "daemon/main.c", HEAD + '#include "store/store.h"\n', "main may not include"),
    ("rooms", "daemon/schedule.c", HEAD + '#include "store/store.h"\n', "schedule may not include"),
    ("rooms", "daemon/novel.c", HEAD + '#include "base/buf.h"\n', "draw its arrows first"),
    ("rooms", "include/tidings.h", HEAD + '#include "base/buf.h"\n', "stands alone"),
    ("rooms", "daemon/api/x.c", HEAD + "#include <sqlite3.h>\n", "api may not include <sqlite3.h>"),
    ("rooms", "daemon/api/x.c", HEAD + "int x(sqlite3_stmt *s);\n", "names SQLite outside store/"),
    ("rooms", "daemon/base/x.c", HEAD + "#include <uv.h>\n", "base may not include <uv.h>"),
    ("rooms", "daemon/parse/x.h", HEAD + "#include <uv.h>\n", "parse may not include <uv.h>"),
    ("rooms", "daemon/story/x.h", HEAD + "void f(uv_loop_t *l);\n", "a room that has no loop"),
    ("rooms", "daemon/api/x.c", HEAD + "void *c = curl_easy_init();\n", "the one place for that"),
    ("rooms", "daemon/base/x.c", HEAD + "void *c = curl_easy_init();\n", "the one place for that"),
    ("sizes", "daemon/base/x.c", HEAD + function(71), "f() has 71 lines"),
    ("sizes", "tests/unit/x.c", HEAD + function(71), "f() has 71 lines"),
    ("sizes", "daemon/base/x.c", HEAD + "\n" * 700, "701 lines, 700 at most"),
    ("sizes", "daemon/base/x.c", HEAD + "\n".join(function(45, f"f{i}") for i in range(3)), "nine functions in ten"),
    ("sizes", "daemon/base/x.c", HEAD + "\n" * TOTAL_MAX, f"{TOTAL_MAX} at most"),
    ("banned", "daemon/base/x.c", HEAD + "void f(char *a)\n{\n\tstrcpy(a, a);\n}\n", "x.c:4: strcpy() is banned"),
    ("banned", "tests/unit/x.c", HEAD + "int f(char *a)\n{\n\treturn atoi (a);\n}\n", "atoi() is banned"),
    ("banned", "daemon/base/x.c", HEAD + 'int f(void)\n{\n\treturn system("x");\n}\n', "system() is banned"),
    ("banned", "tests/unit/x.c", HEAD + "void f(void)\n{\n\tskip();\n}\n", "skip() is not seen by ctest"),
    ("banned", "daemon/base/x.c", HEAD + "void f(int a)\n{\n\tif (a = 3)\n\t\ta++;\n}\n", "assignment in a condition"),
    ("banned", "daemon/base/x.c", HEAD + "void f(int a)\n{\n\twhile ((a += g(a == 1)) > 3)\n\t\t;\n}\n", "assignment in"),
    ("banned", "daemon/base/x.c", HEAD + "void f(int a)\n{\n\tfor (int i = 0; (i = g()); i++)\n\t\t;\n}\n", "assignment in"),
    ("banned", "daemon/base/x.c", "int x;\n", "x.c:1: does not open with a comment"),
    ("banned", "tests/x.py", "import os\n", "does not open with a comment"),
    ("banned", "daemon/base/x.c", HEAD + f"/* {WORD}: later */\n", "unfinished"),
    ("banned", "README.md", f"\n{WORD}\n", "README.md:2: "),
    ("banned", "config/x.conf", "path = @SOURCE@/x\n", "only this machine has it"),
    ("format", "daemon/base/x.c", HEAD + "int  x ;\n", "x.c:2: code should be clang-formatted"),
    ("complexity", "daemon/base/x.c", HEAD + nested(6), "cognitive complexity of 21"),
    ("complexity", "daemon/base/x.c", HEAD + "int f(void);\nint f(void)\n{\n\tint *p = 0;\n\treturn *p;\n}\n", "null pointer"),
    ("cppcheck", "daemon/base/x.c", HEAD + "int f(void)\n{\n\tint a[2] = {0};\n\treturn a[2];\n}\n", "out of bounds"),
]

# What looks like a violation and is none.
HARMLESS = [
    ("rooms", "daemon/base/x.c", HEAD + '/*\n#include "store/store.h"\n*/\n// sqlite3_open\nconst char *s = "uv_loop_t";\n'),
    ("rooms", "daemon/fetch/x.c", HEAD + '#include <uv.h>\n#include <curl/curl.h>\n#include "fetch/y.h"\n#include "limits.h"\n'),
    ("sizes", "daemon/base/x.c", HEAD + function(70) + "\n".join(function(10, f"f{i}") for i in range(20))),
    ("banned", "daemon/base/x.c", HEAD + 'const char *s = "strcpy(a, b)";\nint my_strcpy(int a);\nint b = my_strcpy(1);\n'),
    ("banned", "daemon/base/x.c", HEAD + "void f(int a)\n{\n\tfor (int i = 0; i <= 3; i += 2)\n\t\tif (a == 1 && a != 2 && a >= 3)\n\t\t\ta++;\n}\n"),
    ("banned", "tests/data/x.txt", f"{WORD}\n"),
    ("complexity", "daemon/base/x.c", HEAD + nested(5)),
]


def write(top, path, text):
    full = os.path.join(top, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text.replace("@SOURCE@", top))


def plant(top, source, files):
    """A tree with the project's own configuration of the tools, and the commands that compile it."""
    for path, text in files.items():
        write(top, path, text)
    for name in (".clang-format", ".clang-tidy"):
        shutil.copy(os.path.join(source, name), top)
    commands = [
        {"directory": top, "file": path, "command": f"cc -Idaemon -Iinclude -c {path}"}
        for path in files
        if path.startswith("daemon/base/") and path.endswith(".c")
    ]
    write(top, "build/compile_commands.json", json.dumps(commands))
    write(top, "build/CMakeCache.txt", "")


def run(name, top):
    command = [sys.executable, "-B", f"{HERE}/lint_{name}.py", "--source", top, "--build", f"{top}/build"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def check(lint, name, files, expected):
    """Runs one lint on a planted tree; `expected` is a part of its finding, None for none. Returns whether it ran."""
    with tempfile.TemporaryDirectory() as parent:
        # A folder of its own in it, so that its parent is no folder that every machine has.
        top = os.path.join(os.path.realpath(parent), "tidings")
        plant(top, lint.source, files)
        code, out = run(name, top)
    if code == 77:
        print(out.strip())
        return False
    where = f"tests/lint/lint_{name}.py"
    if expected is None and code != 0:
        lint.add(where, 1, f"exit {code} on a clean tree: {out}")
    elif expected is not None and (code != 1 or expected not in out):
        lint.add(where, 1, f"exit {code}, and did not find '{expected}': {out}")
    return True


def main():
    lint = Lint(__doc__)
    ran = 0
    for name in ("rooms", "sizes", "banned", "format", "complexity", "cppcheck"):
        ran += check(lint, name, CLEAN, None)
    for name, path, text, expected in PLANTED:
        ran += check(lint, name, {**CLEAN, path: text}, expected)
    for name, path, text in HARMLESS:
        ran += check(lint, name, {**CLEAN, path: text}, None)
    lint.finish(f"{ran} of {6 + len(PLANTED) + len(HARMLESS)} cases ran")


main()
