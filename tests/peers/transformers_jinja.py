"""PyPI jinja2, set up the way Hugging Face transformers sets it up for chat templates."""

import datetime
import json

import jinja2
import jinja2.ext
import jinja2.sandbox

# The moment that strftime_now() sees in every comparison: 2025-07-25 12:00:00 UTC.
FIXED_TIME_SECONDS = 1753444800


class AssistantTracker(jinja2.ext.Extension):
    """`{% generation %}` blocks: transformers notes where they render; the text itself is unchanged."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_generation_support"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _generation_support(self, context, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def strftime_now(format):
    return datetime.datetime.fromtimestamp(FIXED_TIME_SECONDS, datetime.timezone.utc).strftime(format)


def make_environment():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[AssistantTracker, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = strftime_now
    return environment


class Renderer:
    """Renders sources, each compiled once: compiling is what takes jinja2's time."""

    def __init__(self):
        self.environment = make_environment()
        self.source = None

    def compiled(self, source):
        if source != self.source:
            self.source, self.template = source, None
            self.template = self.environment.from_string(source)
        if self.template is None:
            raise jinja2.exceptions.TemplateSyntaxError("does not compile", 1)
        return self.template

    def render(self, source, context):
        """Returns (text, None) or (None, error)."""
        try:
            text = self.compiled(source).render(**context)
            text.encode("utf-8")
            return text, None
        except Exception as error:  # jinja2 lets every exception of Python through
            return None, f"{type(error).__name__}: {error}"
