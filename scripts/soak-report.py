#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# The report of scripts/soak: every figure beside its target. soak-report.py FOLDER MINUTES SEED; exits with 1 if one is short.
import datetime
import json
import os
import platform
import re
import sys

folder, minutes, seed = sys.argv[1:]


def read(name):
    try:
        with open(f"{folder}/{name}.json") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def said(part):
    """The figures in the lines that its tests print: fuzz NAME=NUMBER ..."""
    try:
        with open(f"{folder}/{part}.log", errors="replace") as file:
            lines = [line for line in file if line.startswith(f"{part} ")]
    except FileNotFoundError:
        lines = []
    return {name: int(value) for line in lines for name, value in re.findall(r"(\w+)=(\d+)(?!\S)", line)}


def left(what):
    """How much more of it there is after the kills of QEMU than before."""
    before, after = qemu.get("before", {}).get(what), qemu.get("after", {}).get(what)
    return None if before is None or after is None else max(0, after - before)


def told_by(counts):
    """How often each, in words."""
    return ", ".join(f"{name} {number}" for name, number in counts.items()) if counts is not None else None


kills, qemu, history, jobs = read("kill-sweep"), read("qemu-kill-sweep"), read("history"), read("bench-jobs")
stop, start, fuzz, isolation, fuzzed = read("qemu-stop"), read("bench-start"), read("fuzz"), read("isolation"), said("fuzz")
count = lambda value: len(value) if isinstance(value, list) else value
most = lambda limit: (f"at most {limit}", lambda value: value <= limit)
least = lambda limit: ("yes" if limit is True else f"at least {limit}", lambda value: value >= limit)
told = ("", None)  # tells how much was tried
# Part, what, where it is, target.
FIGURES = [
    ("kills", "kills of hvmd", kills.get("kills"), least(kills.get("kills_wanted", 1))),
    ("kills", "cuts of its journal", kills.get("journal_cuts"), least(kills.get("journal_cuts_wanted", 1))),
    ("kills", "the last before the cuts", told_by(kills.get("journal_cuts_after")), told),
    ("kills", "requests cut off", told_by(kills.get("requests_cut_off")), told),
    ("kills", "VMs", kills.get("vms"), told),
    ("kills", "long jobs that run", kills.get("running"), told),
    ("kills", "long jobs that wait", kills.get("waiting"), told),
    ("kills", "jobs acknowledged", kills.get("acknowledged"), told),
    ("kills", "acknowledged jobs lost", count(kills.get("lost")), most(0)),
    ("kills", "jobs that nobody submitted, or twice", count(kills.get("doubled")), most(0)),
    ("kills", "jobs run twice", count(kills.get("run_twice")), most(0)),
    ("kills", "jobs with output lost or doubled", count(kills.get("output_damaged")), most(0)),
    ("kills", "hvm run with output lost or doubled", kills.get("run_damaged"), most(0)),
    ("kills", "contradictions in what clients were told", count(kills.get("contradictions")), most(0)),
    ("kills", "jobs with a wrong end", count(kills.get("end_wrong")), most(0)),
    ("kills", "VMs stopped", kills.get("vms_stopped"), most(0)),
    ("kills", "adopted after hvmd's exec, median, ms", kills.get("adopted_after_exec_ms_median"), most(2000)),
    ("kills", "adopted after hvmd's exec, maximum, ms", kills.get("adopted_after_exec_ms_max"), most(2000)),
    ("kills", "adopted after hvmd serves, median, ms", kills.get("adopted_after_serving_ms_median"), told),
    ("kills", "adopted after hvmd serves, maximum, ms", kills.get("adopted_after_serving_ms_max"), told),
    ("qemu", "kills of QEMU", qemu.get("kills"), least(qemu.get("kills_wanted", 1))),
    ("qemu", "event, median, ms", qemu.get("event_ms", {}).get("median"), most(100)),
    ("qemu", "cores free, maximum, ms", qemu.get("cores_free_ms", {}).get("max"), most(1000)),
    ("qemu", "left: processes", left("processes of VMs"), most(0)),
    ("qemu", "left: descriptors of hvmd", left("descriptors of hvmd"), most(2)),  # those of requests come and go
    ("qemu", "left: sockets", left("sockets"), most(0)),
    ("qemu", "left: shared memory", left("shared memory of VMs"), most(0)),
    ("qemu", "left: cgroups", left("cgroups of VMs"), most(0)),
    ("qemu", "SIGSTOP: flagged after, ms", stop.get("flagged_ms"), told),
    ("qemu", "SIGSTOP: runs in the VM beside it", stop.get("runs_beside"), least(5)),
    ("qemu", "SIGSTOP: GET, 99th percentile, before, ms", stop.get("get_p99_ms_before"), told),
    ("qemu", "SIGSTOP: GET, 99th percentile, ms", stop.get("get_p99_ms"), told),
    ("qemu", "SIGSTOP: it went on", stop.get("went_on"), least(True)),
    ("history", "clients", history.get("clients"), least(20)),
    ("history", "kills of hvmd", history.get("kills"), told),
    ("history", "answers looked at", history.get("observations"), told),
    ("history", "contradictions", history.get("contradictions"), most(0)),
    ("performance", "durable submissions a second", jobs.get("submits_per_second"), least(500)),
    ("performance", "submission, 99th percentile, ms", jobs.get("submit_p99_ms"), most(20)),
    ("performance", "GET of a job, 99th percentile, ms", jobs.get("get_job_p99_ms"), most(5)),
    ("performance", "GET of 100 jobs, 99th percentile, ms", jobs.get("get_page_p99_ms"), most(5)),
    ("performance", "GET as of hvm queue, 99th percentile, ms", jobs.get("get_list_p99_ms"), most(5)),
    ("performance", "hvm queue, ms", start.get("queue_ms"), most(150)),
    ("performance", "hvm queue, 1,000 of 10,000 jobs, ms", start.get("queue_10000_jobs_ms"), told),
    ("performance", "hvmd: command to first answer, ms", start.get("hvmd_start_ms"), most(1000)),
    ("performance", "the same, 10,000 jobs known, ms", start.get("hvmd_start_10000_jobs_ms"), told),
    ("performance", "hvmd: memory, MiB", start.get("hvmd_mib"), most(143)),  # 150 MB
    ("performance", "the same, 10,000 jobs known, MiB", start.get("hvmd_10000_jobs_mib"), told),
    ("fuzz", "tests that failed", fuzz.get("failed"), most(0)),
    ("fuzz", "requests", fuzzed.get("requests"), least(1)),
    ("fuzz", "hvmd's memory grown by them, KiB", fuzzed.get("requests_grown_kib"), most(64 << 10)),
    ("fuzz", "layouts", fuzzed.get("layouts"), least(1)),
    ("fuzz", "batch scripts", fuzzed.get("batch_scripts"), least(1)),
    ("fuzz", "ELF files", fuzzed.get("elf_files"), least(1)),
    ("fuzz", "streams of an agent's frames", fuzzed.get("frame_streams"), least(1)),
    ("fuzz", "most memory taken for one of them, KiB", fuzzed.get("frame_stream_allocates_kib"), most(4 << 10)),
    ("isolation", "tests of what users can do to each other", isolation.get("tests"), least(1)),
    ("isolation", "of these failed", isolation.get("failed"), most(0)),
    ("isolation", "of these not tried (they want root)", isolation.get("skipped"), most(0)),
    ("luck", "rounds", read("luck").get("rounds"), told),
]
PARTS = ["performance", "kills", "qemu", "history", "fuzz", "isolation", "luck"]


