"""A bare Debian, booted with systemd in a container that has only its own loopback, for the boot tests. tests/boot/prepare makes what is
copied here; the packages are what cpack made of the build."""
import glob
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import Connection, Daemon, Failed, arguments, check, check_equal  # noqa: E402,F401

SKIPPED = 77
# Waits end at what they wait for; this is how long something broken may keep a test.
PATIENCE_S = 60


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def packages_folder(build):
    return os.path.join(build, "packages")


def root_to_copy():
    """What tests/boot/prepare made."""
    return os.path.join(os.environ.get("TIDINGS_TEST_CACHE", "/var/cache/tidings-tests"), "bookworm")


def need_all(build):
    """Ends the program where no machine can be booted."""
    if not glob.glob(os.path.join(packages_folder(build), "tidings_*.deb")):
        skip("there are no packages to install: boot.package makes them")
    if os.getuid() != 0:
        skip("only root can boot a container")
    for program in ("systemd-nspawn", "nsenter"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if platform.freedesktop_os_release().get("VERSION_CODENAME") != "bookworm":
        skip("the packages fit Debian 12 only where they are built on Debian 12")
    if not os.path.exists(os.path.join(root_to_copy(), "complete")):
        skip(f"there is no root to boot in {root_to_copy()}: run tests/boot/prepare")


def eventually(what, condition):
    """Waits until condition() is true and returns its value."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise Failed(f"not in {PATIENCE_S} s: {what}")


class Machine:
    """A copy of the root, booted. run() runs programs in it; path() is where its files are for us."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tidings-boot-", dir="/var/tmp")
        self.root = os.path.join(self.folder, "root")
        self.leader = None
        self.nspawn = None
        self.helpers = []

    def boot(self):
        subprocess.run(["cp", "-a", "--reflink=auto", root_to_copy(), self.root], check=True)
        self.log = os.path.join(self.folder, "console")
        # However this program ends, the machine ends with it.
        command = ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "-q", "-D", self.root, "-b", "-M", f"tidings-boot-{os.getpid()}",
                   "--register=no", "--keep-unit", "--private-network", "--console=pipe"]
        with open(self.log, "wb") as log:
            self.nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        eventually("systemd up", self._up)
        probe = "import errno, socket, sys; sys.exit(socket.socket().connect_ex(('127.0.0.1', 9)) == errno.ENETUNREACH)"
        if subprocess.run([*self.enter("-n"), sys.executable, "-c", probe], check=False).returncode:
            skip("a container that is booted here gets no loopback")

    def _up(self):
        if self.nspawn.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                skip("systemd-nspawn cannot boot here: " + " ".join(log.read().split()))
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as children:
            self.leader = children.read().strip()
        return self.leader and self.run("systemctl", "is-system-running", fine=None).stdout.strip() in ("running", "degraded")

    def path(self, path):
        return f"/proc/{self.leader}/root{path}"

    def enter(self, *namespaces):
        return ["nsenter", "-t", self.leader, *namespaces]

    def run(self, *command, user=None, fine=0, text=None):
        """Runs a program as root, or as a user who is logged in; `fine`: the exit code that it must have, None for any."""
        prefix = self.enter("-a")
        if user:
            uid = self.uid(user)
            prefix += ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "env", "-i", f"HOME=/home/{user}", f"USER={user}",
                       "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]
            if os.path.isdir(self.path(f"/run/user/{uid}")):
                prefix += [f"XDG_RUNTIME_DIR=/run/user/{uid}", f"DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{uid}/bus"]
        else:
            prefix += ["env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        done = subprocess.run([*prefix, *command], input=text, stdin=None if text else subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
        check(fine is None or done.returncode == fine, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def uid(self, user):
        return self.run("id", "-u", user).stdout.strip()

    def write(self, path, text):
        """Keeps owner and mode of a file that is there."""
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def serve(self, folder):
        """A web server on the machine's loopback, with the files of a folder of ours. Returns its base URL."""
        code = ("import http.server, functools, sys\n"
                "make = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])\n"
                "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), make)\n"
                "print(server.server_port, flush=True)\n"
                "server.serve_forever()\n")
        process = subprocess.Popen([*self.enter("-n"), sys.executable, "-c", code, folder], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.helpers.append(process)
        return f"http://127.0.0.1:{process.stdout.readline().strip()}"

    def install(self, build, *names):
        """apt-get install of packages of ours; returns what it said."""
        copies = []
        for name in names:
            deb, = glob.glob(os.path.join(packages_folder(build), name + "_*.deb"))
            shutil.copy(deb, self.path("/root"))
            copies.append("/root/" + os.path.basename(deb))
        return self.run("apt-get", "install", "-y", "--no-install-recommends", "--reinstall", *copies).stdout

    def close(self):
        for process in self.helpers:
            process.kill()
            process.wait()
        if self.leader and self.nspawn.poll() is None:
            try:
                os.kill(int(self.leader), signal.SIGRTMIN + 3)  # systemd's signal for "halt"
                self.nspawn.wait(PATIENCE_S)
            except (OSError, subprocess.TimeoutExpired):
                os.killpg(self.nspawn.pid, signal.SIGKILL)
                self.nspawn.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Service(Daemon):
    """tidingsd as a unit of the machine: `user` None is the system's."""

    def __init__(self, machine, user=None):  # pylint: disable=super-init-not-called
        self.machine = machine
        self.user = user
        self.manager = ["systemctl", "--user"] if user else ["systemctl"]
        self.runtime = f"/run/user/{machine.uid(user)}" if user else "/run"
        self.socket = machine.path(self.runtime + "/tidings/tidings.sock")

    def systemctl(self, *command, **more):
        return self.machine.run(*self.manager, *command, user=self.user, **more)

    def show(self, name, unit="tidingsd.service"):
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def log(self):
        if self.user:
            return self.machine.run("journalctl", "--no-pager", "-o", "cat", "_SYSTEMD_USER_UNIT=tidingsd.service", "+",
                                    "USER_UNIT=tidingsd.service").stdout
        return self.machine.run("journalctl", "--no-pager", "-o", "cat", "-u", "tidingsd").stdout

    def wait_up(self):
        """Until it answers; systemd holds the socket, so that whoever connects meanwhile waits."""
        check_equal(self.request("GET", "/api/v1/ping")[0], 204, "ping")
        eventually("the service active", lambda: self.show("ActiveState") == "active")

    def tidings(self, *command, user=None, fine=0):
        return self.machine.run("tidings", *command, user=user or self.user, fine=fine)
