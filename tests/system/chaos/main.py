#!/usr/bin/env python3
"""Kills anything at any time and compares with a calm run; see chaos.sh, which makes the namespaces."""

import argparse
import collections
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import facts
from faults import FAR, LONG_SECONDS, Faults
from fleet import ChaosError, FarPlace, Fleet, wait_for

SWEEP = "chaos"
EPOCHS = 60
MODELS = ["crnn1d", "rnn"]
# The more kills, the more there is to train, so that each hits a training somewhere else. The slower the kills are beside the
# trainings, the sooner the sweep gets more seeds, so that there is always something to hit on each worker.
KILLS_PER_SEED = 6
FEWEST_RUNS_LEFT = 8
MORE_SEEDS = 4
# An attempt goes on after the last epoch whose file was with the coordinator, or lay in its worker's folder: lost is what was
# trained while that file was on its way, or could not be sent for as long as a fault before it lasted. That is a time, as many
# epochs as the machine trains in it. On the average of the lost attempts, and once all that a fault can hold up:
MOST_SECONDS_TWICE_PER_LOST_ATTEMPT = 1.0
MOST_SECONDS_TWICE_ONCE = LONG_SECONDS


def sweep_text(seeds):
    return (f"name: {SWEEP}\ndataset: tiny\n"
            f"grid: {{model: [{', '.join(MODELS)}], slice_seconds: [1], seed: {list(range(1, seeds + 1))}}}\n"
            f"training: {{epochs: {EPOCHS}, patience: {EPOCHS}}}\n"
            "features: {clip_seconds: 2}\n"
            # Every death that is ours counts against these: they must not end a run.
            "max_attempts: 100\n")


def add_music(fleet, folder):
    fleet.tutti("dataset", "add", "tiny", os.path.join(folder, "music"))


def submit(fleet, folder, text):
    path = os.path.join(folder, "sweep.yaml")
    pathlib.Path(path).write_text(text, encoding="utf-8")
    fleet.tutti("submit", path)


def calm_run(options, folder, text):
    fleet = Fleet(options.bin, os.path.join(folder, "calm"))
    try:
        fleet.add_worker("calm", slots=2)
        add_music(fleet, folder)
        submit(fleet, folder, text)
        progress = facts.Progress(fleet, SWEEP, EPOCHS)
        wait_for("the calm run ends", progress.ended, 60 + 30 * options.kills)
        return facts.results(fleet, SWEEP, folder)
    finally:
        fleet.end()


def strike_all(options, faults, progress):
    """Spreads the kills over the sweep: the next one comes when its share of the work is done."""
    counts = collections.Counter()
    for number in range(1, options.kills + 1):
        due = (number - 0.5) / (options.kills + 1)
        wait_for(f"a share of {due:.2f} of the work is done", lambda due=due: progress.share() >= due)
        kind = faults.next_kind()
        hit = faults.strike(kind)
        counts[kind] += 1
        print(f"{number:4}  {kind}: {hit}", flush=True)
    return counts


