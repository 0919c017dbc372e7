#!/usr/bin/env python3
"""Tests of check_readme.py on made-up pages."""
import tempfile
import unittest
from pathlib import Path

import check_readme

PAGE = """
```sh
make demo
```
<!-- tested -->
```sh
$ count=3
```
text
<!-- tested -->

```sh
test $count = {}
```
"""


class CheckReadmeTest(unittest.TestCase):
    def run_page(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.md"
            path.write_text(text)
            run = check_readme.run_page(path, Path(folder))
        return run and run[0]

    def test_only_marked_blocks_are_taken(self):
        self.assertEqual(check_readme.tested_script(PAGE), "count=3\ntest $count = {}\n")
        self.assertIsNone(self.run_page("```sh\nfalse\n```\n"))

    def test_blocks_share_one_shell_and_a_failure_is_seen(self):
        self.assertEqual(self.run_page(PAGE.format(3)), 0)
        self.assertEqual(self.run_page(PAGE.format(4)), 1)
        self.assertEqual(self.run_page("<!-- tested -->\n```sh\nfalse | true\n```\n"), 1)

    def test_missing_input_skips(self):
        self.assertEqual(self.run_page("<!-- tested -->\n```sh\ncat ~/no/such/model.gguf\n```\n"), 77)


if __name__ == "__main__":
    unittest.main()
