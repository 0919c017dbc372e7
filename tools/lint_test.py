#!/usr/bin/env python3
"""Tests of lint.py and cpp_functions.py on small made-up files."""
import tempfile
import unittest
from pathlib import Path

import lint
from cpp_functions import functions

RANKS = dict(base=0, codecs=2, architectures=4, cli=10)


class FunctionLengthTest(unittest.TestCase):
    def test_finds_functions_methods_and_constructors(self):
        text = """namespace a {
struct Point final : Base<int(int)> {
  Point() : x_{1}, y_{2} {}
  int sum() const {
    if (x_ > 0) {
      return 1;
    }
    return 2;
  }
};
constexpr int kTable[] = {1, 2, 3};
template <typename T>
auto twice(T value) -> T {
  auto f = [](T x) {
    return x;
  };
  return f(value) + "}{"[0] + '{' + 1'000;  // }
}
}  // namespace a
"""
        self.assertEqual([f[1:3] for f in functions(text) if f[0] == "sum"], [(4, 6)])
        self.assertEqual([f[1:3] for f in functions(text) if f[0] == "twice"], [(12, 7)])
        self.assertNotIn("kTable", [f[0] for f in functions(text)])


    def test_counts_parameters(self):
        for text, count in (("void f() {}", 0), ("int f(int a) {}", 1), ("X::X(std::map<int, int> a, int (&b)[2]) : c_(a, b, 1) {}", 2),
                            ("auto f(std::function<void(int, int)> f = g(1, 2), T t = T()) -> T {}", 2)):
            self.assertEqual([f[3] for f in functions(text)], [count], text)


class LintTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def rules_broken(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
        return [line.split(": ")[1] for line in lint.check_files(self.root, [path], RANKS)]

    def test_clean_file_passes(self):
        self.assertEqual(self.rules_broken("src/codecs/q4_0.cpp", '#include "base/error.h"\nint f() { return 1; }\n'), [])

    def test_the_page_is_safe_and_short(self):
        for text in ("root.innerHTML = x;\n", "<p dangerouslySetInnerHTML={{ __html: x }} />\n", "eval(x);\n", "// @ts-ignore\n"):
            self.assertEqual(self.rules_broken("web/src/chat/a.tsx", text), ["page"], text)
        self.assertEqual(self.rules_broken("web/src/chat/a.tsx", "x\n" * 301), ["file-length"])
        self.assertEqual(self.rules_broken("web/src/chat/a.tsx", "evaluate(x);\n" * 300), [])

    def test_long_file(self):
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "\n" * 801), ["file-length"])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "// Generated from b.\n" + "\n" * 801), [])

    def test_long_function(self):
        body = "  call();\n" * 120
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "void f() {\n" + body + "}\n"), ["function-length"])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "void f() {\n" + body[: 118 * 10] + "}\n"), [])

    def test_parameters(self):
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "void f(int a, int b, int c, int d, int e, int g) {}\n"), [])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "void f(int a, int b, int c, int d, int e, int g, int h) {}\n"), ["parameters"])

    def test_banned_name(self):
        for name in ("utils.h", "string_utils.cpp", "detail/x.h", "memory_manager.h"):
            self.assertEqual(self.rules_broken("src/codecs/" + name, ""), ["file-name"])
        self.assertEqual(self.rules_broken("src/codecs/detailed_report.h", ""), [])

    def test_conditionals(self):
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "#ifdef X\n#endif\n"), ["conditionals"])
        for path in ("src/base/a.cpp", "src/codecs/dot_avx2.cpp", "src/codecs/dot_neon.cpp"):
            self.assertEqual(self.rules_broken(path, "#ifdef X\n#endif\n"), [])

    def test_macros(self):
        self.assertEqual(self.rules_broken("src/codecs/a.h", "#pragma once\n#define MAX(a) a\n"), ["macros"])
        self.assertEqual(self.rules_broken("src/codecs/a.h", "#define ADZE_MAX(a) a\n"), [])

    def test_output_and_exit(self):
        for code in ("std::cout << 1;", "std::printf(x);", "abort();", "fmt::print(x);", "assert(x);", "f(stderr);"):
            self.assertEqual(self.rules_broken("src/codecs/a.cpp", f"void f() {{ {code} }}\n"), ["output-and-exit"], code)
            self.assertEqual(self.rules_broken("src/cli/a.cpp", f"void f() {{ {code} }}\n"), [])
        for code in ("static_assert(1);", "snprintf(x);", "plan.exit();", "on_exit();", '"abort()";', "// exit(1)\n"):
            self.assertEqual(self.rules_broken("src/codecs/a.cpp", f"void f() {{ {code} }}\n"), [], code)

    def test_model_names(self):
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", 'auto a = "qwen2";\n'), ["model-names"])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", '// lint: foreign names: GGUF\nauto a = "qwen2";\n'), [])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", 'int a;  // for example "llama"\n'), [])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", 'auto a = "as llama.cpp does";\n'), [])
        self.assertEqual(self.rules_broken("src/architectures/llama.cpp", 'auto a = "llama";\n'), [])

    def test_allowed_with_reason_only(self):
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "#ifdef X  // lint: allow conditionals: MSVC\n"), [])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "#ifdef X  // lint: allow words: no\n"), ["conditionals"])
        self.assertEqual(self.rules_broken("src/codecs/a.cpp", "#ifdef X  // lint: allow conditionals:\n"), ["conditionals"])

    def test_folder_readme(self):
        self.assertEqual(self.rules_broken("src/codecs/README.md", "x\n" * 31), ["folder-readme"])

    def test_words(self):
        self.assertEqual(self.rules_broken("docs/a.md", "see /" + "root/x\n"), ["words"])
        self.assertEqual(self.rules_broken("docs/a.md", "see https://pypi" + ".org/x\n"), ["words"])
        self.assertEqual(self.rules_broken("docs/a.md", "see build/root/x and ../work/b\n"), [])


if __name__ == "__main__":
    unittest.main()
