"""What every comparison here does: prints its largest difference and its bound, and fails where a bound is crossed."""

import importlib.metadata
import json
import math
import platform
import subprocess
import sys

import numpy as np


def largest_difference(ours, theirs):
    """Infinite where the shapes differ or a value is no number."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.shape != theirs.shape:
        return math.inf
    if ours.size == 0:
        return 0.0
    difference = np.abs(ours - theirs).max()
    return math.inf if np.isnan(difference) else float(difference)


def relative_difference(ours, theirs):
    """The largest difference over the largest value of theirs: small entries of a gradient are sums that cancel."""
    largest = float(np.abs(np.asarray(theirs, np.float64)).max(initial=0.0))
    difference = largest_difference(ours, theirs)
    if largest == 0.0:
        return 0.0 if difference == 0.0 else math.inf
    return difference / largest


def run(*command, text=None):
    """Runs a program of ours and returns what it printed; its failure ends the test with all that it said."""
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}: {' '.join(map(str, command[1:]))}\n{done.stderr}")
    return done.stdout


def run_json(program, cases):
    """A probe's answers to a list of cases."""
    return json.loads(run(program, text=json.dumps(cases)))


class Comparison:
    """Collects results; end() prints the largest of each kind and exits 1 if one is over its bound."""

    def __init__(self, *packages):
        versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
        print(f"compared with {', '.join(versions)}, python {platform.python_version()}")
        self.largest = {}  # kind → (difference, bound, name)
        self.failures = []
        self.count = 0

    def check(self, kind, name, difference, bound):
        """The worst of a kind is the one nearest to its bound, or furthest beyond."""
        self.count += 1
        share = difference / bound if bound else (0.0 if difference == 0 else math.inf)
        worst = self.largest.get(kind)
        if worst is None or not share <= worst[0]:
            self.largest[kind] = (share, difference, bound, name)
        if not difference <= bound:
            self.failures.append(f"{kind}: {name}: difference {difference:.3g}, bound {bound:.3g}")

    def equal(self, kind, name, ours, theirs):
        """Equal or not: no bound but zero."""
        self.count += 1
        self.largest.setdefault(kind, (0.0, 0.0, 0.0, name))
        if ours != theirs:
            self.largest[kind] = (math.inf, math.inf, 0.0, name)
            self.failures.append(f"{kind}: {name}:\n  ours   {str(ours)[:400]}\n  theirs {str(theirs)[:400]}")

    def end(self):
        for kind, (_, difference, bound, name) in self.largest.items():
            print(f"{kind}: largest difference {difference:.3g}, bound {bound:.3g} ({name})")
        if self.failures:
            print(f"{len(self.failures)} of {self.count} comparisons failed:")
            print("\n".join(self.failures[:20]))
            sys.exit(1)
        print(f"{self.count} comparisons, all within their bounds")
