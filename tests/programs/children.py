# SPDX-License-Identifier: Apache-2.0
"""Children of Python in the ways that programs start them; prints what must be the same wherever it runs."""
import os
import subprocess
import sys
import threading


def show(what, done):
    print(what, done.returncode, done.stdout, done.stderr, flush=True)


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


show("echo", run("/bin/echo", "one", "two words"))
show("input", run("/usr/bin/sort", "-r", input="a\nc\nb\n"))
show("status", run("/bin/sh", "-c", "echo out; echo err >&2; exit 3"))
show("environment", run("/usr/bin/env", env={"COLOUR": "green"}))
show("folder", run("/bin/pwd", cwd="/usr"))
show("shell", subprocess.run("seq 1 5 | tail -n 2; exit 1", shell=True, capture_output=True, text=True))
show("killed", run("/bin/sh", "-c", "kill -TERM $$"))
try:
    run("/no/such/program")
except FileNotFoundError as error:
    print("missing", error.errno, error.filename)
try:
    subprocess.run(["/bin/sleep", "100"], timeout=0.3)
except subprocess.TimeoutExpired:
    print("timed out")
print("from the child's own Python:", run(sys.executable, "-c", "print(sum(range(1000)))").stdout.strip())

first = subprocess.Popen(["/usr/bin/seq", "1", "10000"], stdout=subprocess.PIPE)
second = subprocess.Popen(["/usr/bin/sha256sum"], stdin=first.stdout, stdout=subprocess.PIPE)
first.stdout.close()
print("pipeline", second.communicate()[0].decode().split()[0], first.wait())

pid = os.fork()
if pid == 0:
    os._exit(7)
print("fork", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.system("exit 2") >> 8)

results = [None] * 4


def in_thread(number):
    results[number] = run("/bin/echo", str(number)).stdout.strip()


threads = [threading.Thread(target=in_thread, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("threads", results)
print("done")
