#!/usr/bin/env python3
"""Runs rows of the benchmark and writes them down; run.sh prepares the machine and calls it."""

import argparse
import datetime
import pathlib
import sys
import tempfile

import command_rows
import dispatch_rows
import features_rows
import step_rows
import sweep_rows
from measure import Row, Setting, commit, machine

GROUPS = {"features": features_rows.rows, "step": step_rows.rows, "sweep": sweep_rows.rows, "command": command_rows.rows,
          "dispatch": dispatch_rows.rows}
QUICK = ["features", "step", "command", "dispatch"]
# What a complete run must hold: a row that is not there is a failure too.
EXPECTED = ["features-1", "features-all", "step-crnn2d", "step-cnn", "step-crnn1d", "step-rnn", "sweep", "busy", "command",
            "dispatch", "latency", "metrics", "million", "tables", "gpu-step", "gpu-grid"]
QUICK_EXPECTED = ["features-1", "step-rnn", "step-crnn1d", "command", "dispatch", "tables"]
HEAD = ["row", "ours", "peer", "ratio", "goal", "", "what"]


def gpu_rows():
    goal = {"gpu-step": "5×", "gpu-grid": "5×"}
    return [Row(name, "–", "–", "–", goal[name], None, "no GPU here; tests/bench/gpu.sh measures it") for name in goal]


def table(rows):
    lines = [" | ".join(HEAD), " | ".join(["---"] * len(HEAD))]
    lines += [" | ".join([row.name, row.ours, row.peer, row.ratio, row.goal, row.verdict(), row.note]) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all where none is named")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3, help="paired runs of each row")
    parser.add_argument("--results", type=pathlib.Path, help="a Markdown file to append the table to")
    arguments = parser.parse_args()
    for group in arguments.groups:
        if group not in GROUPS:
            parser.error(f"no rows {group}; there are {', '.join(GROUPS)}")
    groups = arguments.groups or (QUICK if arguments.quick else list(GROUPS))
    rows = []
    for group in groups:
        with tempfile.TemporaryDirectory(prefix="tutti-bench-") as scratch:
            setting = Setting(arguments.build.resolve(), pathlib.Path(scratch), 1 if arguments.quick else arguments.rounds,
                              arguments.quick)
            for row in GROUPS[group](setting):
                print(table([row]).splitlines()[-1], flush=True)
                rows.append(row)
    if not arguments.groups and not arguments.quick:
        rows += gpu_rows()
    told = f"{machine()}; commit {commit()}; {datetime.date.today()}; median of {setting.rounds} paired runs"
    print(f"\n{told}\n\n{table(rows)}")
    if arguments.results:
        with arguments.results.open("a", encoding="utf-8") as results:
            results.write(f"\n## tests/bench/run.sh{' --quick' if arguments.quick else ''}"
                          f"{''.join(' ' + group for group in arguments.groups)}\n\n{told}\n\n{table(rows)}\n")
    if not arguments.groups:
        expected = QUICK_EXPECTED if arguments.quick else EXPECTED
        missing = [name for name in expected if not any(row.name.startswith(name) for row in rows)]
        if missing:
            sys.exit(f"bench: missing rows: {', '.join(missing)}")
    if any(row.met is False for row in rows):
        sys.exit("bench: a goal is not met")


if __name__ == "__main__":
    main()
