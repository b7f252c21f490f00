#!/usr/bin/env python3
"""Each house check finds a planted violation and passes a clean tree."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).with_name("check.py")
FORMAT = pathlib.Path(__file__).parents[2] / ".clang-format"


class HouseCheck(unittest.TestCase):
    def run_check(self, name, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                target = pathlib.Path(root) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            (pathlib.Path(root) / ".clang-format").write_text(FORMAT.read_text(encoding="utf-8"))
            done = subprocess.run([sys.executable, str(CHECK), name, root], text=True, check=False,
                                  stdout=subprocess.PIPE)
            return done.returncode, done.stdout

    def assert_finds(self, name, path, bad, good, where):
        code, said = self.run_check(name, {path: bad})
        self.assertEqual(code, 1, said)
        self.assertIn(where, said)
        code, said = self.run_check(name, {path: good})
        self.assertEqual(code, 0, said)

    def test_core_may_not_include_the_store(self):
        self.assert_finds("layers", "coordinator/core/a.cpp",
                          '#include "coordinator/store/store.h"\n', '#include "common/result.h"\n',
                          "coordinator/core/a.cpp:1")

    def test_core_may_not_include_the_wire(self):
        self.assert_finds("layers", "coordinator/core/a.cpp", '\n#include "tutti/v1/worker.pb.h"\n',
                          "\n", "coordinator/core/a.cpp:2")

    def test_a_folder_without_a_layer_is_told(self):
        code, said = self.run_check("layers", {"worker/extra/a.cpp": "int a;\n"})
        self.assertEqual(code, 1, said)

    def test_the_clock_is_asked_only_in_common(self):
        self.assert_finds("banned", "worker/daemon/a.cpp", "auto t = std::chrono::steady_clock::now();\n",
                          "// steady_clock::now is injected\n", "worker/daemon/a.cpp:1")

    def test_a_long_source_is_told(self):
        self.assert_finds("sizes", "cli/a.cpp", "\n" * 401, "\n" * 400, "cli/a.cpp:401")

    def test_torch_stays_in_its_folders(self):
        self.assert_finds("torch", "worker/daemon/a.cpp", "#include <torch/torch.h>\n", "\n",
                          "worker/daemon/a.cpp:1")

    def test_a_path_of_one_machine_is_told(self):
        self.assert_finds("paths", "deploy/a.sh", "cd /home/somebody/tutti\n", 'cd "$HOME"\n',
                          "deploy/a.sh:1")

    def test_bad_formatting_is_told(self):
        self.assert_finds("format", "cli/a.cpp", "int   a ;\n", "int a;\n", "cli/a.cpp:1")


if __name__ == "__main__":
    unittest.main()
