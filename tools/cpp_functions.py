"""Finds the functions of a C++ file and how many lines each has, without a compiler."""
import re

COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b")
NAME = re.compile(r"([~\w:]+|operator\s*\S+)\s*\(")


def blank_comments(text):
    """The same text with comments replaced by spaces; newlines and literals stay."""
    return COMMENT_OR_LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m[0]) if m[0].startswith("/") else m[0], text)


def blank_literals(text):
    """The same text with comments and literals replaced by spaces; newlines stay, digit separators too."""
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "_", text)
    text = COMMENT_OR_LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.M)


def kind_of_block(header):
    """What the '{' after this text opens, outside any function."""
    before_parenthesis = header.split("(")[0]
    if SCOPE.search(before_parenthesis) and not re.search(r"\)\s*(const|noexcept|override|\s)*$", header):
        return "scope"
    if ")" in header and not re.search(r"=\s*$", header):
        return "function"
    return "data"


def parameter_count(header):
    """How many parameters the function whose body follows this text takes."""
    name = NAME.search(header)
    depth, commas, used = 0, 0, False
    for character in header[name.end():] if name else "":
        if character == ")" and depth == 0:
            break
        depth += (character in "([{<") - (character in ")]}>")
        commas += character == "," and depth == 0
        used = used or not character.isspace()
    return commas + 1 if used else 0


def functions(text):
    """(name, first line, number of lines, number of parameters) of each function with a body; lambdas are part of
    the function they are in."""
    text = blank_literals(text)
    stack, start_of_header, found = [], 0, []
    for match in re.finditer(r"[{};]", text):
        position, mark = match.start(), match[0]
        in_function = any(kind == "function" for kind, _, _ in stack)
        if mark == "{":
            header = text[start_of_header:position]
            kind = "block" if in_function else kind_of_block(header)
            stack.append((kind, start_of_header + len(header) - len(header.lstrip()), header))
        elif mark == "}" and stack:
            kind, start, header = stack.pop()
            if kind == "function":
                name = NAME.search(header)
                first = text.count("\n", 0, start) + 1
                lines = text.count("\n", 0, position) + 2 - first
                found.append((name[1] if name else "?", first, lines, parameter_count(header)))
        start_of_header = position + 1
    return found
