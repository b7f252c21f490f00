#!/usr/bin/env python3
"""Scores against scikit-learn's: scores_test.py SCORES_PROBE"""

import sys
import warnings

import numpy as np
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score

from comparison import Comparison, largest_difference, run_json

CASES = 1000
# Both sum a few quotients in double, in another order.
BOUND = 1e-15


def random_case(rng):
    """Few or many songs; classes that are only labelled or only predicted; votes with many ties."""
    classes = int(rng.integers(1, 13))
    n = int(rng.choice([1, 2, 5, 12, 100, 400]))
    labels = rng.integers(0, classes, n)
    predictions = np.where(rng.random(n) < rng.random(), labels, rng.integers(0, classes, n))
    if rng.random() < 0.2:
        predictions = (labels + 1) % (classes + 1)  # no hit at all
    votes = rng.multinomial(rng.choice([1, 2, 5, 11, 60]), rng.dirichlet(np.full(classes, 5.0)), size=5)
    return {"labels": labels.tolist(), "predictions": predictions.tolist(), "votes": votes.tolist(),
            "classes": classes + 1}


def majority(votes):
    """The smallest of the classes that most slices voted for."""
    slices = np.repeat(np.arange(len(votes)), votes)
    return int(np.unique(slices)[np.argmax(np.unique(slices, return_counts=True)[1])])


def check_report(comparison, where, case, ours):
    """Every class has its row, also one that does not occur."""
    labels, predictions, classes = case["labels"], case["predictions"], list(range(case["classes"]))
    theirs = classification_report(labels, predictions, labels=classes, zero_division=0, output_dict=True)
    rows = [(str(label), row) for label, row in zip(classes, ours["report"]["classes"])]
    rows += [("macro avg", ours["report"]["macro"]), ("weighted avg", ours["report"]["weighted"])]
    for name, row in rows:
        expected = [theirs[name][key] for key in ("precision", "recall", "f1-score", "support")]
        comparison.check("classification report", f"{where} {name}", largest_difference(row, expected), BOUND)
    comparison.check("classification report", f"{where} accuracy",
                     abs(ours["report"]["accuracy"] - theirs["accuracy"]), BOUND)
    comparison.equal("confusion matrix", where, ours["confusion"],
                     confusion_matrix(labels, predictions, labels=classes).tolist())


def main():
    warnings.simplefilter("error")  # a score that scikit-learn calls ill-defined must be asked for with zero_division
    comparison = Comparison("scikit-learn", "numpy")
    rng = np.random.default_rng(3)
    cases = [random_case(rng) for _ in range(CASES)]
    ties = 0
    for i, (case, ours) in enumerate(zip(cases, run_json(sys.argv[1], cases))):
        labels, predictions = case["labels"], case["predictions"]
        f1 = f1_score(labels, predictions, average="macro", zero_division=0)
        comparison.check("macro F1", f"case {i}", abs(ours["f1_macro"] - f1), BOUND)
        comparison.check("accuracy", f"case {i}", abs(ours["accuracy"] - accuracy_score(labels, predictions)), BOUND)
        comparison.equal("majority of slices", f"case {i}", ours["majority"], [majority(v) for v in case["votes"]])
        check_report(comparison, f"case {i}", case, ours)
        ties += sum(v.count(max(v)) > 1 for v in case["votes"])
    comparison.equal("ties among the votes", "some", ties > CASES // 10, True)
    comparison.end()


if __name__ == "__main__":
    main()
