#!/usr/bin/env python3
"""Renders the demo set: ten genres of labelled music by MMA, FluidSynth and a General MIDI soundfont.

DIR/GENRE/GENRE.00000.wav … and DIR/groups.csv (path,group; the group is the artist). The same seed gives the same bytes.
What is there already is kept, so an interrupted set is completed.
"""

import argparse
import array
import concurrent.futures
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import wave

import compose
import styles

SOUNDFONT = "/usr/share/sounds/sf2/TimGM6mb.sf2"
STAMP = ".demo-set.json"
RECIPE = 1  # grows when the same seed would give other music
SYNTH_GAIN = "0.5"
LOUDEST = 30_000


def run(command, folder):
    """Runs a tool inside `folder`, so that whatever it writes beside its output goes with it."""
    environment = dict(os.environ, HOME=str(folder))
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout.strip()}")
    return done.stdout


def read_wave(path):
    with wave.open(str(path)) as source:
        samples = array.array("h", source.readframes(source.getnframes()))
        return samples, source.getframerate()


def write_wave(path, samples, rate, channels):
    with wave.open(str(path), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.tobytes())


def cut(samples, rate, seconds, stereo):
    """Exactly `seconds` of it; mono is the mean of both channels; scaled down where it would clip."""
    frames = int(rate * seconds)
    samples = samples[: 2 * frames]
    samples.extend([0] * (2 * frames - len(samples)))
    if not stereo:
        samples = array.array("h", ((a + b) // 2 for a, b in zip(samples[0::2], samples[1::2])))
    peak = max(max(samples), -min(samples))
    if peak == 0:
        raise RuntimeError("the synthesizer gave silence")
    if peak > LOUDEST:
        samples = array.array("h", (s * LOUDEST // peak for s in samples))
    return samples


def render(job):
    """One track to its file; returns the path relative to the set, and the artist."""
    seed, genre, index, seconds, root = job
    track = compose.compose(seed, genre, index, seconds)
    relative = f"{genre}/{genre}.{index:05d}.wav"
    target = pathlib.Path(root) / relative
    if target.exists():
        return relative, track.artist
    rate = 44_100 if track.stereo_44100 else 22_050
    with tempfile.TemporaryDirectory(prefix="tutti-demo-") as name:
        folder = pathlib.Path(name)
        (folder / "song.mma").write_text(track.song)
        said = run(["mma", "-f", "song.mid", "song.mma"], folder)
        if not (folder / "song.mid").exists():
            raise RuntimeError(f"mma made no song for {relative}:\n{said.strip()}")
        run(["fluidsynth", "-ni", "-q", "-g", SYNTH_GAIN, "-r", str(rate), "-T", "wav", "-O", "s16",
             "-F", "song.wav", SOUNDFONT, "song.mid"], folder)
        samples, got_rate = read_wave(folder / "song.wav")
        samples = cut(samples, got_rate, seconds, track.stereo_44100)
        write_wave(folder / "cut.wav", samples, got_rate, 2 if track.stereo_44100 else 1)
        # Complete or absent: a set that was interrupted has no half tracks.
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(folder / "cut.wav", part)
        os.replace(part, target)
    return relative, track.artist


def write_groups(root, rows):
    with open(root / "groups.csv", "w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["path", "group"])
        writer.writerows(sorted(rows))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Renders a labelled music set of ten genres.",
        epilog="Example: deploy/demo/make.sh build/demo-music --tracks 12 --seconds 6")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tracks", type=int, default=12, help="tracks a genre (default 12)")
    parser.add_argument("--seconds", type=float, default=6, help="length of a track (default 6)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="100 tracks of 30 s a genre")
    options = parser.parse_args()
    if options.full:
        options.tracks, options.seconds = 100, 30
    if options.tracks < 1 or not 1 <= options.seconds <= 600:
        parser.error("expected --tracks of at least 1 and --seconds of 1 to 600")
    return options


def check_tools():
    missing = [tool for tool in ("mma", "fluidsynth") if shutil.which(tool) is None]
    if not pathlib.Path(SOUNDFONT).exists():
        missing.append("timgm6mb-soundfont")
    if missing:
        sys.exit(f"demo set: missing {', '.join(missing)}: run deploy/setup.sh")


def main():
    options = parse_arguments()
    check_tools()
    root = options.folder
    recipe = {"recipe": RECIPE, "seed": options.seed, "tracks": options.tracks,
              "seconds": options.seconds}
    stamp = root / STAMP
    if root.exists() and any(root.iterdir()):
        if not stamp.exists():
            sys.exit(f"demo set: {root} holds something else; name a new or empty folder")
        before = json.loads(stamp.read_text())
        if {key: before.get(key) for key in recipe} != recipe:
            sys.exit(f"demo set: {root} holds another set ({before}); name a new or empty folder")
        if before.get("complete"):
            print(f"demo set: {root} is complete")
            return
    for genre in styles.GENRES:
        (root / genre).mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps(recipe))
    jobs = [(options.seed, genre, index, options.seconds, str(root))
            for genre in styles.GENRES for index in range(options.tracks)]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        rows = []
        for row in pool.map(render, jobs):
            rows.append(row)
            if len(rows) % 100 == 0:
                print(f"demo set: {len(rows)} of {len(jobs)} tracks", flush=True)
    write_groups(root, rows)
    stamp.write_text(json.dumps(recipe | {"complete": True}))
    print(f"demo set: {len(rows)} tracks of {options.seconds:g} s in {root}")


if __name__ == "__main__":
    main()
