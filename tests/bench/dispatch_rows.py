"""The coordinator under load: real gRPC and TLS, simulated workers, rows counted in its database."""

import json

from fleet import Coordinator, Swarm
from measure import Failed, Row, Timer, median, run

# The runs that are there before the clock starts, so that the first leases are not the submit's.
DISPATCH_JOBS = 60_000
LATENCY_SECONDS = 10
TABLE_CALLS = 100
STILL_TO_DO = 200_000  # runs of the sweep that is dispatched while tables are asked for
MILLION_WORKERS, MOST_MILLION_MB = 20, 1_500


def goal_row(name, value, goal, unit, note, at_least=True):
    met = value >= goal if at_least else value <= goal
    return Row(name, f"{value:.4g} {unit}", "–", "–", f"{'≥' if at_least else '≤'} {goal:g} {unit}", met, note)


def dispatch(setting):
    rates = []
    jobs = DISPATCH_JOBS // 3 if setting.quick else DISPATCH_JOBS
    for round_ in range(setting.rounds):
        folder = setting.scratch / f"dispatch-{round_}"
        folder.mkdir()
        with Coordinator(setting, folder / "state") as coordinator, \
                Swarm(setting, coordinator, 1_000, "--slots", 4) as swarm:
            coordinator.submit_no_ops("warm", 4_000)
            coordinator.wait_for_results(4_000)
            coordinator.submit_no_ops("noop", jobs)
            with Timer() as timer:
                before = coordinator.succeeded()
                coordinator.wait_for_results(4_000 + jobs)
            rates.append((4_000 + jobs - before) / timer.seconds)
            broken = swarm.report()["broken_sessions"]
            if broken:
                raise Failed(f"{broken} sessions broke")
    yield goal_row("dispatch", median(rates), 10_000, "jobs/s", "1,000 simulated workers of 4 slots, gRPC and TLS, "
                   "lease + result + rows each")


def latency(setting):
    """200 workers, a slot each, jobs of 150 to 250 ms: 1,000 jobs a second."""
    worst = []
    for round_ in range(setting.rounds):
        folder = setting.scratch / f"latency-{round_}"
        folder.mkdir()
        with Coordinator(setting, folder / "state") as coordinator:
            coordinator.submit_no_ops("noop", 20_000)
            with Swarm(setting, coordinator, 200, "--slots", 1, "--shortest-ms", 150, "--longest-ms", 250) as swarm:
                coordinator.wait_for_results(1_000 * LATENCY_SECONDS)
                worst.append(swarm.report()["latency_ms"]["p99"])
    yield goal_row("latency", median(worst), 20, "ms", "p99 from result to next lease, 200 workers, 1,000 jobs/s",
                   at_least=False)


def metrics(setting):
    rates = []
    for round_ in range(setting.rounds):
        folder = setting.scratch / f"metrics-{round_}"
        folder.mkdir()
        with Coordinator(setting, folder / "state") as coordinator, \
                Swarm(setting, coordinator, 50, "--slots", 2, "--epochs", 100):
            coordinator.submit_no_ops("points", 2_000)
            with Timer() as timer:
                before = coordinator.succeeded()
                coordinator.wait_for_results(2_000)
            rates.append((2_000 - before) * 100 / timer.seconds)
    yield goal_row("metrics", median(rates), 20_000, "points/s", "epoch points stored, 100 a run")


def million(setting):
    folder = setting.scratch / "million"
    folder.mkdir()
    state = folder / "state"
    with Coordinator(setting, state, "--heartbeat", "1s") as coordinator, \
            Swarm(setting, coordinator, MILLION_WORKERS, "--slots", 1, "--shortest-ms", 500, "--longest-ms", 500) as swarm:
        coordinator.submit_no_ops("busy", 1_000)
        coordinator.wait_for_results(20)
        swarm.report()
        with Timer() as submit:
            coordinator.submit_no_ops("million", 1_000_000)
        told = swarm.report()
        submitting = coordinator.peak_memory_mb()
    yield goal_row("million, submit", submit.seconds, 30, "s", "1,000,000 runs", at_least=False)
    with Coordinator(setting, state) as coordinator:
        restart = coordinator.seconds_to_ready
        restarted = coordinator.peak_memory_mb()
    yield goal_row("million, restart to serving", restart, 5, "s", "", at_least=False)
    yield goal_row("million, memory", max(submitting, restarted), MOST_MILLION_MB, "MB",
                   f"peak: {submitting:.0f} MB to the end of the submit, {restarted:.0f} MB of the restarted one", at_least=False)
    if told["heartbeats_timed"] < MILLION_WORKERS or told["broken_sessions"]:
        raise Failed(f"the heartbeats say nothing: {told}")
    yield goal_row("million, longest heartbeat wait", told["heartbeat_ms"]["max"] / 1000, 1, "s",
                   f"until its answer, of {told['heartbeats_timed']} while the million is submitted", at_least=False)


def tables(setting):
    """p99 of asking for a table over finished runs, while other jobs are dispatched."""
    for runs, goal_ms in ((10_000, 50), (100_000, 500)):
        folder = setting.scratch / f"tables-{runs}"
        folder.mkdir()
        with Coordinator(setting, folder / "state") as coordinator, \
                Swarm(setting, coordinator, 100, "--slots", 4) as swarm:
            coordinator.submit_no_ops("done", runs)
            coordinator.wait_for_results(runs)
            coordinator.submit_no_ops("going", STILL_TO_DO)
            told = run(setting.build / "tests" / "tutti-ask-table", coordinator.state / "reader.json", "done",
                       TABLE_CALLS)
            if swarm.report()["results"] >= runs + STILL_TO_DO:
                raise Failed("the dispatch was over before the tables were")
        times = sorted(json.loads(told)["milliseconds"])
        yield goal_row(f"tables, {runs:,} runs", times[int(0.99 * (len(times) - 1))], goal_ms, "ms",
                       f"p99 of {TABLE_CALLS} calls of GetTable while dispatching", at_least=False)
