#!/usr/bin/env python3
"""Checks the budgets of the code: lengths, names, what each rank may do, words that do not belong here.

One exception is allowed on a line, with its reason: // lint: allow <rule>: <reason>
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

from check_layers import read_ranks
from cpp_functions import blank_comments, blank_literals, functions

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 120
MAX_PARAMETERS = 6  # the aim is 5
MAX_FOLDER_README_LINES = 30
MAX_PAGE_FILE_LINES = 300  # of the web page: one component in a file
FIRST_RANK_THAT_MAY_PRINT = 8

GENERATED_BANNER = re.compile(r"generated (by|from)", re.I)
BANNED_NAMES = re.compile(r"(^|_)(utils?|commons?|helpers?|misc|details?|managers?)(_|$)|^impl$")
ISA_SUFFIX = re.compile(r"_(avx2|avx512|avx512bf16|amx|neon|dotprod|i8mm)(_[a-z0-9]+)?\.(cpp|h|inc)$")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b", re.M)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+((?!ADZE_)\w+)", re.M)
PRINTS_OR_ENDS = re.compile(
    r"(?<![\w.>])(?:std::)?(printf|fprintf|puts|fputs|putchar|perror|abort|exit|_exit|quick_exit|terminate|assert)\s*\("
    r"|\bstd::(cout|cerr|clog)\b|\bfmt::print(ln)?\s*\(|\b(stdout|stderr)\b")
MODEL_NAMES = re.compile(
    r"smollm|qwen|llama(?![-._ ]?cpp)|mistral|mixtral|\bphi-?[2-4]|gemma|falcon|starcoder|deepseek|gpt-?[2-4]|tinystories", re.I)
FOREIGN_NAMES_MARK = re.compile(r"// lint: foreign names: \S+")
UNSAFE_IN_PAGE = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|eval|Function)\b\s*[(=:]|@ts-(?:ignore|nocheck)")
STRING_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
ALLOWED = re.compile(r"// lint: allow ([a-z-]+): \S+")
# Written with brackets so that this file does not contain what it looks for.
FOREIGN_WORDS = re.compile(
    r"(?<![.\w])/(?:work|root|farm|tmp|home)/[a-z]"
    r"|\b(?:pypi[.]org|pythonhosted[.]org|registry[.]npmjs|npmjs[.]org|deb[.]debian|crates[.]io|proxy[.]golang)")


class SourceFile:
    """A tracked text file, its path relative to the root, and what the rules ask about it."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(errors="replace")
        self.lines = self.text.split("\n")
        self.parts = Path(path).parts
        self.is_cpp = path.endswith((".cpp", ".h", ".inc"))
        self.is_test = path.endswith("_test.cpp") or self.parts[-1].startswith("test_")
        self.in_src = self.is_cpp and self.parts[0] == "src"
        self.in_page = path.startswith("web/src/") and path.endswith((".ts", ".tsx", ".css"))

    def functions(self):
        return functions(self.text) if self.is_cpp else []

    def line_of(self, position):
        return self.text.count("\n", 0, position) + 1

    def allows(self, rule, line):
        match = ALLOWED.search(self.lines[line - 1])
        return bool(match) and match[1] == rule


def check_file_length(file, _ranks):
    lines = file.text.count("\n")
    is_code = file.is_cpp or file.path.endswith((".py", ".sh", ".mjs"))
    if file.in_page and lines > MAX_PAGE_FILE_LINES:
        yield 1, f"{lines} lines; the limit of the page's files is {MAX_PAGE_FILE_LINES}"
    if is_code and lines > MAX_FILE_LINES and not GENERATED_BANNER.search("\n".join(file.lines[:5])):
        yield 1, f"{lines} lines; the limit is {MAX_FILE_LINES} (generated tables say so in a banner)"


def check_function_length(file, _ranks):
    for name, line, length, _ in file.functions():
        if length > MAX_FUNCTION_LINES:
            yield line, f"{name} has {length} lines; the limit is {MAX_FUNCTION_LINES}"


def check_parameters(file, _ranks):
    for name, line, _, parameters in file.functions():
        if parameters > MAX_PARAMETERS:
            yield line, f"{name} takes {parameters} parameters; aim at 5; more than {MAX_PARAMETERS} belong into a struct"


