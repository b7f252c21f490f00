"""What a sweep has come to, by the coordinator's word, and how two of them differ."""

import hashlib
import os
import sqlite3


class Progress:
    """How far a sweep is while it runs."""

    def __init__(self, fleet, sweep, epochs):
        self.fleet = fleet
        self.sweep = sweep
        self.epochs = epochs

    def runs(self):
        return [job for job in self.fleet.json("jobs", self.sweep) if job["kind"] == "train"]

    def running(self):
        """Runs that train now and have told an epoch."""
        return [job for job in self.runs() if job["phase"] == "running" and job["last_epoch"]]

    def share(self):
        done = total = 0
        for job in self.runs():
            total += self.epochs
            if job["phase"] == "succeeded":
                done += self.epochs
            elif job["last_epoch"]:
                done += min(job["last_epoch"]["epoch"], self.epochs)
        return done / total if total else 0.0

    def left(self):
        """Runs that have not ended."""
        return sum(1 for job in self.runs() if job["phase"] not in ("succeeded", "failed", "cancelled"))

    def ended(self):
        return all(job["phase"] in ("succeeded", "failed", "cancelled") for job in self.runs())

    def events(self, after=0):
        return self.fleet.json_lines("events", "--after", str(after))

    def last_event(self):
        events = self.events()
        return events[-1]["number"] if events else 0

    def noticed_since(self, number):
        """An attempt was lost since then, or has ended otherwise, so that there is nothing to lose."""
        return any(event["kind"].startswith("attempt_") and event["kind"] not in ("attempt_granted", "attempt_started")
                   or event["kind"] == "result_accepted" for event in self.events(number))


def curve_digest(epochs):
    """SHA-256 of a curve's numbers as hex floats; how long an epoch took is left out."""
    text = "".join(
        " ".join([str(point["epoch"]), *(float(point[name]).hex() for name in
                                         ("train_loss", "train_accuracy", "val_loss", "val_accuracy"))]) + "\n"
        for point in epochs)
    return hashlib.sha256(text.encode()).hexdigest()


def results(fleet, sweep, scratch):
    """Of each run, by its configuration: the digests of its best weights and of its curve."""
    found = {}
    for job in fleet.json("jobs", sweep):
        if job["kind"] != "train":
            continue
        config = job["config"]
        name = f"{config['model']} seed {config['seed']}"
        shown = fleet.json("show", str(job["id"]))
        weights = ""
        if job["phase"] == "succeeded":
            path = os.path.join(scratch, f"{job['id']}.safetensors")
            fleet.tutti("checkpoint", "get", str(job["id"]), path)
            with open(path, "rb") as file:
                weights = hashlib.sha256(file.read()).hexdigest()
            os.remove(path)
        found[name] = {"id": job["id"], "phase": job["phase"], "weights": weights,
                       "curve": curve_digest(shown["epochs"]), "epochs": len(shown["epochs"]),
                       "seconds": sum(point["seconds"] for point in shown["epochs"]), "attempts": shown["attempts"]}
    return found


def differences(calm, hit):
    """One line for each thing that is not as in the calm run."""
    lines = []
    for name in sorted(calm.keys() | hit.keys()):
        if name not in calm or name not in hit:
            lines.append(f"{name}: only in {'the calm run' if name in calm else 'the other'}")
            continue
        for what in ("phase", "weights", "curve", "epochs"):
            if calm[name][what] != hit[name][what]:
                lines.append(f"{name}: {what}: calm {calm[name][what]}, now {hit[name][what]}")
    return lines


def accepted_wrongly(fleet, hit):
    """Runs whose log of events has not exactly one accepted result."""
    counts = {}
    for event in fleet.json_lines("events"):
        if event["kind"] == "result_accepted":
            counts[event["job"]] = counts.get(event["job"], 0) + 1
    return [f"{name}: {counts.get(run['id'], 0)} results accepted, expected 1"
            for name, run in sorted(hit.items()) if counts.get(run["id"], 0) != 1]


def epochs_told(state):
    """(job, attempt) → the last epoch that the coordinator knows of it. No command tells it of attempts that were lost."""
    with sqlite3.connect(f"file:{state}/tutti.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT job, attempt, max(epoch) FROM epoch GROUP BY job, attempt").fetchall()
    return {(job, attempt): epoch for job, attempt, epoch in rows}


def went_on_after(fleet, job, attempt):
    """The epoch after which an attempt went on; 0: it began at the first."""
    for line in fleet.json_lines("logs", str(job), "--attempt", str(attempt)):
        if "going on after epoch " in line["text"]:
            return int(line["text"].rsplit(" ", 1)[1])
    return 0


def lost_attempts(fleet, hit, state):
    """Attempts that had told an epoch and were not the accepted one, each with what the next one made of it."""
    told = epochs_told(state)
    lost = []
    for name, run in sorted(hit.items()):
        numbers = [attempt["attempt"] for attempt in run["attempts"]]
        for attempt, following in zip(run["attempts"], numbers[1:]):
            epoch = told.get((run["id"], attempt["attempt"]), 0)
            if attempt["outcome"] == "succeeded" or epoch == 0:
                continue
            lost.append({"run": name, "attempt": attempt["attempt"], "epoch": epoch, "outcome": attempt["outcome"],
                         "failure": attempt["failure"], "message": attempt["message"],
                         "went_on_after": went_on_after(fleet, run["id"], following),
                         "next_told": told.get((run["id"], following), 0)})
    return lost
