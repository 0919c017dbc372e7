"""Small ONNX and NumPy files for tests, without the packages of either."""
import ast
import struct

FLOAT, UINT8, INT64 = 1, 2, 7
TENSOR_ATTRIBUTE = 4


def varint(number):
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(data + bytes([number]))


def field(tag, value):
    """One field of a protobuf message: an integer, or text or a message as bytes."""
    if isinstance(value, int):
        return varint(tag << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(tag << 3 | 2) + varint(len(data)) + data


def value_info(name, dims, element=FLOAT, is_sequence=False):
    # A dimension is a number, has a name, or neither.
    forms = {int: lambda dim: field(1, dim), str: lambda dim: field(2, dim), type(None): lambda dim: b""}
    shape = b"".join(field(1, forms[type(dim)](dim)) for dim in dims)
    tensor = field(1, field(1, element) + field(2, shape))
    return field(1, name) + field(2, field(4, field(1, tensor)) if is_sequence else tensor)


def float_tensor(name, numbers):
    return field(1, len(numbers)) + field(2, FLOAT) + field(8, name) + field(9, struct.pack(f"<{len(numbers)}f", *numbers))


def external_tensor(name, numbers, path):
    """One whose numbers lie alone in the file `path`, in the model's folder."""
    path.write_bytes(struct.pack(f"<{len(numbers)}f", *numbers))
    entry = field(1, "location") + field(2, path.name)
    return field(1, len(numbers)) + field(2, FLOAT) + field(8, name) + field(13, entry) + field(14, 1)


def byte_tensor(name, numbers):
    return field(1, len(numbers)) + field(2, UINT8) + field(8, name) + field(9, bytes(numbers))


def node(op, inputs, outputs, domain="", tensor=None):
    """`tensor`: its attribute `value`."""
    names = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
    value = field(5, field(1, "value") + field(5, tensor) + field(20, TENSOR_ATTRIBUTE)) if tensor else b""
    return names + field(4, op) + value + (field(7, domain) if domain else b"")


def integer_attribute(name, number):
    """Of a node: node(…) + integer_attribute("axis", 1)."""
    return field(5, field(1, name) + field(3, number) + field(20, 2))


def write_model(path, nodes, initializers=(), opset=17, dims=("N", 3), element=FLOAT, y_is_sequence=False):
    """y = f(x), both of one type and shape, or y a sequence of such."""
    graph = b"".join(field(1, item) for item in nodes) + field(2, "small") + b"".join(field(5, t) for t in initializers)
    graph += field(11, value_info("x", dims, element)) + field(12, value_info("y", dims, element, y_is_sequence))
    opsets = field(8, field(2, opset)) + field(8, field(1, "com.microsoft") + field(2, 1))
    path.write_bytes(field(1, 8) + field(2, "by hand") + field(7, graph) + opsets)
    return path


def write_npy(path, rows):
    """Floats of two dimensions."""
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}\n".encode()
    numbers = [number for row in rows for number in row]
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack(f"<{len(numbers)}f", *numbers))
    return path


def read_npy(path):
    """(shape, numbers) of floats."""
    data = path.read_bytes()
    length = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10:10 + length].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"]
    numbers = data[10 + length:]
    return header["shape"], list(struct.unpack(f"<{len(numbers) // 4}f", numbers))
