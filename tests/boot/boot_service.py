"""The installed service, system's and user's, on a booted machine: up, used, reloaded, killed, stopped, confined, upgraded, purged."""
import os
import re
import sys
import time

from machine import Failed, Machine, Service, arguments, check, check_equal, eventually, need_all

CONFIG = "allow = {{ '127.0.0.0/8' }}\ngap = 0s\nfeed \"Harbour\" {{ url = '{base}/feed.xml' }}\n"
ITEMS = """<?xml version='1.0'?><rss version='2.0'><channel><title>Harbour</title><link>http://example.org/</link><description>d</description>
<item><guid isPermaLink='false'>1</guid><title>The ferry sails again</title><link>http://example.org/1</link></item>
<item><guid isPermaLink='false'>2</guid><title>The crane is painted</title><link>http://example.org/2</link></item>
</channel></rss>"""
# What a program tries under the service's own settings, and whether it may.
COMMON_PROBES = {
    "write to /usr": ("touch /usr/bin/x", False),
    "write to the root": ("touch /x", False),
    "write to /tmp": ("touch /tmp/x", True),
    "mount": ("mount -t tmpfs tmpfs /tmp", False),
    "unshare": ("unshare -U true", False),
    "become root": ("perl -e '$< = 0; exit($< == 0 ? 0 : 1)'", False),
    "make a setuid file": ("touch /tmp/s && chmod 4755 /tmp/s", False),
    "open a TCP socket": ("perl -e 'socket(my $s, 2, 1, 0) or exit 1'", True),
    "open a netlink socket": ("perl -e 'socket(my $s, 16, 3, 0) or exit 1'", False),
    "open a packet socket": ("perl -e 'socket(my $s, 17, 3, 0) or exit 1'", False),
    "raise its priority": ("perl -e 'setpriority(0, 0, -5) or exit 1'", False),
    "run at real time": ("chrt -r 1 true", False),
    "change what kind of system it is": ("setarch -R true", False),
    "run memory that it wrote": ("perl -e 'syscall(9, 0, 4096, 7, 34, -1, 0) > 0 or exit 1'", False),  # mmap() of x86_64
}
SYSTEM_PROBES = {
    **COMMON_PROBES,
    "write to /etc": ("touch /etc/tidings/x", False),
    "write to the state folder": ("touch /var/lib/tidings/probe && rm /var/lib/tidings/probe", True),
    "see what others have in /tmp": ("test -e /tmp/others", False),
    "read the configuration": ("cat /etc/tidings/tidings.conf", True),
    "read a home": ("ls /home/alice", False),
    "see root's home": ("ls /root", False),
    "see other processes": ("test -e /proc/1", False),
    "read the kernel's settings": ("cat /proc/sys/kernel/hostname", False),
    "read memory": ("test -e /dev/mem || test -e /dev/kmsg", False),
}
USER_PROBES = {
    **COMMON_PROBES,
    "write to the state folder": ("touch ~/.local/state/tidings/probe && rm ~/.local/state/tidings/probe", True),
    "read the configuration": ("cat ~/.config/tidings/tidings.conf", True),
}


def stories(service, user=None):
    return service.tidings("list", user=user).stdout


def configure(service, path, base, owner=None):
    service.machine.write(path, CONFIG.format(base=base))
    if owner:
        service.machine.run("chown", "-R", f"{owner}:{owner}", f"/home/{owner}/.config")


def feed_arrives(service, user=None):
    """What is configured is polled, and whoever may sees it."""
    try:
        eventually("the feed's items", lambda: "The ferry sails again" in stories(service, user))
    except Failed as e:
        raise Failed(f"{e}\n{service.tidings('feeds', user=user).stdout}{service.log()}") from e


def test_install(machine, args):
    for user in ("alice", "mallory", "bob"):
        machine.run("useradd", "-m", "-s", "/bin/sh", user)
    said = machine.install(args.build, "tidings")
    check("sudo adduser YOU tidings" in said, f"installing does not say how to join the group:\n{said}")
    service = Service(machine)
    service.wait_up()
    for unit in ("tidingsd.service", "tidingsd.socket"):
        check_equal(service.show("UnitFileState", unit), "enabled", unit)
    check_equal(machine.run("stat", "-c", "%U:%G %a", "/etc/tidings/tidings.conf").stdout, "root:tidings 640\n", "the configuration")
    check_equal(machine.run("stat", "-c", "%U:%G %a", "/var/lib/tidings").stdout, "tidings:tidings 700\n", "the state folder")
    return service


def test_units(machine):
    """Nothing to complain of, and a sandbox that scores 1.2 at the most."""
    units = ["/usr/lib/systemd/system/tidingsd.service", "/usr/lib/systemd/system/tidingsd.socket"]
    said = machine.run("systemd-analyze", "verify", "--man=no", *units)
    check_equal(said.stdout + said.stderr, "", "what is wrong with the units")
    machine.run("systemd-analyze", "security", "--offline=true", "--threshold=12", units[0])


