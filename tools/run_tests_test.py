#!/usr/bin/env python3
"""Tests of run_tests.py and peer_needs.py with small made-up programs."""
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import peer_needs
import run_tests


def googletest_case(result="COMPLETED", status="RUN", failures=None):
    return {"result": result, "status": status, **({"failures": failures} if failures else {})}


class RunTestsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def script(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def counts(self, result):
        return result.passed, result.failed, result.skipped

    def googletest(self, text):
        path = self.script("program_test", f"#!{sys.executable}\nimport sys, os\n{text}")
        return run_tests.run_googletest("program", [str(path)], self.folder, dict(os.environ), 20)

    def test_googletest_cases_and_skip_reasons(self):
        cases = [googletest_case(), googletest_case("SKIPPED"), googletest_case(failures=[{}]),
                 googletest_case("SUPPRESSED", "NOTRUN")]
        report = json.dumps({"testsuites": [{"testsuite": cases}]})
        result = self.googletest(
            f"open(sys.argv[1].split(':', 1)[1], 'w').write('''{report}''')\nprint('a.cpp:3: Skipped\\nno data')\nsys.exit(1)")
        self.assertEqual(self.counts(result), (1, 1, 1))
        self.assertEqual(result.skip_reasons, ["no data"])

    def test_crash_without_report_is_a_failure(self):
        self.assertEqual(self.counts(self.googletest("os.abort()")), (0, 1, 0))

    def test_missing_program_is_a_failure(self):
        result = run_tests.run_googletest("gone", [str(self.folder / "gone_test")], self.folder, None, 20)
        self.assertEqual(self.counts(result), (0, 1, 0))

    def test_hanging_program_is_a_failure(self):
        path = self.script("hang", f"#!{sys.executable}\nimport time\ntime.sleep(60)")
        self.assertEqual(self.counts(run_tests.run_plain("hang", [str(path)], self.folder, None, 0.5)), (0, 1, 0))

    def test_plain_status(self):
        for status, expected in ((0, (1, 0, 0)), (3, (0, 1, 0)), (77, (0, 0, 1))):
            path = self.script("plain", f"#!{sys.executable}\nprint('why')\nraise SystemExit({status})")
            self.assertEqual(self.counts(run_tests.run_plain("plain", [str(path)], self.folder, None, 20)), expected)

    def test_unittest_counts(self):
        path = self.script("x_test.py", """import unittest
class T(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): self.fail()
    @unittest.skip("later")
    def test_c(self): pass
unittest.main()
""")
        result = run_tests.run_unittest("cases", [sys.executable, path, "-v"], path.parent, None, 20)
        self.assertEqual(self.counts(result), (1, 1, 1))
        self.assertEqual(result.skip_reasons, ["later"])

    def peer(self, text):
        path = self.script("x_peer.py", text)
        python = mock.patch.object(run_tests, "peer_python", lambda: Path(sys.executable))
        needs_python = mock.patch.object(peer_needs, "peer_python", lambda: Path(sys.executable))
        with python, needs_python:
            return run_tests.run_peer(path, dict(os.environ), 20)

    def test_peer_counts(self):
        self.assertEqual(self.counts(self.peer("print('3 passed, 0 failed, 1 skipped')")), (3, 0, 1))
        self.assertEqual(self.counts(self.peer("print('3 passed, 2 failed, 0 skipped'); exit(1)")), (3, 2, 0))

    def test_peer_without_sum_or_with_bad_status_fails(self):
        self.assertEqual(self.counts(self.peer("print('all fine')")), (0, 1, 0))
        self.assertEqual(self.counts(self.peer("print('3 passed, 0 failed, 0 skipped'); exit(1)")), (3, 1, 0))

    def test_peer_with_unmet_need_skips_and_says_why(self):
        result = self.peer("# needs: json no_such_module_at_all\nprint('1 passed, 0 failed, 0 skipped')")
        self.assertEqual(self.counts(result), (0, 0, 1))
        self.assertEqual(result.skip_reasons, ["needs no_such_module_at_all (make peers)"])


if __name__ == "__main__":
    unittest.main()
