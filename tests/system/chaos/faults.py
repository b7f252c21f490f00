"""What is done to the fleet: each fault hits while an attempt runs, and is mended afterwards."""

import os
import random
import signal
import time

from fleet import LEASE_SECONDS, wait_for

FAR = "far"
# Not every fault outlasts the lease: what is over sooner must cost nothing.
SHORT_SECONDS = 1.0
LONG_SECONDS = LEASE_SECONDS + 2.0


# Sudden deaths are half of all faults: they are what costs work.
KILLS = ["kill coordinator", "kill worker", "kill runner"]
FREEZES = ["freeze coordinator", "freeze worker", "freeze runner"]
CUTS = ["cut, reset", "cut, swallowed", "cut, packets vanish"]


class Faults:
    """Draws from a shuffled deck in which each kind comes once, a kill twice, and each four hold two kills, a freeze and a cut.

    lengthen() gives the sweep more to train where little is left of it."""

    def __init__(self, fleet, far_place, progress, lengthen, seed):
        self.fleet = fleet
        self.far = far_place
        self.progress = progress
        self.lengthen = lengthen
        self.random = random.Random(seed)
        self.deck = []
        self.kinds = {
            "kill coordinator": self.kill_coordinator,
            "kill worker": self.kill_worker,
            "kill runner": self.kill_runner,
            "freeze coordinator": self.freeze_coordinator,
            "freeze worker": self.freeze_worker,
            "freeze runner": self.freeze_runner,
            "cut, reset": self.cut_by_reset,
            "cut, swallowed": self.cut_by_swallowing,
            "cut, packets vanish": self.cut_by_vanishing,
        }

    def next_kind(self):
        if not self.deck:
            kills, freezes, cuts = (self.random.sample(kinds, len(kinds)) for kinds in (KILLS * 2, FREEZES, CUTS))
            while kills:
                self.deck += self.random.sample(four := [kills.pop(), kills.pop(), freezes.pop(), cuts.pop()], len(four))
        return self.deck.pop()

    def strike(self, kind):
        """Does it and mends it; gives what it hit, in words."""
        return self.kinds[kind]()

    def busy_worker(self, names=None):
        """A worker in the middle of a training, by the coordinator's word, and its runner."""
        def find():
            # At each look: the others may end all of the sweep before the worker that is waited for is back.
            self.lengthen()
            workers = sorted({job["worker"] for job in self.progress.running() if names is None or job["worker"] in names})
            busy = [(name, runner) for name in workers if (runner := self.fleet.runner_of(name)) is not None]
            return self.random.choice(busy) if busy else None
        return wait_for(f"a training on {' or '.join(names or ['any worker'])}", find)

    def to_runner(self, number):
        """Sends the signal to the runner of a training; its worker, and the runner."""
        def send():
            name, runner = self.busy_worker()
            try:
                os.kill(runner, number)
            except ProcessLookupError:
                return None  # it ended since
            return name, runner
        return wait_for("a runner that gets the signal", send)

    def how_long(self):
        return self.random.choice([SHORT_SECONDS, LONG_SECONDS])

    def hold(self, seconds, look=True):
        """The fault lasts; one that outlasts the lease at least until the coordinator has noticed."""
        events = self.progress.last_event() if look else 0
        time.sleep(seconds)
        if look and seconds > LEASE_SECONDS:
            wait_for("the coordinator notices it", lambda: self.progress.noticed_since(events), 3 * LEASE_SECONDS)

    def kill_coordinator(self):
        self.busy_worker()
        self.fleet.coordinator.kill()
        self.fleet.coordinator.start()
        return "the coordinator"

    def kill_worker(self):
        name, _ = self.busy_worker()
        self.fleet.workers[name].kill()
        self.fleet.workers[name].start()
        return name

    def kill_runner(self):
        name, _ = self.to_runner(signal.SIGKILL)
        return f"{name}'s runner"

    def freeze_coordinator(self):
        self.busy_worker()
        seconds = self.how_long()
        os.kill(self.fleet.coordinator.pid, signal.SIGSTOP)
        self.hold(seconds, look=False)
        os.kill(self.fleet.coordinator.pid, signal.SIGCONT)
        return f"the coordinator for {seconds:.0f} s"

    def freeze_worker(self):
        name, _ = self.busy_worker()
        seconds = self.how_long()
        os.kill(self.fleet.workers[name].pid, signal.SIGSTOP)
        self.hold(seconds)
        os.kill(self.fleet.workers[name].pid, signal.SIGCONT)
        return f"{name} for {seconds:.0f} s"

    def freeze_runner(self):
        seconds = self.how_long()
        name, runner = self.to_runner(signal.SIGSTOP)
        # Its worker goes on telling that it holds the attempt: the coordinator has nothing to notice.
        self.hold(seconds, look=False)
        if self.fleet.runner_of(name) == runner:
            os.kill(runner, signal.SIGCONT)
        return f"{name}'s runner for {seconds:.0f} s"

    def cut_by_reset(self):
        self.busy_worker([FAR])
        self.far.proxy.say("reset")
        return "the far worker's connections"

    def cut_by_swallowing(self):
        self.busy_worker([FAR])
        way = self.random.choice(["up", "down", "both"])
        seconds = self.how_long()
        self.far.proxy.say(f"swallow {way}")
        self.hold(seconds, look=way != "down")
        self.far.mend()
        return f"{way} for {seconds:.0f} s"

    def cut_by_vanishing(self):
        self.busy_worker([FAR])
        way = self.random.choice(["up", "down", "both"])
        seconds = self.how_long()
        self.far.vanish(way)
        self.hold(seconds, look=way != "down")
        self.far.mend()
        return f"{way} for {seconds:.0f} s"
