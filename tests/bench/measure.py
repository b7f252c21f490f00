"""What every row of the benchmark shares: paired runs, medians, where programs lie, what a row says."""

import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# glibc keeps freed memory, as tutti-train asks it to (worker/trainer/main.cpp).
KEEP_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
HEAD = ["row", "ours", "peer", "ratio", "goal", "", "what"]


class Failed(RuntimeError):
    """A program of a row did not do what it was started for."""


def line(cells):
    return f"| {' | '.join(cells)} |"


@dataclasses.dataclass
class Row:
    """One line of the table. ours and peer are measured in the same run; ratio counts against goal."""
    name: str
    ours: str
    peer: str
    ratio: str
    goal: str
    met: bool | None  # None: could not be measured here
    note: str = ""

    def verdict(self):
        return {True: "MET", False: "NOT MET", None: "not run"}[self.met]

    def line(self):
        return line([self.name, self.ours, self.peer, self.ratio, self.goal, self.verdict(), self.note])


class Bench:
    """What a row's name stands for. measure: gives Rows, one after another, for a Setting; lines: their names."""

    def __init__(self, measure, *lines):
        self.measure, self.lines = measure, lines


@dataclasses.dataclass
class Setting:
    build: pathlib.Path
    scratch: pathlib.Path | None = None  # a folder of this row's own
    rounds: int = 3  # paired runs
    quick: bool = False

    def binary(self, name):
        return str(self.build / "bin" / name)


def median(values):
    return statistics.median(values)


def faster(name, ours, peers, goal, unit, note=""):
    """A row of times: peers is {name: times}; the goal counts against the fastest of them, paired run by paired run."""
    best = min(peers, key=lambda peer: median(peers[peer]))
    ratio = median([theirs / mine for mine, theirs in zip(ours, peers[best], strict=True)])
    told = ", ".join(f"{peer} {median(times):.4g} {unit}" for peer, times in peers.items())
    return Row(name, f"{median(ours):.4g} {unit}", told, f"{ratio:.2f}×", f"{goal:g}×", ratio >= goal, note)


def run(*command, env=None, text=None, timeout=3600):
    """Runs a program to its end and returns its stdout. Failed, with what it said."""
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, timeout=timeout,
                          env=os.environ | (env or {}), check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))[:300]}: ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def python(script, *arguments, env=None):
    """One of our Python programs in this environment; its last line of output is JSON."""
    out = run(sys.executable, pathlib.Path(__file__).parent / script, *arguments, env=env)
    return json.loads(out.strip().splitlines()[-1])


class Timer:
    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.start


def machine():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}"


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"
