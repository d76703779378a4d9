"""The examples of libtidings(3), built as they stand there, at work on a real daemon."""
import os
import re
import subprocess
import time

from harness import Daemon, PATIENCE_S, Failed, Web, check, check_equal, feed_xml, run

FEED = [("a", "First", "http://example.org/1")]


def build_example(args, folder, number):
    """The program of that example in the manual, without mandoc's escapes."""
    with open(os.path.join(args.source, "daemon", "client", "libtidings.3"), encoding="utf-8") as file:
        blocks = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed$", file.read(), re.M | re.S)
    source, program = os.path.join(folder, f"{number}.c"), os.path.join(folder, f"example-{number}")
    with open(source, "w", encoding="utf-8") as file:
        file.write(blocks[number].replace("\\e", "\\"))
    with open(os.path.join(args.build, "CMakeCache.txt"), encoding="utf-8") as file:
        cache = file.read()
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.M)[1]
    sanitize = re.search(r"^TIDINGS_SANITIZE:\w+=(.*)$", cache, re.M)
    flags = [f"-fsanitize={sanitize[1]}"] if sanitize and sanitize[1] else []
    library = os.path.join(args.build, "daemon")
    done = subprocess.run([compiler, "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *flags, "-I", os.path.join(args.source, "include"), source, "-o", program,
                           "-L", library, "-Wl,-rpath," + library, "-ltidings", "-ljansson"], capture_output=True, text=True, check=False)
    check_equal((done.returncode, done.stderr), (0, ""), "compiler")
    return program


def wait_stream(daemon):
    """Until one is there: what comes then is told to it."""
    deadline = time.monotonic() + PATIENCE_S
    while daemon.get("/status")["clients"] < 2:
        if time.monotonic() > deadline:
            raise Failed("nobody listens")
        time.sleep(0.01)


def wait_text(path, text):
    deadline = time.monotonic() + PATIENCE_S
    told = ""
    while text not in told:
        if time.monotonic() > deadline:
            raise Failed(f"no {text!r} in {told!r}")
        time.sleep(0.01)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                told = file.read()
    return told


def test_notifier(args):
    web = Web()
    web.serve("/feed", {"body": feed_xml(FEED, "Wire")}, {"body": feed_xml([("b", "Second -- news", "http://example.org/2"), *FEED], "Wire")})
    daemon = Daemon(args.build, "", f"feed 'wire' {{ url = '{web.base}/feed' }}\n").start()
    try:
        daemon.wait_poll(1)
        told = os.path.join(daemon.folder, "told")
        with open(os.path.join(daemon.folder, "notify-send"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nprintf "%s|" "$@" >>{told}\n')
        os.chmod(file.name, 0o755)
        with subprocess.Popen([build_example(args, daemon.folder, 0)],
                              env=daemon.environment(TIDINGS_SOCKET=daemon.socket, PATH=daemon.folder + ":" + os.environ["PATH"])) as notifier:
            try:
                wait_stream(daemon)
                daemon.poll(1)
                check_equal(wait_text(told, "news|"), "--|wire|Second -- news|", "what was shown: the news, not the backlog")
            finally:
                notifier.kill()
        check_equal(daemon.stop()[0], 0, "exit code")
    finally:
        daemon.close()
        web.close()


def test_loop(args):
    web = Web()
    web.serve("/feed", {"body": feed_xml(FEED)}, {"body": feed_xml([("b", "Second", "http://example.org/2"), *FEED])})
    daemon = Daemon(args.build, "", f"feed 'wire' {{ url = '{web.base}/feed' }}\n").start()
    try:
        daemon.wait_poll(1)
        told = os.path.join(daemon.folder, "told")
        with open(told, "w", encoding="utf-8") as out, \
                subprocess.Popen(["stdbuf", "-oL", build_example(args, daemon.folder, 1)], stdin=subprocess.PIPE, stdout=out, stderr=out, text=True,
                                 env=daemon.environment(TIDINGS_SOCKET=daemon.socket)) as loop:
            wait_text(told, "hello {")
            daemon.poll(1)
            wait_text(told, 'story.new {"seq":')
            print("/api/v1/items/2", file=loop.stdin, flush=True)
            wait_text(told, '{"id":2,')
            print("/api/v1/nothing", file=loop.stdin, flush=True)
            wait_text(told, "there is no such resource")
            daemon.stop()
            wait_text(told, "connection")
            daemon.start()
            loop.stdin.close()
            check_equal(loop.wait(PATIENCE_S), 0, "exit code of the loop")
        check_equal(daemon.stop()[0], 0, "exit code")
    finally:
        daemon.close()
        web.close()


run([test_notifier, test_loop])
