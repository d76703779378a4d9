"""The manual pages are well-formed, and name the programs' options, commands and exit codes, neither more nor less."""

import os
import re
import subprocess

from source import Lint

PAGES = ("daemon/tidingsd.8", "daemon/tidings.conf.5", "daemon/cli/tidings.1", "daemon/api/tidings-api.7",
         "daemon/client/libtidings.3")
SECTIONS = ("NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO")
OPTION = re.compile(r"^ +(?:-(\w), )?--([\w-]+)(?: ([A-Z]+))? ", re.M)
ITEM = re.compile(r"^\.It (Fl .*)$", re.M)


def help_options(text):
    """As the manual writes them: "Fl n Ar N , Fl -limit Ar N"."""
    found = set()
    for short, name, argument in OPTION.findall(text):
        tail = f" Ar {argument}" if argument else ""
        found.add((f"Fl {short}{tail} , " if short else "") + f"Fl -{name}{tail}")
    return found


def section(text, name):
    return text.partition(f"\n.Sh {name}\n")[2].partition("\n.Sh ")[0]


def exit_codes(text):
    return set(re.findall(r"\b(\d) [a-z]", text))


class Manual:
    def __init__(self, lint, path):
        self.lint = lint
        self.path = path
        self.text = lint.read(path)

    def compare(self, what, told, true):
        for name in sorted(true - told):
            self.lint.add(self.path, 1, f"does not tell of {what} {name}")
        for name in sorted(told - true):
            self.lint.add(self.path, 1, f"tells of {what} {name}, which there is not")

    def exit_codes(self, help_text):
        told = set(re.findall(r"^\.It (\d)$", section(self.text, "EXIT STATUS"), re.M))
        line = next(line for line in help_text.splitlines() if line.startswith("Exit "))
        self.compare("exit code", told, exit_codes(line))


def check_page(lint, mandoc, path):
    done = subprocess.run([mandoc, "-T", "lint", "-W", "warning", path], capture_output=True, text=True, check=False, cwd=lint.source)
    for line in done.stdout.splitlines():
        lint.add(path, int((re.search(r":(\d+):\d+:", line) or [0, 0])[1]), line.rpartition(": ")[2])
    for name in SECTIONS:
        if not section(lint.read(path), name):
            lint.add(path, 1, f"has no section {name}")


def check_daemon(lint, run):
    manual, text = Manual(lint, "daemon/tidingsd.8"), run("tidingsd", "--help")
    manual.compare("option", set(ITEM.findall(manual.text)), help_options(text))
    manual.exit_codes(text)


def check_library(lint):
    """Every function and every error of the header."""
    manual = Manual(lint, "daemon/client/libtidings.3")
    header = re.sub(r"/\*.*?\*/", "", lint.read("include/tidings.h"), flags=re.S)
    manual.compare("function", set(re.findall(r"^\.F[no] (\w+)", section(manual.text, "SYNOPSIS"), re.M)),
                   set(re.findall(r"\b(tidings_\w+)\(", header)))
    manual.compare("error", set(re.findall(r"^\.It Dv (\w+)$", manual.text, re.M)), set(re.findall(r"\b(TIDINGS_ERR_\w+) =", header)))


def check_client(lint, run):
    """Each command's entry ends where the next one begins; entries of one command that follow each other are one."""
    manual, text = Manual(lint, "daemon/cli/tidings.1"), run("tidings", "--help")
    commands = set(re.findall(r"^  (\w+) +\w", text.partition("Options of every")[0], re.M))
    parts = re.split(r"^\.It Cm (\w+).*\n", section(manual.text, "COMMANDS"), flags=re.M)
    entries = {}
    for name, entry in zip(parts[1::2], parts[2::2]):
        entries[name] = entries.get(name, "") + entry
    manual.compare("command", set(entries), commands)
    for name in commands & set(entries):
        own = run("tidings", name, "--help").partition("\nOptions:\n")[2].partition("\nOptions of every")[0]
        manual.compare(f"{name}'s option", set(ITEM.findall(entries[name])), help_options(own))
    manual.compare("option", set(ITEM.findall(section(manual.text, "OPTIONS"))), help_options(text))
    manual.exit_codes(text)


def main():
    lint = Lint(__doc__)
    mandoc = lint.need("mandoc")

    def run(program, *arguments):
        return subprocess.run([os.path.join(lint.build, "daemon", program), *arguments], capture_output=True, text=True, check=True).stdout

    for path in PAGES:
        check_page(lint, mandoc, path)
    check_daemon(lint, run)
    check_client(lint, run)
    check_library(lint)
    lint.finish(f"{len(PAGES)} manual pages")


main()
