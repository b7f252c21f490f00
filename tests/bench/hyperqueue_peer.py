#!/usr/bin/env python3
"""Seconds that HyperQueue takes for N /bin/true, from the submit to all done. Its wheel has no `hq` program: the server and
a worker of every core run in this process, the tasks as processes of their own without output files. JSON out.

Its client looks once a second. The end is taken to be where the rate up to the last look that found tasks to do leads to,
which is before the look that found none.
"""

import argparse
import json
import sys
import tempfile
import time

import hyperqueue.client
from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def end_of(start, looks, count):
    """When the last of count tasks was done. looks: (when, tasks finished by then), the last one finding all of them."""
    done_by = looks[-1][0]
    unfinished = [(when, finished) for when, finished in looks if 0 < finished < count]
    if not unfinished:
        return done_by
    when, finished = unfinished[-1]
    return min(done_by, when + (count - finished) * (when - start) / finished)


def seconds(client, count):
    job = Job()
    for _ in range(count):
        job.program(["/bin/true"], stdout=None, stderr=None)
    looks = []
    hyperqueue.client.create_progress_callback = lambda: lambda jobs: looks.append(
        (time.perf_counter(), sum(state["finished"] for state in jobs.values())))
    start = time.perf_counter()
    client.wait_for_jobs([client.submit(job)])
    looks.append((time.perf_counter(), count))
    return end_of(start, looks, count) - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", type=int)
    parser.add_argument("--cpus", type=int, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, LocalCluster(folder, WorkerConfig(arguments.cpus)) as cluster:
        client = cluster.client()
        seconds(client, 4 * arguments.cpus)  # the worker has started
        told = seconds(client, arguments.jobs)
    json.dump({"seconds": told}, sys.stdout)


if __name__ == "__main__":
    main()
