#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# The report of scripts/soak: every figure beside its target. soak-report.py FOLDER MINUTES SEED; exits with 1 if one is short.
import datetime
import json
import os
import platform
import sys

folder, minutes, seed = sys.argv[1:]


def read(name):
    try:
        with open(f"{folder}/{name}.json") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


kills, qemu, history, jobs = read("kill-sweep"), read("qemu-kill-sweep"), read("history"), read("bench-jobs")
count = lambda value: len(value) if isinstance(value, list) else value
most = lambda limit: (f"at most {limit}", lambda value: value <= limit)
least = lambda limit: (f"at least {limit}", lambda value: value >= limit)
told = ("", None)  # tells how much was tried
# Part, what, where it is, target.
FIGURES = [
    ("kills", "kills of hvmd", kills.get("kills"), told),
    ("kills", "cuts of its journal", kills.get("journal_cuts"), told),
    ("kills", "VMs", kills.get("vms"), told),
    ("kills", "jobs acknowledged", kills.get("acknowledged"), told),
    ("kills", "acknowledged jobs lost", count(kills.get("lost")), most(0)),
    ("kills", "jobs that nobody submitted, or twice", kills.get("doubled"), most(0)),
    ("kills", "jobs run twice", count(kills.get("run_twice")), most(0)),
    ("kills", "jobs with output lost or doubled", count(kills.get("output_damaged")), most(0)),
    ("kills", "jobs with a wrong end", count(kills.get("end_wrong")), most(0)),
    ("kills", "VMs stopped", kills.get("vms_stopped"), most(0)),
    ("kills", "adopted after hvmd's exec, median, ms", kills.get("adopted_after_exec_ms_median"), most(2000)),
    ("kills", "adopted after hvmd's exec, maximum, ms", kills.get("adopted_after_exec_ms_max"), most(2000)),
    ("kills", "adopted after hvmd serves, median, ms", kills.get("adopted_after_serving_ms_median"), told),
    ("kills", "adopted after hvmd serves, maximum, ms", kills.get("adopted_after_serving_ms_max"), told),
    ("qemu", "kills of QEMU", qemu.get("kills"), told),
    ("qemu", "event, median, ms", qemu.get("event_ms", {}).get("median"), most(100)),
    ("qemu", "cores free, maximum, ms", qemu.get("cores_free_ms", {}).get("max"), most(1000)),
    ("history", "clients", history.get("clients"), least(20)),
    ("history", "kills of hvmd", history.get("kills"), told),
    ("history", "answers looked at", history.get("observations"), told),
    ("history", "contradictions", history.get("contradictions"), most(0)),
    ("performance", "durable submissions a second", jobs.get("submits_per_second"), least(500)),
    ("performance", "submission, 99th percentile, ms", jobs.get("submit_p99_ms"), most(20)),
    ("performance", "GET of a job, 99th percentile, ms", jobs.get("get_job_p99_ms"), most(5)),
    ("performance", "GET of 100 jobs, 99th percentile, ms", jobs.get("get_page_p99_ms"), most(5)),
    ("performance", "GET as of hvm queue, 99th percentile, ms", jobs.get("get_list_p99_ms"), most(5)),
    ("luck", "rounds", read("luck").get("rounds"), told),
]
PARTS = ["kills", "qemu", "history", "fuzz", "performance", "luck"]


def status(part):
    try:
        with open(f"{folder}/{part}.status") as file:
            code, seconds = map(int, file.read().split())
            return {"passed": code == 0, "seconds": seconds}
    except FileNotFoundError:
        return None  # it was not asked for


def verdict(value, target):
    if target[1] is None or value is None:
        return ""
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
