"""Includes follow the arrows of the design: who may see whom, and which library belongs to which room."""

import re

from source import Lint, code_of, line_of, room_of

DAEMON_ROOMS = {"base", "fetch", "parse", "story", "store", "api"}
ROOMS = DAEMON_ROOMS | {"client", "cli"}
TOP_HEADERS = {"limits.h", "tidings.h"}  # what a room may include without a folder, as far as the table below lets it

# What each room, and each file that stands above the rooms, may include besides itself. "tidings.h" is the public header.
MAY_SEE = {
    "base": {"limits"},
    "fetch": {"base", "limits"},
    "parse": {"base", "limits"},
    "story": {"base", "limits"},
    "store": {"base", "limits"},
    "api": {"store", "base", "limits"},
    "client": {"tidings.h"},
    "cli": {"tidings.h"},
    # Above the rooms. config knows the settings structs of the rooms that it fills.
    "main": {"server", "signals", "config", "inspect", "parse", "base", "limits"},
    "inspect": {"parse", "base", "limits"},
    "server": DAEMON_ROOMS
    | {"grouping", "poller", "config", "manners", "schedule", "interval", "plan", "sdnotify", "refresh", "subscriptions", "loopstat", "signals", "alarm", "watchdog", "descriptors", "discover", "limits"},
    "poller": {"alarm", "config", "schedule", "interval", "plan", "outage", "refresh", "subscriptions", "api", "fetch", "store", "base", "limits"},
    "manners": {"config", "schedule", "fetch", "base", "limits"},
    "subscriptions": {"config", "manners", "schedule", "interval", "plan", "fetch", "parse", "store", "base", "limits"},
    "refresh": {"grouping", "icon", "kept", "interval", "plan", "outage", "draft", "ingest", "fetch", "parse", "story", "store", "base", "limits"},
    "kept": {"fetch", "base", "limits"},
    "icon": {"refresh", "fetch", "store", "base", "limits"},
    "discover": {"refresh", "kept", "api", "fetch", "parse", "base", "limits"},
    "ingest": {"draft", "grouping", "recognise", "plan", "story", "store", "base", "limits"},
    "recognise": {"ingest", "draft", "story", "store", "base", "limits"},
    "draft": {"grouping", "parse", "story", "store", "base", "limits"},
    "grouping": {"story", "store", "base", "limits"},
    "config": {"grouping", "api", "fetch", "store", "base", "limits"},
    "schedule": {"interval", "lateness", "base", "limits"},
    "interval": {"rhythm", "base", "limits"},
    "plan": {"interval", "rhythm", "store", "base", "limits"},
    "lateness": set(),
    "rhythm": {"base"},
    "outage": {"base"},
    "sdnotify": {"base", "limits"},
    "loopstat": {"base", "limits"},
    "signals": {"base", "limits"},
    "alarm": {"base", "limits"},
    "descriptors": {"base", "limits"},
    "watchdog": {"store", "base", "limits"},
    "limits": set(),
}

# Foreign headers and who may include them.
LIBRARIES = [
    (r"sqlite3.*\.h", {"store"}),
    (r"uv\.h", {"fetch", "store", "api", "server", "poller", "refresh", "discover", "subscriptions", "sdnotify", "loopstat", "signals", "alarm", "watchdog"}),
    (r"curl/.*", {"fetch", "client", "base"}),
    (r"ares.*\.h", {"fetch"}),
    (r"libxml/.*", {"parse"}),
    (r"jansson\.h", {"parse", "api", "client", "cli"}),
    (r"llhttp\.h", {"api"}),
    (r"confuse\.h", {"config"}),
    (r"xxhash\.h|idn2\.h|openssl/.*", {"base"}),
    (r"utf8proc\.h", {"story"}),
]

# Names that only some rooms may use, whatever they include.
NAMES = [
    (r"\bcurl_(easy|multi)_init\b", {"fetch", "client"}, "makes a curl handle; fetch/ is the one place for that"),
    (r"\bsqlite3_?\w*\b", {"store"}, "names SQLite outside store/"),
    (r"\buv_\w+_t\b", {"fetch", "store", "api", "server", "poller", "refresh", "discover", "subscriptions", "sdnotify", "loopstat", "signals", "alarm", "watchdog"},
     "names a libuv type in a room that has no loop"),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(?:_next)?[ \t]*([<"])([^">\n]+)[">]', re.M)


def check_own(lint, path, line, name):
    """An include in quotes: ours."""
    room = room_of(path)
    if "./" in name or (room_of(path) in ROOMS and "/" not in name and name not in TOP_HEADERS):
        lint.add(path, line, f'"{name}" is not written from the include root')
        return
    if name == "tidings.h":
        seen = "tidings.h"
    else:
        seen = room_of("daemon/" + name)
    if seen == room:
        return
    if room not in MAY_SEE:
        lint.add(path, line, f"{room} is not in the table of this lint: draw its arrows first")
    elif seen not in MAY_SEE[room]:
        lint.add(path, line, f"{room} may not include {name}")


def check_foreign(lint, path, line, name):
    """An include in angle brackets: a library's."""
    room = room_of(path)
    for pattern, rooms in LIBRARIES:
        if re.fullmatch(pattern, name) and room not in rooms:
            lint.add(path, line, f"{room} may not include <{name}>; {', '.join(sorted(rooms))} may")
    if name == "tidings.h" and "tidings.h" not in MAY_SEE.get(room, ()):
        lint.add(path, line, f"{room} may not include <{name}>")


def main():
    lint = Lint(__doc__)
    paths = lint.files(("daemon",), (".c", ".h"))
    count = 0
    for path in paths:
        text = lint.read(path)
        code = code_of(text)
        for match in INCLUDE.finditer(text):
            if code[match.start(1)] != match.group(1):
                continue  # in a comment
            check = check_own if match.group(1) == '"' else check_foreign
            check(lint, path, line_of(text, match.start(1)), match.group(2))
            count += 1
        for pattern, rooms, message in NAMES:
            if room_of(path) in rooms:
                continue
            for match in re.finditer(pattern, code):
                lint.add(path, line_of(code, match.start()), f"{match.group(0)}: {message}")
    for path in lint.files(("include",), (".h",)):
        for match in INCLUDE.finditer(lint.read(path)):
            if match.group(1) == '"':
                lint.add(path, line_of(lint.read(path), match.start()), "the installed header stands alone")
    lint.finish(f"{count} includes in {len(paths)} files")


main()
