#!/usr/bin/env python3
"""What run.py promises of its rows, with rows that take no time: which are asked for, told, missed and written down."""

import contextlib
import io
import pathlib
import tempfile
import unittest
from unittest import mock

import run
from measure import Bench, Failed, Row, faster


def row(name, met=True):
    return Row(name, "1 ms", "2 ms", "2.00×", "1.5×", met)


def gives(*rows):
    """A Bench whose lines are those of the rows."""
    return Bench(lambda setting: iter(rows), *(one.name for one in rows))


class ChosenRows(unittest.TestCase):
    def test_without_words_all_rows_of_the_issue_are_run(self):
        self.assertEqual(run.chosen([], quick=False),
                         ["features-1", "features-all", "step-crnn2d", "step-cnn", "step-crnn1d", "step-rnn", "sweep", "busy",
                          "command", "dispatch", "latency", "metrics", "million", "tables", "gpu-step", "gpu-grid"])

    def test_quick_is_the_six_rows_that_say_most(self):
        self.assertEqual(run.chosen([], quick=True),
                         ["features-1", "step-crnn1d", "step-rnn", "command", "dispatch", "tables"])

    def test_a_word_is_a_row_or_a_group_and_each_row_is_run_once(self):
        self.assertEqual(run.chosen(["million", "step-rnn"], quick=False), ["step-rnn", "million"])
        self.assertEqual(run.chosen(["step", "step-rnn"], quick=False), run.GROUPS["step"])

    def test_every_row_is_in_one_group(self):
        self.assertEqual(sorted(name for names in run.GROUPS.values() for name in names), sorted(run.ROWS))

    def test_a_word_that_is_none_is_answered_with_those_that_are(self):
        with self.assertRaisesRegex(ValueError, "no row step-lstm; there are features-1, .*groups of them: features"):
            run.chosen(["step-lstm"], quick=False)

    def test_every_part_of_a_row_must_be_told(self):
        lines = {line for bench in run.ROWS.values() for line in bench.lines}
        self.assertLessEqual({"command, HyperQueue", "command, Ray", "step-rnn 1 s", "step-rnn 5 s", "metrics",
                              "metrics, a stalled coordinator", "million, submit", "million, restart to serving", "million, memory",
                              "million, longest heartbeat wait", "tables, 10,000 runs", "tables, 100,000 runs"}, lines)


class WholeRuns(unittest.TestCase):
    def run_with(self, rows, words=()):
        """(exit code, stdout, stderr, what was appended)."""
        out, err = io.StringIO(), io.StringIO()
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(run, "ROWS", rows), \
                mock.patch.object(run, "GROUPS", {"pair": list(rows)}), contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err):
            results = pathlib.Path(folder) / "RESULTS.md"
            code = run.main([*words, "--build", folder, "--results", str(results)])
            return code, out.getvalue(), err.getvalue(), results.read_text(encoding="utf-8")

    def test_rows_that_meet_their_goals_end_well(self):
        code, out, err, results = self.run_with({"one": gives(row("one")), "two": gives(row("two, a"), row("two, b"))})
        self.assertEqual((code, err), (0, ""))
        for text in (out, results):
            for name in ("one", "two, a", "two, b"):
                self.assertIn(f"| {name} | 1 ms | 2 ms | 2.00× | 1.5× | MET |", text)
            self.assertIn("; commit ", text)

    def test_a_part_that_is_missing_is_a_failure_also_of_a_group_that_was_named(self):
        rows = {"one": gives(row("one")), "two": Bench(lambda setting: [row("two, a")], "two, a", "two, b")}
        for words in ([], ["two"], ["pair"]):
            code, _, err, results = self.run_with(rows, words)
            self.assertEqual(code, 1)
            self.assertEqual(err, "bench: missing row: two, b\n")
            self.assertIn("missing row: two, b", results)

    def test_a_name_that_only_begins_like_a_missing_one_does_not_stand_in_for_it(self):
        code, _, err, _ = self.run_with({"one": Bench(lambda setting: [row("one, more")], "one")})
        self.assertEqual(code, 1)
        self.assertEqual(err, "bench: missing row: one\nbench: unexpected row: one, more\n")

    def test_a_goal_that_is_not_met_is_written_down_and_a_failure(self):
        code, out, err, results = self.run_with({"one": gives(row("one", met=False)), "two": gives(row("two"))})
        self.assertEqual((code, err), (1, "bench: goal not met: one\n"))
        self.assertIn("| NOT MET |", out)
        self.assertIn("| NOT MET |", results)
        self.assertIn("| two |", results)

    def test_a_row_that_breaks_does_not_keep_the_others_from_being_measured(self):
        def breaks(setting):
            yield row("one, a")
            raise Failed("hq: ended with 1")
        code, _, err, results = self.run_with({"one": Bench(breaks, "one, a", "one, b"), "two": gives(row("two"))})
        self.assertEqual(code, 1)
        self.assertIn("hq: ended with 1", err)
        self.assertIn("bench: missing row: one, b", err)
        self.assertIn("| one, a |", results)
        self.assertIn("| two |", results)

    def test_what_cannot_be_measured_here_is_told_and_no_failure(self):
        code, out, _, _ = self.run_with({"gpu-step": Bench(run.not_here("gpu-step", "5×"), "gpu-step")})
        self.assertEqual(code, 0)
        self.assertIn("| not run |", out)

    def test_rows_are_told_one_after_another(self):
        seen = []

        def second(setting):
            seen.append(run.sys.stdout.getvalue())
            return [row("two")]
        self.run_with({"one": gives(row("one")), "two": Bench(second, "two")})
        self.assertIn("| one |", seen[0])


class Peers(unittest.TestCase):
    def test_the_goal_counts_against_the_faster_peer_pair_by_pair(self):
        told = faster("x", [10.0, 20.0, 10.0], {"slow": [90.0, 90.0, 90.0], "quick": [20.0, 30.0, 30.0]}, 2.0, "ms")
        self.assertEqual((told.ratio, told.met), ("2.00×", True))  # the median of 2, 1.5 and 3
        self.assertEqual(told.peer, "slow 90 ms, quick 30 ms")
        self.assertFalse(faster("x", [10.0], {"a": [19.0]}, 2.0, "ms").met)


if __name__ == "__main__":
    unittest.main()
