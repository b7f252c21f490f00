"""Trains on Tutti's shards and split: a class is the mean of its training songs' spectra."""
import array, json, sys

def spectrum(track, bands):
    """The track's mel spectrogram, averaged over time and into so many bands."""
    with open(track["shard"], "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))["mel"]
        mels, frames = header["shape"][1:]
        file.seek(header["data_offsets"][0] + 4 * track["row"] * mels * frames, 1)
        mel, size = array.array("f", file.read(4 * mels * frames)), mels * frames // bands
    return [sum(mel[band * size:(band + 1) * size]) / size for band in range(bands)]

job, bands = json.load(sys.stdin), int(sys.argv[1])
songs = {track["id"]: (track["label"], spectrum(track, bands)) for track in job["tracks"]}
classes = range(len(job["dataset"]["classes"]))
trained = [[x for label, x in map(songs.get, job["split"]["train"]) if label == c] for c in classes]
means = [[sum(column) / len(rows) for column in zip(*rows)] for rows in trained]

def predict(x):
    return min(classes, key=lambda c: sum((a - b) ** 2 for a, b in zip(x, means[c])))

predictions = [{"track": i, "label": songs[i][0], "predicted": predict(songs[i][1])} for i in job["split"]["test"]]
accuracy = sum(p["label"] == p["predicted"] for p in predictions) / len(predictions)
json.dump(means, open("means.json", "w"))
print(json.dumps({"event": "artifact", "name": "means", "path": "means.json"}))
print(json.dumps({"event": "result", "metrics": {"song_accuracy": accuracy}, "predictions": predictions}))
