"""A coordinator and workers (real or simulated) as the benchmark's rows start them."""

import json
import re
import signal
import sqlite3
import subprocess
import time


class Process:
    """A daemon of ours; ended with its block."""

    def __init__(self, command, log, **options):
        self.log = open(log, "w", encoding="utf-8")
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, **options)

    def read_line(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.child.args[0]} ended: see {self.log.name}")
        return json.loads(line)

    def cpu_seconds(self):
        fields = open(f"/proc/{self.child.pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def peak_memory_mb(self):
        text = open(f"/proc/{self.child.pid}/status", encoding="utf-8").read()
        return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) * 1024 / 1e6

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(60)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()


class Coordinator(Process):
    def __init__(self, setting, state, *more):
        state.mkdir(exist_ok=True)
        super().__init__([setting.binary("tutti-coordinator"), "--state", str(state), "--listen", "127.0.0.1:0", *more],
                         state.parent / "coordinator.log")
        self.setting, self.state = setting, state
        start = time.perf_counter()
        self.read_line()
        self.seconds_to_ready = time.perf_counter() - start

    def tutti(self, *arguments):
        done = subprocess.run([self.setting.binary("tutti"), *map(str, arguments), "--profile", self.state / "admin.json"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"tutti {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def submit_no_ops(self, name, runs, command=("true",)):
        """A sweep of a program of one's own over runs points, in axes of at most 1,000 values."""
        axes, left, letter = [], runs, 0
        while left > 1:
            values = min(left, 1_000)
            axes.append(f"  {'abcdef'[letter]}: {list(range(values))}")
            left, letter = left // values, letter + 1
        words = json.dumps(list(command))
        path = self.state.parent / f"{name}.yaml"
        path.write_text(f"name: {name}\nrunner: {{command: {words}}}\ngrid:\n" + "\n".join(axes) + "\n", encoding="utf-8")
        self.tutti("submit", path)

    def succeeded(self):
        """Rows of accepted results in the database, read from outside."""
        database = sqlite3.connect(f"file:{self.state / 'tutti.db'}?mode=ro", uri=True, timeout=30)
        try:
            return database.execute("SELECT count(*) FROM result").fetchone()[0]
        finally:
            database.close()

    def wait_for_results(self, count, timeout=600):
        end = time.perf_counter() + timeout
        while self.succeeded() < count:
            if time.perf_counter() > end:
                raise RuntimeError(f"{self.succeeded()} of {count} results after {timeout} s")
            time.sleep(0.05)


class Swarm(Process):
    """Simulated workers; ready when every session is begun."""

    def __init__(self, setting, coordinator, workers, *more):
        super().__init__([str(setting.build / "tests" / "tutti-swarm"), "--profile", str(coordinator.state / "worker.json"),
                          "--workers", str(workers), *map(str, more)],
                         coordinator.state.parent / "swarm.log", stdin=subprocess.PIPE)
        self.read_line()

    def report(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return self.read_line()
