#!/usr/bin/env python3
"""Splits against scikit-learn's, index for index: splits_test.py SPLIT_PROBE"""

import sys
import warnings

import numpy as np
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, train_test_split

from comparison import Comparison, run_json

RANDOM_CASES = 200
# (tracks, seed): first test and validation positions; 100 songs a class, sorted, the 999 lack one of class 5.
# Written down from scikit-learn 1.5.2.
VECTORS = {
    (1000, 333): ([661, 608, 162, 956, 571], [683, 253, 931, 308]),
    (1000, 123): ([782, 306, 685, 622, 959], [182, 946, 746, 758]),
    (1000, 223): ([292, 288, 590, 546, 637], [756, 715, 800, 91]),
    (999, 333): ([337, 220, 444, 987, 732], [627, 270, 992, 396]),
    (999, 123): ([781, 306, 684, 621, 958], []),
    (999, 223): ([618, 433, 328, 272, 14], []),
}
FIRST_TRAINED = [176, 466, 846, 398]  # of (1000, 333)


def as_answer(train, validation, test):
    return {"train": [int(i) for i in train], "validation": [int(i) for i in validation],
            "test": [int(i) for i in test]}


def take_validation(rest, labels, case):
    return train_test_split(rest, test_size=case["validation"], stratify=labels[rest], random_state=case["seed"])


def stratified(case):
    labels = np.array(case["labels"])
    everything = np.arange(len(labels))
    rest, test = train_test_split(everything, test_size=case["test"], stratify=labels, random_state=case["seed"])
    # The same thing by its other name.
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=case["test"], random_state=case["seed"])
    assert [list(part) for part in next(splitter.split(everything, labels))] == [list(rest), list(test)]
    return as_answer(*take_validation(rest, labels, case), test)


def kfold(case):
    labels = np.array(case["labels"])
    splitter = StratifiedKFold(n_splits=case["folds"], shuffle=True, random_state=case["seed"])
    rest, test = list(splitter.split(labels, labels))[case["fold"]]
    return as_answer(*take_validation(rest, labels, case), test)


def theirs(case):
    """None where scikit-learn refuses or warns of a class with fewer members than folds."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return (kfold if case["kind"] == "kfold" else stratified)(case)
        except (ValueError, UserWarning):
            return None


def random_labels(rng):
    classes = rng.choice(50, size=rng.integers(2, 13), replace=False)
    n = int(rng.integers(20, 1500))
    labels = rng.choice(classes, size=n, p=rng.dirichlet(np.full(len(classes), rng.choice([0.7, 5.0]))))
    if rng.random() < 0.3:  # equal classes: every remainder ties
        labels = np.repeat(classes, n // len(classes) + 1)
    order = rng.integers(3)
    return [int(x) for x in (np.sort(labels) if order == 0 else rng.permutation(labels) if order == 1 else labels)]


def random_case(rng, kind):
    share = (0.1, 0.2, 0.25, 1 / 3, 0.5, float(rng.uniform(0.02, 0.9)))
    case = {"kind": kind, "labels": random_labels(rng), "seed": int(rng.integers(0, 2**32)),
            "test": share[rng.integers(6)], "validation": share[rng.integers(6)]}
    if rng.random() < 0.3:
        case["seed"] = int((333, 123, 223, 0)[rng.integers(4)])
    if kind == "kfold":
        case["folds"] = int(rng.integers(2, 11))
        case["fold"] = int(rng.integers(case["folds"]))
    return case


def vector_case(tracks, seed):
    labels = [label for label in range(10) for _ in range(99 if label == 5 and tracks == 999 else 100)]
    return {"kind": "stratified", "labels": labels, "test": 0.1, "validation": 0.1, "seed": seed}


def check_vectors(comparison, probe):
    answers = run_json(probe, [vector_case(*key) for key in VECTORS])
    for (key, (test, validation)), answer in zip(VECTORS.items(), answers):
        comparison.equal("the study's splits, written down", f"{key} test", answer["test"][: len(test)], test)
        comparison.equal("the study's splits, written down", f"{key} validation",
                         answer["validation"][: len(validation)], validation)
        comparison.equal("the study's splits", f"{key}", answer, theirs(vector_case(*key)))
        if key == (1000, 333):
            comparison.equal("the study's splits, written down", f"{key} train", answer["train"][:4], FIRST_TRAINED)
        if key == (999, 333):
            sizes = [len(answer[part]) for part in ("train", "validation", "test")]
            comparison.equal("the study's splits, written down", f"{key} sizes", sizes, [809, 90, 100])


def check_random(comparison, probe, kind):
    rng = np.random.default_rng(11)
    cases, refused = [], []
    while len(cases) < RANDOM_CASES:
        case = random_case(rng, kind)
        answer = theirs(case)
        (refused if answer is None else cases).append((case, answer))
    for i, ((case, answer), ours) in enumerate(zip(cases, run_json(probe, [case for case, _ in cases]))):
        comparison.equal(f"{RANDOM_CASES} random {kind} splits", f"case {i}", ours, answer)
    for i, ours in enumerate(run_json(probe, [case for case, _ in refused])):
        comparison.equal(f"{len(refused)} {kind} splits that scikit-learn refuses", f"case {i}", "refused" in ours, True)


def main():
    comparison = Comparison("scikit-learn", "numpy")
    check_vectors(comparison, sys.argv[1])
    check_random(comparison, sys.argv[1], "stratified")
    check_random(comparison, sys.argv[1], "kfold")
    comparison.end()


if __name__ == "__main__":
    main()