def status(part):
    try:
        with open(f"{folder}/{part}.status") as file:
            code, seconds = map(int, file.read().split())
            return {"passed": code == 0, "seconds": seconds}
    except FileNotFoundError:
        return None  # it was not asked for


def verdict(value, target):
    if target[1] is None:
        return ""
    if value is None:
        return "short"
    return "met" if target[1](value) else "short"


parts = {part: state for part in PARTS if (state := status(part))}
rows = [
    {"part": part, "figure": figure, "value": value, "target": target[0], "verdict": verdict(value, target)}
    for part, figure, value, target in FIGURES
    if part in parts
]
facts = {
    "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    "minutes": int(minutes), "seed": int(seed), "cores": os.cpu_count(),
    "load": os.getloadavg(), "kernel": platform.release(), "parts": parts, "figures": rows,
}
with open(f"{folder}/soak-report.json", "w") as out:
    json.dump(facts, out, indent=1)
with open(f"{folder}/soak-report.md", "w") as out:
    out.write(f"# Soak, {facts['date']}\n\n{minutes} minutes, seed {seed}, {facts['cores']} host cores, ")
    out.write("load at the end {:.1f} {:.1f} {:.1f}\n\n".format(*facts["load"]))
    out.write("| part | | seconds |\n| --- | --- | ---: |\n")
    for part, state in parts.items():
        out.write(f"| {part} | {'passed' if state['passed'] else 'FAILED'} | {state['seconds']} |\n")
    out.write("\n| part | figure | value | target | |\n| --- | --- | ---: | --- | --- |\n")
    for row in rows:
        value = "not measured" if row["value"] is None else row["value"]
        out.write(f"| {row['part']} | {row['figure']} | {value} | {row['target']} | {row['verdict']} |\n")
print(open(f"{folder}/soak-report.md").read())
sys.exit(any(row["verdict"] == "short" for row in rows) or not all(state["passed"] for state in parts.values()))