def check_file_name(file, _ranks):
    for part in file.parts:
        if BANNED_NAMES.search(part.split(".")[0]):
            yield 1, f"the name '{part}' says nothing; name it after what it holds"


def check_conditionals(file, _ranks):
    if not file.in_src or file.parts[1] in ("base", "backends") or ISA_SUFFIX.search(file.path):
        return
    for match in CONDITIONAL.finditer(file.text):
        yield file.line_of(match.start()), "#if belongs into base/, backends/ and ISA-suffixed files"


def check_macros(file, _ranks):
    for match in MACRO.finditer(file.text) if file.in_src else []:
        yield file.line_of(match.start(1)), f"the macro {match[1]} has no ADZE_ prefix (better: no macro)"


def check_output_and_exit(file, ranks):
    if not file.in_src or file.is_test or ranks.get(file.parts[1], 0) >= FIRST_RANK_THAT_MAY_PRINT:
        return
    for match in PRINTS_OR_ENDS.finditer(blank_literals(file.text)):
        yield file.line_of(match.start()), f"'{match[0].strip('( ')}': the library throws Error, it never prints or ends"


def check_model_names(file, _ranks):
    if not file.in_src or file.is_test or file.parts[1] == "architectures" or FOREIGN_NAMES_MARK.search(file.text):
        return
    for number, line in enumerate(blank_comments(file.text).split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        for literal in STRING_LITERAL.findall(line):
            if MODEL_NAMES.search(literal):
                yield number, f'"{literal}" names a model; behaviour follows from config and weights'


def check_folder_readme(file, _ranks):
    if file.parts[0] == "src" and file.parts[-1] == "README.md" and file.text.count("\n") > MAX_FOLDER_README_LINES:
        yield 1, f"a folder's README has at most {MAX_FOLDER_README_LINES} lines"


def check_page(file, _ranks):
    for match in UNSAFE_IN_PAGE.finditer(file.text) if file.in_page else []:
        yield file.line_of(match.start()), f"'{match[0].strip(' (=:')}': elements are made of text, and types are checked"


def check_words(file, _ranks):
    for match in FOREIGN_WORDS.finditer(file.text):
        yield file.line_of(match.start()), f"'{match[0]}': no machine's paths and no registry's hosts"


RULES = {
    "file-length": check_file_length,
    "function-length": check_function_length,
    "parameters": check_parameters,
    "file-name": check_file_name,
    "conditionals": check_conditionals,
    "macros": check_macros,
    "output-and-exit": check_output_and_exit,
    "model-names": check_model_names,
    "folder-readme": check_folder_readme,
    "page": check_page,
    "words": check_words,
}


def check_files(root, paths, ranks):
    """All complaints about the given files, as 'path:line: rule: text'."""
    for path in paths:
        file = SourceFile(root, path)
        for rule, check in RULES.items():
            for line, complaint in check(file, ranks):
                if not file.allows(rule, line):
                    yield f"{path}:{line}: {rule}: {complaint}"


def check_folders(root):
    """Each folder of src/ says in a README what it is for."""
    for folder in sorted((root / "src").iterdir()):
        if folder.is_dir() and list(folder.rglob("*.h")) and not (folder / "README.md").is_file():
            yield f"src/{folder.name}: folder-readme: has no README.md"


def tracked_files(root):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    suffixes = (".cpp", ".h", ".inc", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".yml", ".yaml", ".ts", ".tsx", ".mjs", ".css", ".html", ".service",
                "Makefile", "Dockerfile", "run", ".clang-tidy")
    is_data = re.compile(r"^(tests/(golden|cases|data)|fuzz/seeds)/")
    return [n for n in names if n.endswith(suffixes) and not is_data.match(n) and (root / n).is_file()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    root = parser.parse_args().root
    ranks = read_ranks((root / "ARCHITECTURE.md").read_text())
    files = tracked_files(root)
    complaints = [*check_folders(root), *check_files(root, files, ranks)]
    print("\n".join(complaints) or f"lint: {len(files)} files keep the budgets")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
