"""Whole jobs by real workers: programs of one's own beside HyperQueue and Ray, how much of the slots' time runs, and what
a training notices of a coordinator that stands still."""

import json
import os
import signal
import sys
import time

from fleet import Coordinator, Process
from measure import ROOT, Row, Timer, faster, median, python, run

JOBS = 5_000
SHORT_RUNS = 48


def real_worker(setting, coordinator, folder, slots):
    worker = Process([setting.binary("tutti-worker"), "--profile", str(coordinator.state / "worker.json"), "--dir",
                      str(folder / "worker"), "--slots", str(slots), "--allow-command"], folder / "worker.log")
    worker.read_line()
    return worker


def tutti_commands(setting, folder):
    """Seconds from the submit to the last result row."""
    folder.mkdir()
    with Coordinator(setting, folder / "state") as coordinator, \
            real_worker(setting, coordinator, folder, os.cpu_count()):
        with Timer() as timer:
            coordinator.submit_no_ops("commands", JOBS, ["/bin/true"])
            coordinator.wait_for_results(JOBS)
    return timer.seconds


RAY = """
import subprocess, sys, time
import ray
jobs, cpus = int(sys.argv[1]), int(sys.argv[2])
ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False)
@ray.remote
def job():
    return subprocess.run(["/bin/true"]).returncode
ray.get([job.remote() for _ in range(4 * cpus)])  # warm workers
start = time.perf_counter()
assert not any(ray.get([job.remote() for _ in range(jobs)]))
print(time.perf_counter() - start)
"""


def ray(setting):
    out = run(sys.executable, "-c", RAY, JOBS, os.cpu_count(), env={"RAY_USAGE_STATS_ENABLED": "0"})
    return float(out.strip().splitlines()[-1])


def command(setting):
    ours, hq, rays = [], [], []
    for round_ in range(setting.rounds):
        ours.append(tutti_commands(setting, setting.scratch / f"tutti-{round_}"))
        hq.append(python("hyperqueue_peer.py", JOBS, "--cpus", os.cpu_count())["seconds"])
        rays.append(ray(setting))
    note = f"{JOBS} /bin/true, submit to all done; Tutti's are durable, the others' are not"
    yield faster("command, HyperQueue", ours, {"HyperQueue 0.27": hq}, 2.0, "s", note)
    yield faster("command, Ray", ours, {"Ray 2.60": rays}, 1.0, "s", note)


SHORT_SWEEP = """name: short
dataset: short
grid: {model: [rnn], slice_seconds: [1], seed: SEEDS}
training: {epochs: 3, patience: 3}
features: {clip_seconds: 6}
split: {test: 0.2, validation: 0.2}
"""


def busy(setting):
    """What the runners needed of each job (line read to result line written) over their slots' time, from the first start
    until no job waits any more."""
    folder = setting.scratch / "busy"
    folder.mkdir()
    music = setting.build / "bench-music"
    run(ROOT / "deploy/demo/make.sh", music, "--tracks", 12, "--seconds", 6)
    sweep = folder / "short.yaml"
    sweep.write_text(SHORT_SWEEP.replace("SEEDS", str(list(range(1, SHORT_RUNS + 1)))), encoding="utf-8")
    slots = os.cpu_count()
    with Coordinator(setting, folder / "state") as coordinator, real_worker(setting, coordinator, folder, slots):
        coordinator.tutti("dataset", "add", "short", music)
        coordinator.tutti("submit", sweep, "--wait")
        jobs = [job for job in json.loads(coordinator.tutti("jobs", "short", "--json")) if job["kind"] == "train"]
        shown = [json.loads(coordinator.tutti("show", job["id"], "--json")) for job in jobs]
    spans = []  # of each job in seconds: granted, started, its runner's own time
    for job in shown:
        (attempt,) = job["attempts"]
        spans.append((attempt["granted_at_unix_ms"] / 1000, attempt["started_at_unix_ms"] / 1000,
                      job["timings_seconds"]["total"]))
    begin = min(started for _, started, _ in spans)
    end = max(granted for granted, _, _ in spans)
    worked = sum(max(0.0, min(total, end - started)) for _, started, total in spans)
    share = worked / (slots * (end - begin))
    yield Row("busy", f"{100 * share:.2f} %", "100 %", "–", "98 %", share >= 0.98,
              f"{SHORT_RUNS} runs of {sum(total for _, _, total in spans) / len(spans):.2g} s on {slots} slots")


LONG_SWEEP = SHORT_SWEEP.replace("name: short", "name: long").replace("epochs: 3, patience: 3", "epochs: 60, patience: 60")
NOTICED = 1.05  # the most that an epoch may take longer


def epoch_seconds(setting, folder, music, stall_seconds):
    """Of one training's epochs; its coordinator stands still for stall_seconds of it. Returns them and the whole."""
    folder.mkdir()
    sweep = folder / "long.yaml"
    sweep.write_text(LONG_SWEEP.replace("SEEDS", "[1]"), encoding="utf-8")
    with Coordinator(setting, folder / "state") as coordinator, real_worker(setting, coordinator, folder, 1):
        coordinator.tutti("dataset", "add", "short", music)
        coordinator.tutti("submit", sweep)

        def training():
            (job,) = [job for job in json.loads(coordinator.tutti("jobs", "long", "--json")) if job["kind"] == "train"]
            return json.loads(coordinator.tutti("show", job["id"], "--json"))
        while not training()["epochs"]:
            time.sleep(0.05)
        if stall_seconds:
            coordinator.child.send_signal(signal.SIGSTOP)
            time.sleep(stall_seconds)
            coordinator.child.send_signal(signal.SIGCONT)
        coordinator.tutti("watch", "long")
        told = training()
    (_,) = told["attempts"]  # it was one and the same
    return [epoch["seconds"] for epoch in told["epochs"]], told["timings_seconds"]["train"]


def stalled(setting):
    music = setting.build / "bench-music"
    run(ROOT / "deploy/demo/make.sh", music, "--tracks", 12, "--seconds", 6)
    ratios, ours, calm = [], [], []
    for round_ in range(setting.rounds):
        undisturbed, seconds = epoch_seconds(setting, setting.scratch / f"calm-{round_}", music, 0)
        # All but the first and the last epochs are trained while nobody listens.
        disturbed, _ = epoch_seconds(setting, setting.scratch / f"stalled-{round_}", music, 0.9 * seconds)
        calm.append(1000 * median(undisturbed))
        ours.append(1000 * median(disturbed))
        ratios.append(ours[-1] / calm[-1])
    ratio = median(ratios)
    yield Row("metrics, a stalled coordinator", f"{median(ours):.4g} ms", f"undisturbed {median(calm):.4g} ms",
              f"{ratio:.2f}×", f"≤ {NOTICED:g}×", ratio <= NOTICED, "an epoch of rnn, its coordinator stopped meanwhile")