def test_group(service, base):
    """A member of the group reads and changes, a stranger is told what to do."""
    machine = service.machine
    machine.run("adduser", "alice", "tidings")
    configure(service, "/etc/tidings/tidings.conf", base)
    service.systemctl("reload", "tidingsd")
    feed_arrives(service, "alice")
    story = service.tidings("list", user="alice").stdout.split()[0]
    service.tidings("star", story, user="alice")
    said = service.tidings("list", user="mallory", fine=3)
    check_equal(said.stdout, "", "what a stranger sees")
    check("'adduser YOU tidings'" in said.stderr, f"a stranger is not told how to join: {said.stderr}")


def test_reload(service, path, good):
    """A bad file fails where everybody sees it, and changes nothing."""
    before = service.get("/feeds")
    service.machine.write(path, "interval = 1min\n")
    failed = service.systemctl("reload", "tidingsd", fine=None)
    check(failed.returncode != 0, "reloading a bad file did not fail")
    eventually("the finding in the journal", lambda: "interval: found" in service.log())
    check_equal(service.show("ActiveState"), "active", "state after a bad reload")
    check_equal(service.get("/feeds"), before, "feeds after a bad reload")
    service.machine.write(path, good)
    service.systemctl("reload", "tidingsd")


def test_kill(service):
    """kill -9 is healed, and what was acknowledged is there."""
    before = service.get("/items"), service.get("/stories")
    pid = service.show("MainPID")
    service.systemctl("kill", "-s", "KILL", "tidingsd")
    eventually("a restart", lambda: service.show("NRestarts") == "1")
    service.wait_up()
    check(service.show("MainPID") != pid, "the same process")
    check_equal((service.get("/items"), service.get("/stories")), before, "items and stories")
    check_equal(len(before[0]["items"]), 2, "items")


def test_activation(service):
    """Whoever connects starts a stopped daemon."""
    service.systemctl("stop", "tidingsd.service")
    check_equal(service.show("ActiveState"), "inactive", "state")
    check("The ferry sails again" in stories(service, service.user or "alice"), "the list after a stop")
    check_equal(service.show("ActiveState"), "active", "state after somebody asked")


def test_sandbox(service, probes, unit, folder):
    """What the sandbox forbids fails for a program that runs with the service's own settings."""
    machine = service.machine
    machine.run("touch", "/tmp/others")
    with open(machine.path(unit), encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"^(Exec\w+|Requires|After|Restart\w*|Type|WatchdogSec)=.*\n", "", text, flags=re.M)
    text = text.replace("[Service]\n", "[Service]\nType=oneshot\nExecStart=/bin/sh /usr/local/probe\nStandardOutput=file:%t/probe.out\n")
    machine.write("/usr/local/probe", "".join(f"({command}) >/dev/null 2>&1 && echo '{name}'\n" for name, (command, _) in probes.items()) + "true\n")
    machine.run("mkdir", "-p", folder, user=service.user)
    machine.write(f"{folder}/probe.service", text)
    service.systemctl("daemon-reload")
    service.systemctl("start", "probe")
    output = f"{service.runtime}/probe.out"
    done = set(machine.run("cat", output).stdout.splitlines())
    check_equal(done, {name for name, (_, may) in probes.items() if may}, "what the sandbox allows")
    machine.run("rm", "-f", "/usr/local/probe", f"{folder}/probe.service", output, "/tmp/x", "/tmp/s")
    service.systemctl("daemon-reload")


def test_watchdog(service, folder):
    """A daemon that stands still is killed and started again."""
    folder += "/tidingsd.service.d"
    service.machine.run("mkdir", "-p", folder, user=service.user)
    service.machine.write(folder + "/watchdog.conf", "[Service]\nWatchdogSec=2\n")
    service.systemctl("daemon-reload")
    service.systemctl("restart", "tidingsd")
    service.wait_up()
    told = service.show("WatchdogTimestampMonotonic")
    eventually("a sign of life", lambda: service.show("WatchdogTimestampMonotonic") != told)
    check_equal(service.show("NRestarts"), "0", "restarts of a daemon that lives")
    service.systemctl("kill", "-s", "STOP", "tidingsd")
    eventually("a restart", lambda: service.show("NRestarts") == "1")
    service.wait_up()
    eventually("word of the watchdog in the journal", lambda: "watchdog" in service.log().lower())
    service.machine.run("rm", "-r", folder)
    service.systemctl("daemon-reload")
    service.systemctl("restart", "tidingsd")
    service.wait_up()


