"""The weights of exported ONNX folders, decoded as the definitions of the ops say."""
import numpy as np
import onnx
from onnx import numpy_helper


def unpacked(packed, bits):
    """Numbers of a few bits, lowest bits of a byte first, along the last axis."""
    each = 8 // bits
    parts = [(packed >> np.uint8(bits * i)) & np.uint8(2**bits - 1) for i in range(each)]
    return np.stack(parts, axis=-1).reshape(*packed.shape[:-1], packed.shape[-1] * each)


class Folder:
    def __init__(self, path):
        self.graph = onnx.load(str(path / "model.onnx")).graph
        self.tensors = {tensor.name: tensor for tensor in self.graph.initializer}
        self.makers = {output: node for node in self.graph.node for output in node.output}

    def array(self, name):
        return numpy_helper.to_array(self.tensors[name])

    def raw(self, name):
        return np.frombuffer(self.tensors[name].raw_data, np.uint8)

    def attribute(self, node, name):
        return next(onnx.helper.get_attribute_value(item) for item in node.attribute if item.name == name)

    def codes_and_zeros(self, node):
        """[rows, groups, group] codes and [rows, groups] zero points of MatMulNBits or DequantizeLinear."""
        if node.op_type == "MatMulNBits":
            rows, columns = self.attribute(node, "N"), self.attribute(node, "K")
            bits, group = self.attribute(node, "bits"), self.attribute(node, "block_size")
            codes = unpacked(self.array(node.input[1]), bits)
            zeros = np.full((rows, columns // group), 2**(bits - 1))
            if len(node.input) > 3:
                zeros = unpacked(self.array(node.input[3]), bits)[:, :columns // group]
            return codes, zeros
        rows, columns = self.tensors[node.input[0]].dims
        bits = 4 if self.tensors[node.input[0]].data_type == onnx.TensorProto.UINT4 else 8
        groups = columns // self.attribute(node, "block_size")
        codes = unpacked(self.raw(node.input[0]), bits).reshape(rows, groups, -1)
        return codes, unpacked(self.raw(node.input[2]), bits)[:rows * groups].reshape(rows, groups)

    def packed(self):
        """{tensor: values in float32} of all packed matrices; names are Adze's."""
        values, scales_at = {}, {"MatMulNBits": 2, "DequantizeLinear": 1}
        for node in self.graph.node:
            if node.op_type not in scales_at:
                continue
            scales_name = node.input[scales_at[node.op_type]]
            name = scales_name.removesuffix(".scales")
            codes, zeros = self.codes_and_zeros(node)
            steps = codes.astype(np.int32) - zeros.astype(np.int32)[:, :, None]
            decoded = steps.astype(np.float32) * self.array(scales_name)[:, :, None]
            if f"{name}.offsets" in self.tensors:
                decoded = decoded + self.array(f"{name}.offsets")[:, :, None]
            values[name] = decoded.reshape(len(codes), -1)
        return values | self.packed_embedding()

    def packed_embedding(self):
        """The same of an embedding that no product uses: its rows are gathered, with their scales and zero points."""
        name = "token_embd.weight"
        if f"{name}.codes.rows" not in self.tensors:
            return {}
        rows, scales = self.array(f"{name}.codes.rows"), self.array(f"{name}.scales")
        columns = self.tensors["output_norm.weight"].dims[0]
        bits = 8 * rows.shape[1] // columns
        codes = unpacked(rows, bits).reshape(*scales.shape, -1)
        zeros = np.full(scales.shape, 0 if f"{name}.offsets" in self.tensors else 2**(bits - 1))
        if f"{name}.zero_points" in self.tensors:
            zeros = self.array(f"{name}.zero_points")
        if f"{name}.zero_points.packed" in self.tensors:
            zeros = unpacked(self.array(f"{name}.zero_points.packed"), bits)[:, :scales.shape[1]]
        decoded = (codes.astype(np.int32) - zeros.astype(np.int32)[:, :, None]).astype(np.float32) * scales[:, :, None]
        if f"{name}.offsets" in self.tensors:
            decoded = decoded + self.array(f"{name}.offsets")[:, :, None]
        return {name: decoded.reshape(len(rows), -1)}
