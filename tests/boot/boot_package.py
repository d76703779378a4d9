"""The packages: cpack makes them, lintian finds no error, they have what they should, and a program can be built with the library."""
import os
import re
import shutil
import subprocess
import tempfile

from machine import Failed, arguments, check, check_equal, packages_folder, skip

NAMES = ("libtidings-dev", "libtidings0", "tidings")
PROGRAMS_MAX = 1024 * 1024  # both, stripped
SAMPLE = '#include <stdio.h>\n#include <tidings.h>\nint main(void) { return puts(tidings_version()) < 0; }\n'


def out(*command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    check(done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def make(args):
    folder = packages_folder(args.build)
    shutil.rmtree(folder, ignore_errors=True)
    out("cpack", "--config", os.path.join(args.build, "CPackConfig.cmake"), "-B", folder)
    debs = sorted(name for name in os.listdir(folder) if name.endswith(".deb"))
    check_equal(tuple(name.split("_")[0] for name in debs), NAMES, "packages")
    return [os.path.join(folder, name) for name in debs]


def lint(debs):
    root = ["--allow-root"] if os.getuid() == 0 else []
    out("lintian", "--fail-on", "error", *root, *debs)


def contents(deb):
    """Path -> mode of what is in it."""
    rows = [line.split(None, 5) for line in out("dpkg-deb", "-c", deb).splitlines()]
    return {row[5].split(" -> ")[0].removeprefix("."): row[0] for row in rows}


def check_daemon(deb):
    files = contents(deb)
    for path in ("/usr/bin/tidingsd", "/usr/bin/tidings", "/usr/lib/systemd/system/tidingsd.service", "/usr/lib/systemd/system/tidingsd.socket",
                 "/usr/lib/systemd/user/tidingsd.service", "/usr/lib/systemd/user/tidingsd.socket", "/usr/lib/sysusers.d/tidings.conf",
                 "/usr/share/doc/tidings/copyright", "/usr/share/doc/tidings/changelog.gz",
                 "/usr/share/man/man8/tidingsd.8.gz",
                 "/usr/share/man/man5/tidings.conf.5.gz", "/usr/share/man/man1/tidings.1.gz", "/usr/share/man/man7/tidings-api.7.gz"):
        check(path in files, f"the package has no {path}")
    check_equal(files["/etc/tidings/tidings.conf"], "-rw-r-----", "mode of the configuration")
    check("/etc/tidings/tidings.conf" in out("dpkg-deb", "-I", deb, "conffiles"), "the configuration is no conffile")


def check_library(args, folder):
    """It shows what the header promises, and a program that is built with it runs."""
    library = os.path.join(folder, next(p for p in contents_of(folder) if p.endswith(".so.0")))
    check("usr/share/man/man3/libtidings.3.gz" in contents_of(folder), "the library has no manual")
    shown = set(re.findall(r" T (\w+)", out("nm", "-D", "--defined-only", library)))
    with open(os.path.join(args.source, "include", "tidings.h"), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    check_equal(shown, set(re.findall(r"\b(tidings_\w+)\(", text)), "functions of the library")
    where = os.path.dirname(library)
    source, program = os.path.join(folder, "x.c"), os.path.join(folder, "x")
    with open(source, "w", encoding="utf-8") as file:
        file.write(SAMPLE)
    pc = out("pkg-config", "--cflags", "--libs", "tidings", env={**os.environ, "PKG_CONFIG_PATH": where + "/pkgconfig"})
    out("cc", "-I", os.path.join(folder, "usr/include"), source, "-o", program, "-L", where, *pc.split())
    check(re.fullmatch(r"\d+\.\d+\.\d+\n", out(program, env={"LD_LIBRARY_PATH": where})), "the version of the library")


def contents_of(folder):
    return [os.path.relpath(os.path.join(here, name), folder) for here, _, names in os.walk(folder) for name in names]


def main():
    args = arguments()
    if not os.path.exists(os.path.join(args.build, "CPackConfig.cmake")):
        skip("this tree makes no packages: it is not configured with CMAKE_INSTALL_PREFIX=/usr, or has sanitizers")
    for program in ("lintian", "dpkg-deb"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    debs = make(args)
    lint(debs)
    check_daemon(debs[2])
    with tempfile.TemporaryDirectory() as folder:
        for deb in debs:
            out("dpkg-deb", "-x", deb, folder)
        check_library(args, folder)
        size = sum(os.path.getsize(os.path.join(folder, "usr/bin", name)) for name in ("tidings", "tidingsd"))
    check(size <= PROGRAMS_MAX, f"tidings and tidingsd have {size} bytes, {PROGRAMS_MAX} at most")
    print(f"ok: {len(debs)} packages, {size} bytes of programs")


try:
    main()
except Failed as e:
    raise SystemExit(f"FAIL: {e}") from e
