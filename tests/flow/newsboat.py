"""The real newsboat, unmodified, in a folder of its own: run without a screen, or on one that is typed on and looked at.

    with Newsboat(config_lines) as reader:      # reader.run("reload", "print-unread") runs it without a screen; reader.rows(sql) asks its cache
        reader.open(); reader.wait("Your feeds"); reader.press("R"); reader.wait_until(lambda: daemon_has_it()); reader.close()
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import termios
import time

from harness import PATIENCE_S, Failed, check

ROWS, COLUMNS = 30, 100

# What curses sends to a vt100: a control sequence, a short escape, or text.
PIECE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()].|\x1b[^\[()]|([\r\n\b])|([^\x00-\x1f])|[\x00-\x1f]", re.S)


class Screen:
    """So much of a vt100 that what stands on it can be read."""

    def __init__(self):
        self.cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.rest = ""

    def feed(self, text):
        text, at = self.rest + text, 0
        while at < len(text):
            piece = PIECE.match(text, at)
            # a sequence whose end has not come yet
            if text[at] == "\x1b" and (not piece or (at + 2 >= len(text) and not piece[2])):
                break
            at = piece.end()
            self._take(*piece.groups())
        self.rest = text[at:]

    def _take(self, numbers, command, move, char):
        if char:
            if self.column >= COLUMNS:  # it wraps only now, as the real one does
                self._go(self.row + 1, 0)
            self.cells[self.row][self.column] = char
            self.column += 1
        elif move:
            self._go(self.row + (move == "\n"), {"\r": 0, "\b": self.column - 1}.get(move, self.column))
        elif command:
            self._command(command, [int(n) for n in re.findall(r"\d+", numbers)])

    def _command(self, command, numbers):
        first = numbers[0] if numbers else 0
        step = max(first, 1)
        if command == "H":
            self._go(step - 1, (numbers[1] if len(numbers) > 1 else 1) - 1)
        elif command in "ABCD":
            self._go(self.row + {"A": -step, "B": step}.get(command, 0), self.column + {"D": -step, "C": step}.get(command, 0))
        elif command in "KJ":
            self._erase(first, whole=command == "J")

    def _go(self, row, column):
        self.row, self.column = min(max(row, 0), ROWS - 1), min(max(column, 0), COLUMNS - 1)

    def _erase(self, how, whole):
        """From here to the end (0), from the beginning to here (1), or all (2)."""
        here = (self.row, self.column)
        for row in range(ROWS) if whole else (self.row,):
            for column in range(COLUMNS):
                if how == 2 or ((row, column) >= here if how == 0 else (row, column) <= here):
                    self.cells[row][column] = " "

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)


class Newsboat:
    def __init__(self, config, urls=""):
        self.folder = tempfile.mkdtemp(prefix="tidings-newsboat-")
        self.cache = os.path.join(self.folder, "cache.db")
        self.pid = None
        for name, text in (("config", config), ("urls", urls)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, *more):
        at = self.folder
        return ["newsboat", "-C", f"{at}/config", "-u", f"{at}/urls", "-c", self.cache, "-l", "6", "-d", f"{at}/log", *more]

    def _environment(self):
        return {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8", "TERM": "vt100", "ESCDELAY": "0"}

    def run(self, *commands):
        """Exit code and what it prints."""
        ran = subprocess.run(self._command("-x", *commands), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             env=self._environment(), timeout=2 * PATIENCE_S, check=False)
        return ran.returncode, (ran.stdout + ran.stderr).strip()

    def rows(self, sql):
        with sqlite3.connect(self.cache) as cache:
            return cache.execute(sql).fetchall()

    # -- on a screen --

    def open(self):
        self.screen = Screen()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            command = self._command()
            os.execvpe(command[0], command, self._environment())

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def wait(self, text):
        """Until this stands on the screen."""
        self.wait_until(lambda: text in self.screen.text(), f"to show {text!r}")

    def wait_until(self, condition, what="what was waited for"):
        """Until `condition()` is true; what is drawn meanwhile is taken, so that it goes on."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            check(time.monotonic() < deadline, f"newsboat did not come {what}; it shows\n{self.screen.text()}")
            if select.select([self.terminal], [], [], 0.02)[0]:
                self._draw()

    def _draw(self):
        try:
            self.screen.feed(os.read(self.terminal, 65536).decode("utf-8", "replace"))
        except OSError as e:
            raise Failed(f"newsboat has ended; it showed\n{self.screen.text()}") from e

    def close(self):
        """Ends it, whatever it shows."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.terminal)
            self.pid = None