def test_upgrade(service, args):
    """Installed over itself it keeps the configuration and everything else."""
    before = service.get("/items"), service.machine.run("cat", "/etc/tidings/tidings.conf").stdout
    said = service.machine.install(args.build, "tidings")
    check("adduser" not in said, "an upgrade explains the group again")
    service.wait_up()
    check_equal((service.get("/items"), service.machine.run("cat", "/etc/tidings/tidings.conf").stdout), before, "what was there")


def test_user(machine, base):
    """The same as a user's own, in the user's places."""
    machine.run("loginctl", "enable-linger", "bob")
    eventually("bob's manager", lambda: machine.run("systemctl", "--user", "is-system-running", user="bob", fine=None).returncode == 0)
    said = machine.run("systemd-analyze", "--user", "verify", "--man=no", *[f"/usr/lib/systemd/user/tidingsd.{u}" for u in ("service", "socket")],
                       user="bob")
    check_equal(said.stdout + said.stderr, "", "what is wrong with the user's units")
    service = Service(machine, "bob")
    path = "/home/bob/.config/tidings/tidings.conf"
    service.systemctl("enable", "--now", "tidingsd.socket", "tidingsd.service")
    service.wait_up()
    service.systemctl("reload", "tidingsd")  # nothing is configured, nothing is wrong
    service.systemctl("stop", "tidingsd.service")
    machine.run("install", "-d", os.path.dirname(path))
    configure(service, path, base, "bob")
    feed_arrives(service)
    machine.run("test", "-f", "/home/bob/.local/state/tidings/tidings.db")
    check_equal(machine.run("stat", "-c", "%U %a", f"/run/user/{machine.uid('bob')}/tidings/tidings.sock").stdout, "bob 600\n", "the socket")
    test_reload(service, path, CONFIG.format(base=base))
    test_kill(service)
    test_activation(service)
    folder = f"{service.runtime}/systemd/user"
    test_sandbox(service, USER_PROBES, "/usr/lib/systemd/user/tidingsd.service", folder)
    test_watchdog(service, folder)
    service.systemctl("disable", "--now", "tidingsd.socket", "tidingsd.service")


def test_purge(service):
    """Removing keeps what was collected; purging leaves nothing, the user included."""
    machine = service.machine
    machine.run("apt-get", "remove", "-y", "tidings")
    check_equal(service.show("ActiveState"), "inactive", "state after removal")
    machine.run("test", "-f", "/var/lib/tidings/tidings.db")
    machine.run("apt-get", "purge", "-y", "tidings")
    found = machine.run("find", "/", "-xdev", "(", "-path", "/home", "-o", "-path", "/root", "-o", "-path", "/proc", "-o", "-path", "/sys", ")",
                        "-prune", "-o", "-name", "*tidings*", "-print").stdout
    check_equal(found, "", "files after purge")
    for run in ("find", "/run", "-name", "*tidings*", "-not", "-path", "/run/user/*"), ("getent", "passwd", "tidings"), ("getent", "group", "tidings"):
        check_equal(machine.run(*run, fine=None).stdout, "", " ".join(run))
    check_equal(service.systemctl("list-units", "--all", "--plain", "--no-legend", "tidingsd*").stdout, "", "units after purge")
    bobs = Service(machine, "bob")
    bobs.systemctl("daemon-reload")
    for what in "list-units", "list-unit-files":
        check_equal(bobs.systemctl(what, "--all", "--plain", "--no-legend", "tidingsd*", fine=None).stdout, "", f"{what} of a user after purge")
    for path in ".local/state/tidings/tidings.db", ".config/tidings/tidings.conf":
        machine.run("test", "-f", f"/home/bob/{path}")  # what is a user's stays


def step(test, *args):
    began = time.monotonic()
    result = test(*args)
    print(f"ok    {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    return result


def run(machine, args):
    """One machine lives through all of it, in this order."""
    web = os.path.join(machine.folder, "web")
    os.mkdir(web)
    with open(os.path.join(web, "feed.xml"), "w", encoding="utf-8") as file:
        file.write(ITEMS)
    step(machine.boot)
    base = machine.serve(web)
    service = step(test_install, machine, args)
    step(test_units, machine)
    step(test_group, service, base)
    step(test_reload, service, "/etc/tidings/tidings.conf", CONFIG.format(base=base))
    step(test_kill, service)
    step(test_activation, service)
    step(test_sandbox, service, SYSTEM_PROBES, "/usr/lib/systemd/system/tidingsd.service", "/run/systemd/system")
    step(test_upgrade, service, args)
    step(test_user, machine, base)
    step(test_watchdog, service, "/run/systemd/system")
    step(test_purge, service)


def main():
    args = arguments()
    need_all(args.build)
    machine = Machine()
    try:
        run(machine, args)
    except Failed as e:
        print(f"FAIL: {e}")
        sys.exit(1)
    finally:
        machine.close()


main()
