"""A whole sweep, features included: tutti local beside the study's way, one run after another in Python."""

import json
import pathlib
import shutil
import sys

from measure import KEEP_FREED_MEMORY, ROOT, Failed, Timer, faster, run

MODELS, SLICES, SEEDS, EPOCHS = ["cnn", "crnn2d", "crnn1d", "rnn"], [1, 3], [333, 123, 223], 2
TRACKS = 60

SWEEP = f"""name: bench
dataset: bench
grid: {{model: {json.dumps(MODELS)}, slice_seconds: {SLICES}, seed: {SEEDS}}}
training: {{epochs: {EPOCHS}, patience: {EPOCHS + 1}}}
split: {{test: 0.2, validation: 0.2}}
"""


def choose_music(setting):
    """TRACKS recorded tracks, as many of each class as of the others where there are enough."""
    source = setting.build / "test-music"
    run(ROOT / "deploy/demo/real_music.sh", source)
    classes = {folder.name: sorted(path for path in folder.iterdir() if path.name != "broken.ogg")
               for folder in sorted(source.iterdir()) if folder.is_dir()}
    chosen = setting.scratch / "music"
    turn = [(name, files) for name, files in classes.items() if files]
    taken = 0
    while taken < TRACKS:
        if not any(files for _, files in turn):
            raise Failed(f"{source} has only {taken} tracks, expected {TRACKS}")
        for name, files in turn:
            if files and taken < TRACKS:
                (chosen / name).mkdir(parents=True, exist_ok=True)
                path = files.pop(0)
                shutil.copyfile(path, chosen / name / path.name)  # no link: a dataset's files are its own
                taken += 1
    return chosen


def rows(setting):
    music = choose_music(setting)
    sweep = setting.scratch / "bench.yaml"
    sweep.write_text(SWEEP, encoding="utf-8")
    peer = pathlib.Path(__file__).parent / "sweep_peer.py"
    ours, peers = [], {"one after another": [], "one after another, allocator set as ours": []}
    for round_ in range(setting.rounds):
        with Timer() as timer:
            run(setting.binary("tutti"), "local", sweep, "--dataset", music, "--dir", setting.scratch / f"work-{round_}")
        ours.append(timer.seconds)
        for name, env in zip(peers, ({}, KEEP_FREED_MEMORY)):
            with Timer() as timer:
                run(sys.executable, peer, music, "--models", *MODELS, "--slices", *SLICES, "--seeds", *SEEDS, "--epochs",
                    EPOCHS, env=env)
            peers[name].append(timer.seconds)
    yield faster("sweep", ours, peers, 1.5, "s",
                 f"{len(MODELS)} models × {len(SLICES)} slices × {len(SEEDS)} seeds, {TRACKS} recorded tracks, {EPOCHS} "
                 "epochs, features included")
