"""A coordinator and workers as real processes, and what can be asked of them with `tutti`."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time

LEASE_SECONDS = 3
PATIENCE_SECONDS = 240  # for whatever must come to hold


class ChaosError(Exception):
    """Something did not come to hold: the fleet is stuck, or did what it must not."""


def wait_for(what, condition, seconds=PATIENCE_SECONDS):
    """What the condition gives once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ChaosError(f"{what}: did not come to hold within {seconds:.0f} s")
        time.sleep(0.2)  # each look starts a client


class Program:
    """A process that says one ready line; its stderr goes to a log file that grows over restarts."""

    def __init__(self, name, command, log, enter=()):
        self.name = name
        self.command = [*enter, *command]
        self.log = log
        self.process = None
        self.ready = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, start_new_session=True)
        line = self.read_line(PATIENCE_SECONDS)
        if not line:
            raise ChaosError(f"{self.name} did not become ready; see {self.log}")
        self.ready = json.loads(line)

    def read_line(self, seconds):
        readable, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline().decode() if readable else ""

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        if self.read_line(PATIENCE_SECONDS).strip() != "ok":
            raise ChaosError(f"{self.name} did not take {text!r}")

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def end(self):
        if self.alive():
            os.kill(self.pid, signal.SIGCONT)
            os.kill(self.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=40)
        self.kill()


def children_of(pid, name):
    """Living processes with this parent and this program's name."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                text = stat.read()
            fields = text[text.rindex(")") + 2:].split()
            if int(fields[1]) == pid and fields[0] != "Z" and text[text.index("(") + 1:text.rindex(")")] == name:
                found.append(int(entry))
    return found


class Fleet:
    """One coordinator in `folder`/state, and its workers."""

    def __init__(self, bin_folder, folder, listen="127.0.0.1:0"):
        self.bin = bin_folder
        self.folder = folder
        os.makedirs(folder)
        self.coordinator = Program(
            "the coordinator",
            [f"{bin_folder}/tutti-coordinator", "--state", f"{folder}/state", "--listen", listen, "--lease",
             f"{LEASE_SECONDS}s", "--heartbeat", "500ms", "--log-level", "info"],
            f"{folder}/coordinator.log")
        self.coordinator.start()
        self.workers = {}

    def add_worker(self, name, slots=1, enter=(), profile=None):
        worker = Program(
            f"worker {name}",
            [f"{self.bin}/tutti-worker", "--profile", profile or f"{self.folder}/state/worker.json", "--dir",
             f"{self.folder}/{name}", "--name", name, "--slots", str(slots), "--resume-interval", "0s",
             "--resume-upload-interval", "0s"],
            f"{self.folder}/{name}.log", enter)
        self.workers[name] = worker
        worker.start()
        return worker

    def runner_of(self, name):
        """The process that trains for this worker now, or None."""
        worker = self.workers[name]
        runners = children_of(worker.pid, "tutti-train") if worker.alive() else []
        return runners[0] if runners else None

    def tutti(self, *arguments):
        """Runs `tutti`; again while no coordinator answers."""
        command = [f"{self.bin}/tutti", *arguments, "--profile", f"{self.folder}/state/admin.json"]

        def run():
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode not in (0, 3):
                raise ChaosError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
            return done if done.returncode == 0 else None

        return wait_for(" ".join(command), run).stdout

    def json(self, *arguments):
        return json.loads(self.tutti(*arguments, "--json"))

    def json_lines(self, *arguments):
        return [json.loads(line) for line in self.tutti(*arguments, "--json").splitlines()]

    def end(self):
        for program in [*self.workers.values(), self.coordinator]:
            program.end()

    def kill(self):
        for program in [*self.workers.values(), self.coordinator]:
            program.kill()


class FarPlace:
    """A network namespace with one link here, and a proxy on this side of it."""

    HERE = "10.77.0.1"
    THERE = "10.77.0.2"

    def __init__(self, tools, folder, coordinator):
        ip = shutil.which("ip")
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; read -r ended"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.enter = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        for command in (
                [ip, "link", "set", "lo", "up"],
                [ip, "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(self.holder.pid)],
                [ip, "addr", "add", f"{self.HERE}/24", "dev", "near"],
                [ip, "link", "set", "near", "up"],
                [*self.enter, ip, "addr", "add", f"{self.THERE}/24", "dev", "far"],
                [*self.enter, ip, "link", "set", "far", "up"]):
            subprocess.run(command, check=True)
        self.proxy = Program("the proxy", [f"{tools}/cutting-proxy", self.HERE, coordinator], f"{folder}/proxy.log")
        self.proxy.start()

    def vanish(self, way):
        """From now on packets are lost on the way up (from there), down or both; nobody is told."""
        nowhere = "02:00:00:00:00:77"
        if way in ("up", "both"):
            self._neighbour(self.enter, ["replace", self.HERE, "lladdr", nowhere, "nud", "permanent"], "far")
        if way in ("down", "both"):
            self._neighbour([], ["replace", self.THERE, "lladdr", nowhere, "nud", "permanent"], "near")

    def mend(self):
        self.proxy.say("swallow nothing")
        self._neighbour(self.enter, ["del", self.HERE], "far")
        self._neighbour([], ["del", self.THERE], "near")

    @staticmethod
    def _neighbour(enter, arguments, device):
        subprocess.run([*enter, shutil.which("ip"), "neigh", *arguments, "dev", device], check=arguments[0] != "del",
                       stderr=subprocess.DEVNULL)

    def end(self):
        self.proxy.kill()
        self.holder.kill()
        self.holder.wait()
