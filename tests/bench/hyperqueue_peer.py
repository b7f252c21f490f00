#!/usr/bin/env python3
"""Seconds that HyperQueue takes for N /bin/true, from the submit to all done. Its wheel has no `hq` program: the server and
a worker of every core run in this process, the tasks as processes of their own without output files. JSON out."""

import argparse
import json
import sys
import tempfile
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def seconds(client, count):
    job = Job()
    for _ in range(count):
        job.program(["/bin/true"], stdout=None, stderr=None)
    start = time.perf_counter()
    client.wait_for_jobs([client.submit(job)])
    return time.perf_counter() - start


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