def storm(options, folder):
    """The sweep under fire: its text in the end, its results and figures."""
    seeds = max(2, -(-options.kills // KILLS_PER_SEED))

    def lengthen():
        nonlocal seeds
        if progress.left() < FEWEST_RUNS_LEFT:
            seeds += MORE_SEEDS
            submit(fleet, folder, sweep_text(seeds))
    fleet = Fleet(options.bin, os.path.join(folder, "storm"))
    far_place = None
    try:
        address = fleet.coordinator.ready["listen"]
        far_place = FarPlace(options.tools, fleet.folder, address)
        for name in ("one", "two"):
            fleet.add_worker(name)
        profile = os.path.join(fleet.folder, "far.json")
        text_here = pathlib.Path(fleet.folder, "state", "worker.json").read_text(encoding="utf-8")
        pathlib.Path(profile).touch(mode=0o600)
        pathlib.Path(profile).write_text(text_here.replace(address, far_place.proxy.ready["listen"]), encoding="utf-8")
        fleet.add_worker(FAR, enter=far_place.enter, profile=profile)
        add_music(fleet, folder)
        submit(fleet, folder, sweep_text(seeds))
        progress = facts.Progress(fleet, SWEEP, EPOCHS)
        counts = strike_all(options, Faults(fleet, far_place, progress, lengthen, options.seed), progress)
        wait_for("the sweep ends", progress.ended)
        hit = facts.results(fleet, SWEEP, folder)
        wrong = facts.accepted_wrongly(fleet, hit)
        lost = facts.lost_attempts(fleet, hit, os.path.join(fleet.folder, "state"))
        return sweep_text(seeds), hit, counts, wrong, lost
    finally:
        fleet.end()
        if far_place is not None:
            far_place.end()


def judge(calm, hit, counts, wrong, lost):
    """What is not as it must be, a line each."""
    findings = facts.differences(calm, hit) + wrong
    deaths = counts["kill worker"] + counts["kill runner"]
    if deaths >= 2 and not lost:
        findings.append(f"{deaths} workers and runners were killed and no attempt was lost after an epoch: nothing was tried")
    went_on = sum(1 for attempt in lost if attempt["went_on_after"] > 0)
    if lost and went_on * 3 < len(lost):
        findings.append(f"{went_on} of {len(lost)} lost attempts went on after an epoch, expected at least a third")
    twice = epochs_twice(lost)
    seconds = twice * seconds_an_epoch(calm)
    bound = MOST_SECONDS_TWICE_ONCE + MOST_SECONDS_TWICE_PER_LOST_ATTEMPT * len(lost)
    if seconds > bound:
        findings.append(f"{twice} epochs, {seconds:.1f} s of training, were done twice for {len(lost)} lost attempts, expected at "
                        f"most {bound:.0f} s")
    return findings


def seconds_an_epoch(calm):
    return sum(run["seconds"] for run in calm.values()) / max(1, sum(run["epochs"] for run in calm.values()))


def epochs_twice(lost):
    # An attempt that was lost before it came as far as the one before lost nothing of its own.
    return sum(max(0, min(attempt["epoch"], attempt["next_told"]) - attempt["went_on_after"]) for attempt in lost)


def print_figures(options, calm, hit, counts, lost, seconds):
    rows = [("seed", options.seed), ("kills", sum(counts.values()))]
    rows += [(f"  {kind}", counts[kind]) for kind in sorted(counts)]
    attempts = sum(len(run["attempts"]) for run in hit.values())
    went_on = sum(1 for attempt in lost if attempt["went_on_after"] > 0)
    twice = epochs_twice(lost)
    all_epochs = sum(run["epochs"] for run in calm.values())
    rows += [("runs", len(hit)), ("attempts", attempts), ("lost after their first epoch", len(lost)),
             ("  of these, gone on after an epoch", f"{went_on} ({100 * went_on / max(1, len(lost)):.0f} %)"),
             ("epochs of all runs", all_epochs),
             ("  trained twice", f"{twice} ({100 * twice / max(1, all_epochs):.1f} %)"),
             ("  for one lost attempt, at most",
              max([max(0, attempt["epoch"] - attempt["went_on_after"]) for attempt in lost], default=0)),
             ("  seconds of training, for each lost attempt", f"{twice * seconds_an_epoch(calm) / max(1, len(lost)):.2f}"),
             ("calm run, seconds", f"{seconds[0]:.0f}"), ("with kills, seconds", f"{seconds[1]:.0f}")]
    print()
    for name, value in rows:
        print(f"{name:48}{value}")


def arguments():
    root = pathlib.Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(prog="chaos.sh")
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bin", default=str(root / "build/release/bin"), help="where the five programs are")
    parser.add_argument("--tools", help="where cutting-proxy and tiny-music are (default: ../tests seen from --bin)")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    options.tools = os.path.abspath(options.tools or os.path.join(options.bin, "../tests"))
    if options.kills < 1:
        parser.error("--kills: expected at least 1")
    return options


def run(options, folder):
    subprocess.run([f"{options.tools}/tiny-music", os.path.join(folder, "music")], check=True)
    begun = time.monotonic()
    text, hit, counts, wrong, lost = storm(options, folder)
    between = time.monotonic()
    calm = calm_run(options, folder, text)
    print_figures(options, calm, hit, counts, lost, (time.monotonic() - between, between - begun))
    return judge(calm, hit, counts, wrong, lost)


def main():
    options = arguments()
    # A stop leaves nothing running either.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda number, _: sys.exit(128 + number))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = tempfile.mkdtemp(prefix="tutti-chaos-")
    try:
        findings = run(options, folder)
    except (ChaosError, subprocess.CalledProcessError) as error:
        findings = [str(error)]
    if findings:
        print(f"\nchaos: seed {options.seed}: not as it must be:")
        for finding in findings:
            print(f"  {finding}")
        print(f"Logs and state are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    print(f"\nchaos: seed {options.seed}: all {options.kills} kills left the results as they were")
    return 0


if __name__ == "__main__":
    sys.exit(main())
