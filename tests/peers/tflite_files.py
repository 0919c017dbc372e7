"""TFLite files of one operator, as the schema's own library writes them: what tests of operators are made of."""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int32): schema.TensorType.INT32,
         np.dtype(np.uint8): schema.TensorType.UINT8, np.dtype(np.int8): schema.TensorType.INT8,
         np.dtype(np.int16): schema.TensorType.INT16}


class Tensor:
    """With a scale and a zero point where it stands for other numbers; with numbers where it is constant."""

    def __init__(self, name, shape, dtype=np.int8, scale=None, zero=0, numbers=None):
        self.name, self.shape, self.dtype, self.scale, self.zero = name, shape, np.dtype(dtype), scale, zero
        self.numbers = numbers

    def written(self, buffer):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = self.name, list(self.shape), TYPES[self.dtype], buffer
        if self.scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [float(self.scale)], [int(self.zero)]
        return tensor


def buffer_of(numbers=None):
    buffer = schema.BufferT()
    if numbers is not None:
        buffer.data = np.frombuffer(np.ascontiguousarray(numbers).tobytes(), np.uint8)
    return buffer


def one_operator(name, options, inputs, outputs, version=2):
    """Bytes of a model: `name` as the schema has it ("ADD"), `options` one of its structs (AddOptionsT) or None."""
    tensors = inputs + outputs
    constants = [tensor for tensor in tensors if tensor.numbers is not None]
    buffers = [buffer_of()] + [buffer_of(tensor.numbers.astype(tensor.dtype)) for tensor in constants]
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = getattr(schema.BuiltinOperator, name), version
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = list(range(len(inputs))), list(range(len(inputs), len(tensors)))
    if options is not None:
        operator.builtinOptions = options
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
    graph = schema.SubGraphT()
    graph.tensors = [t.written(constants.index(t) + 1 if t in constants else 0) for t in tensors]
    graph.inputs = [i for i, tensor in enumerate(inputs) if tensor.numbers is None]
    graph.outputs, graph.operators = operator.outputs, [operator]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], buffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
