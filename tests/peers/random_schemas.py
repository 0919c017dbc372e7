"""Draws schemas of the part of JSON Schema that Adze keeps, and values that are valid for them.

Schemas are bounded, so that what a model writes for them is short. Values are drawn from the schema alone, in the order in which
members are declared; nothing here knows of grammars.
"""
import random

LETTERS = "abcxyz éß😀\"\\\n/"
WORDS = ["red", "green", "a b", "ü", "x\"y", "long value", ""]
NAMES = ["name", "age", "id", "tags", "size", "é", "a\"b", "next", "x_1", "kind"]
PATTERNS = {
    "^[A-Z]{2,4}$": ["AB", "XYZW"], "^\\d{3}-\\d{2}$": ["123-45"], "^(red|green)?$": ["", "red"],
    "^[a-z]+(\\.[a-z]+){0,1}$": ["a", "ab.cd"], "^v\\d{1,2}(-beta)?$": ["v1", "v10-beta"], "^[^a-z]{1,5}$": ["ABC", "1é\n"],
}
FORMATS = {
    "date": ["2024-02-29", "1999-12-31"], "time": ["12:30:00Z", "23:59:59.25+02:00"],
    "date-time": ["2024-01-01T00:00:00Z"], "uuid": ["123e4567-e89b-12d3-a456-426614174000"],
    "ipv4": ["192.168.0.1", "0.0.0.0"], "ipv6": ["::1", "1:2:3:4:5:6:7:8"], "duration": ["P1DT2H", "P3W"],
}


class Schemas:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def schema(self):
        """A schema, now and then with definitions that refer to themselves."""
        kind = self.random.random()
        if kind < 0.03:
            return self.tree()
        if kind < 0.1:
            return {"type": "array", "items": {"$ref": "#/$defs/item"}, "maxItems": 2, "$defs": {"item": self.any(1)}}
        return self.any(0)

    def tree(self):
        node = {"type": "object", "required": ["value"], "additionalProperties": False,
                "properties": {"value": self.scalar(), "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}}}
        return {"$ref": "#/$defs/node", "$defs": {"node": node}}

    def any(self, depth):
        if depth > 1 or self.random.random() < 0.35:
            return self.scalar()
        return self.random.choice([self.object, self.object, self.array, self.choice, self.tagged, self.together])(depth + 1)

    def scalar(self):
        return self.random.choice([self.string, self.integer, self.number, self.listed,
                                   lambda: {"type": "boolean"}, lambda: {"type": "null"}])()

    def string(self):
        kind = self.random.random()
        if kind < 0.25:
            return {"type": "string", "pattern": self.random.choice(list(PATTERNS))}
        if kind < 0.45:
            return {"type": "string", "format": self.random.choice(list(FORMATS))}
        least = self.random.randint(0, 3)
        return {"type": "string", "minLength": least, "maxLength": least + self.random.randint(0, 7)}

    def integer(self):
        low = self.random.choice([-1000, -17, -1, 0, 1, 5, 99, 1234])
        schema = {"type": "integer"}
        schema[self.random.choice(["minimum", "exclusiveMinimum"])] = low
        schema[self.random.choice(["maximum", "exclusiveMaximum"])] = low + self.random.choice([2, 7, 100, 5000])
        return schema

    def number(self):
        low = self.random.choice([-90, -0.5, 0, 0.25, 1.5, 10])
        return {"type": "number", "minimum": low, "maximum": low + self.random.choice([0.5, 1, 90, 1000.75])}

    def listed(self):
        values = self.random.sample([*WORDS, 1, -2.5, None, True, [1, "a"], {"k": "v"}], self.random.randint(1, 4))
        return {"const": values[0]} if len(values) == 1 else {"enum": values}

    def object(self, depth):
        names = self.random.sample(NAMES, self.random.randint(1, 3))
        schema = {"type": "object", "properties": {name: self.any(depth) for name in names}}
        schema["required"] = [name for name in names if self.random.random() < 0.6]
        if self.random.random() < 0.3:
            schema["additionalProperties"] = False
        elif self.random.random() < 0.2:
            schema |= {"additionalProperties": self.scalar(), "maxProperties": len(names) + 1}
        return schema

    def array(self, depth):
        if self.random.random() < 0.3:
            items = [self.any(depth) for _ in range(self.random.randint(1, 2))]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": self.random.randint(0, len(items))}
        least = self.random.randint(0, 2)
        return {"type": "array", "items": self.any(depth), "minItems": least, "maxItems": least + self.random.randint(0, 2)}

    def choice(self, depth):
        return {"anyOf": [self.any(depth) for _ in range(self.random.randint(2, 3))]}

    def tagged(self, depth):
        """Alternatives told apart by a constant."""
        forms = [{"type": "object", "properties": {"kind": {"const": tag}, "value": self.any(depth)},
                  "required": ["kind", "value"]} for tag in ("a", "b")]
        return {"oneOf": forms}

    def together(self, depth):
        first = {"type": "object", "properties": {"id": {"type": "integer", "minimum": 0}}, "required": ["id"]}
        second = {"properties": {"id": {"maximum": 50}, "name": self.string()}}
        return {"allOf": [first, second]}


class Values:
    """Draws what is valid for a schema."""

    def __init__(self, root, seed):
        self.root, self.random, self.depth = root, random.Random(seed), 0

    def value(self, schema):
        if "$ref" in schema:
            target = self.root
            for name in schema["$ref"].split("/")[1:]:
                target = target[name]
            return self.value(target)
        for keyword, draw in (("const", lambda: schema["const"]), ("enum", lambda: self.random.choice(schema["enum"])),
                              ("anyOf", lambda: self.alternative(schema["anyOf"])),
                              ("oneOf", lambda: self.alternative(schema["oneOf"]))):
            if keyword in schema:
                return draw()
        if "allOf" in schema:
            return {"id": self.random.randint(0, 50), "name": self.value(schema["allOf"][1]["properties"]["name"])}
        return getattr(self, schema["type"])(schema)

    def alternative(self, schemas):
        self.depth += 1
        return self.value(schemas[0] if self.depth > 6 else self.random.choice(schemas))

    def null(self, _):
        return None

    def boolean(self, _):
        return self.random.random() < 0.5

    def integer(self, schema):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", 1) - 1)
        return self.random.choice([low, high, self.random.randint(low, high)])

    def number(self, schema):
        low, high = schema["minimum"], schema["maximum"]
        between = round(self.random.uniform(low, high), 4)
        return self.random.choice([low, high, min(max(between, low), high)])

    def string(self, schema):
        if "pattern" in schema:
            return self.random.choice(PATTERNS[schema["pattern"]])
        if "format" in schema:
            return self.random.choice(FORMATS[schema["format"]])
        return "".join(self.random.choices(LETTERS, k=self.random.randint(schema["minLength"], schema["maxLength"])))

    def object(self, schema):
        result = {}
        for name, member in schema["properties"].items():
            if name in schema["required"] or self.random.random() < 0.5:
                result[name] = self.value(member)
        extra = schema.get("additionalProperties")
        if extra and self.random.random() < 0.5:
            result["another one"] = self.value(extra)
        return result

    def array(self, schema):
        if "prefixItems" in schema:
            count = self.random.randint(schema["minItems"], len(schema["prefixItems"]))
            return [self.value(item) for item in schema["prefixItems"][:count]]
        count = self.random.randint(schema.get("minItems", 0), schema["maxItems"])
        return [self.value(schema["items"]) for _ in range(count)]
