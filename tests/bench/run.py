#!/usr/bin/env python3
"""Runs rows of the benchmark and writes them down; run.sh prepares the machine and calls it."""

import argparse
import datetime
import pathlib
import sys
import tempfile
import traceback

import command_rows
import dispatch_rows
import features_rows
import step_rows
import sweep_rows
from measure import HEAD, Bench, Row, Setting, commit, line, machine


def not_here(name, goal):
    return lambda _: [Row(name, "–", "–", "–", goal, None, "needs a GPU; tests/bench/gpu.sh measures it")]


def step(model):
    return Bench(lambda setting: step_rows.rows(setting, model), f"step-{model} 1 s", f"step-{model} 5 s")


def metrics(setting):
    yield from dispatch_rows.metrics(setting)
    yield from command_rows.stalled(setting)


# Every row by the name that it is asked for with, and the lines that it stands for: each must be printed.
ROWS = {
    "features-1": Bench(features_rows.features_one, "features-1"),
    "features-all": Bench(features_rows.features_all, "features-all", "features-all, 1 → 2 cores", "features-all, memory"),
    "step-crnn2d": step("crnn2d"),
    "step-cnn": step("cnn"),
    "step-crnn1d": step("crnn1d"),
    "step-rnn": step("rnn"),
    "sweep": Bench(sweep_rows.rows, "sweep"),
    "busy": Bench(command_rows.busy, "busy"),
    "command": Bench(command_rows.command, "command, HyperQueue", "command, Ray"),
    "dispatch": Bench(dispatch_rows.dispatch, "dispatch"),
    "latency": Bench(dispatch_rows.latency, "latency"),
    "metrics": Bench(metrics, "metrics", "metrics, a stalled coordinator"),
    "million": Bench(dispatch_rows.million, "million, submit", "million, restart to serving", "million, memory",
                     "million, longest heartbeat wait"),
    "tables": Bench(dispatch_rows.tables, "tables, 10,000 runs", "tables, 100,000 runs"),
    "gpu-step": Bench(not_here("gpu-step", "5×"), "gpu-step"),
    "gpu-grid": Bench(not_here("gpu-grid", "5×"), "gpu-grid"),
}
GROUPS = {"features": ["features-1", "features-all"], "step": ["step-crnn2d", "step-cnn", "step-crnn1d", "step-rnn"],
          "worker": ["sweep", "busy", "command"], "coordinator": ["dispatch", "latency", "metrics", "million", "tables"],
          "gpu": ["gpu-step", "gpu-grid"]}
QUICK = ["features-1", "step-crnn1d", "step-rnn", "command", "dispatch", "tables"]


def chosen(words, quick):
    """Names of rows in the order of ROWS, each once. ValueError: a word that is neither a row nor a group."""
    names = set()
    for word in words or (QUICK if quick else ROWS):
        if word not in ROWS and word not in GROUPS:
            raise ValueError(f"no row {word}; there are {', '.join(ROWS)}; and groups of them: {', '.join(GROUPS)}")
        names |= {word} if word in ROWS else set(GROUPS[word])
    return [name for name in ROWS if name in names]


def measured(bench, setting):
    """The rows of one Bench, each as soon as it is there; what goes wrong is told, and its rows are missing."""
    try:
        with tempfile.TemporaryDirectory(prefix="tutti-bench-") as scratch:
            setting.scratch = pathlib.Path(scratch)
            yield from bench.measure(setting)
    except Exception:  # the other rows are worth their time
        traceback.print_exc()


def run_rows(names, setting):
    """(rows, faults): prints each row when it is measured."""
    print("\n".join([line(HEAD), line(["---"] * len(HEAD))]), flush=True)
    rows, faults = [], []
    for name in names:
        told = []
        for row in measured(ROWS[name], setting):
            print(row.line(), flush=True)
            told.append(row)
        lines = [row.name for row in told]
        faults += [f"missing row: {expected}" for expected in ROWS[name].lines if expected not in lines]
        faults += [f"unexpected row: {row}" for row in lines if row not in ROWS[name].lines]
        rows += told
    return rows, faults


def append(path, title, told, rows, faults):
    table = "\n".join([line(HEAD), line(["---"] * len(HEAD)), *(row.line() for row in rows)])
    told += "".join(f"\n\n{fault}" for fault in faults)
    with path.open("a", encoding="utf-8") as results:
        results.write(f"\n## {title}\n\n{told}\n\n{table}\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; or a group: {', '.join(GROUPS)}")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true", help="one round, fewer repetitions")
    parser.add_argument("--rounds", type=int, help="paired runs of each row (default 3; 1 with --quick)")
    parser.add_argument("--results", type=pathlib.Path, help="a Markdown file to append the table to")
    options = parser.parse_args(arguments)
    try:
        names = chosen(options.rows, options.quick)
    except ValueError as error:
        parser.error(str(error))
    rounds = options.rounds or (1 if options.quick else 3)
    setting = Setting(options.build.resolve(), rounds=rounds, quick=options.quick)
    told = f"{machine()}; commit {commit()}; {datetime.date.today()}; median of {rounds} paired runs"
    print(f"{told}\n", flush=True)
    rows, faults = run_rows(names, setting)
    if options.results:
        title = " ".join(["tests/bench/run.sh", *options.rows, *(["--quick"] if options.quick else [])])
        append(options.results, title, told, rows, faults)
    faults += [f"goal not met: {row.name}" for row in rows if row.met is False]
    for fault in faults:
        print(f"bench: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
