"""A model of one op, or a few, for every type of layer that can be read: (name, maker); a maker takes a generator of
random numbers and gives (model, inputs, tolerance). And ONNX models of one node, for what is written otherwise than it
stands there: (name, maker of (model, inputs by name), why it is refused)."""
import functools

import numpy as np
import onnx
import openvino as ov
from openvino import opset15 as o

F32, I32, I64 = np.float32, np.int32, np.int64


def model_of(build, arrays, tolerance=1e-5):
    """`build`: from parameters to an output or a list of them. Dimensions are left open but for constants."""
    parameters = []
    for number, array in enumerate(arrays):
        parameter = o.parameter(list(array.shape), array.dtype, name=f"in{number}")
        parameter.output(0).set_names({f"in{number}"})
        parameters.append(parameter)
    made = build(*parameters)
    outputs = made if isinstance(made, (list, tuple)) else [made]
    ports = []
    for number, output in enumerate(outputs):
        port = output if isinstance(output, ov.Output) else output.output(0)
        port.set_names({f"out{number}"})
        ports.append(o.result(port))
    return ov.Model(ports, parameters, "case"), list(arrays), tolerance


def floats(*shape, low=-2.0, high=2.0):
    return lambda g: g.uniform(low, high, shape).astype(F32)


def whole(*shape, low=-9, high=10, kind=I32):
    return lambda g: g.integers(low, high, shape).astype(kind)


def flags(*shape):
    return lambda g: g.integers(0, 2, shape).astype(bool)


CASES = []


def case(name, build, *inputs, tolerance=1e-5):
    CASES.append((name, lambda g: model_of(build, [make(g) for make in inputs], tolerance)))


def constants(g, *shape, low=-1.0, high=1.0):
    return o.constant(g.uniform(low, high, shape).astype(F32))


RANDOM = np.random.default_rng(5)
w = functools.partial(constants, RANDOM)


def unary_cases():
    for name in ["abs", "atan", "asinh", "ceiling", "cos", "erf", "exp", "floor", "hswish", "hsigmoid", "mish", "negative",
                 "relu", "sigmoid", "sign", "sin", "sinh", "cosh", "softplus", "softsign", "tan", "tanh", "swish"]:
        case(name, getattr(o, name), floats(2, 3, 4))
    for name in ["acos", "asin", "atanh"]:
        case(name, getattr(o, name), floats(2, 5, low=-0.9, high=0.9))
    case("acosh", o.acosh, floats(2, 5, low=1.1, high=4))
    case("log", o.log, floats(7, low=0.1, high=4))
    case("sqrt", o.sqrt, floats(7, low=0.1, high=4))
    case("round to even", lambda x: o.round(o.divide(x, np.float32(2)), "half_to_even"), lambda g: np.arange(-7, 8, dtype=F32))
    case("round away", lambda x: o.round(o.divide(x, np.float32(2)), "half_away_from_zero"), lambda g: np.arange(-7, 8, dtype=F32))
    case("elu", lambda x: o.elu(x, 0.7), floats(3, 4))
    case("clamp", lambda x: o.clamp(x, -0.5, 0.75), floats(3, 4))
    case("clamp of integers between", lambda x: o.clamp(x, -3.5, 4.5), whole(3, 4))
    case("clamp of integers", lambda x: o.clamp(x, -3, 4), whole(3, 4))
    case("gelu by erf", lambda x: o.gelu(x, "erf"), floats(3, 4))
    case("gelu by tanh", lambda x: o.gelu(x, "tanh"), floats(3, 4))
    case("selu", lambda x: o.selu(x, np.float32(1.6), np.float32(1.05)), floats(3, 4))
    case("hard_sigmoid", lambda x: o.hard_sigmoid(x, np.float32(0.2), np.float32(0.5)), floats(3, 4))
    case("swish with beta", lambda x: o.swish(x, np.float32(1.7)), floats(3, 4))
    case("prelu by channel", lambda x: o.prelu(x, w(3)), floats(2, 3, 4, 5))
    case("prelu one slope", lambda x: o.prelu(x, w(1)), floats(2, 3, 4))
    special = lambda g: np.array([1, np.inf, -np.inf, np.nan, 0], F32)
    for name in ["is_finite", "is_nan", "is_inf"]:
        case(name, getattr(o, name), special)
    case("is_inf above only", lambda x: o.is_inf(x, {"detect_negative": False}), special)
    case("softmax", lambda x: o.softmax(x, 1), floats(2, 3, 4))
    case("log_softmax", lambda x: o.log_softmax(x, -1), floats(2, 3, 4))
    case("logical_not", o.logical_not, flags(9))
    case("bitwise_not", o.bitwise_not, whole(9))
    case("identity", lambda x: o.add(o.relu(x), x), floats(3))


def binary_cases():
    for name in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "squared_difference", "floor_mod", "mod",
                 "greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]:
        case(name, getattr(o, name), floats(2, 3, 4), floats(3, 1))
        # Quotients below 0 are rounded down by definition, and by OpenVINO only where it folds constants.
        case(f"{name} of integers", getattr(o, name), whole(4, 5, low=0 if name == "divide" else -9), whole(4, 5, low=1))
    case("power", o.power, floats(3, 4, low=0.1, high=2), floats(4))
    for name in ["logical_and", "logical_or", "logical_xor"]:
        case(name, getattr(o, name), flags(3, 4), flags(4))
    for name in ["bitwise_and", "bitwise_or", "bitwise_xor"]:
        case(name, getattr(o, name), whole(12), whole(12))
    case("bitwise_left_shift", o.bitwise_left_shift, whole(9, low=0), whole(9, low=0, high=5))
    case("select", o.select, flags(3, 4), floats(3, 4), floats(4))
    case("convert to f16", lambda x: o.convert(o.convert(x, "f16"), "f32"), floats(3, 4, low=0, high=5), tolerance=1e-3)
    for kind in ["i32", "i64", "u8", "boolean", "f64"]:
        case(f"convert to {kind}", lambda x, kind=kind: o.convert(o.convert(x, kind), "f32"), floats(3, 4, low=0, high=5))
    case("convert_like", lambda x, y: o.convert_like(x, y), floats(3, 4), whole(2))


def fake_quantize(levels, per_channel):
    shape = (1, 3, 1, 1) if per_channel else ()
    low = RANDOM.uniform(-2, -1, shape).astype(F32)
    high = RANDOM.uniform(1, 2, shape).astype(F32)
    return lambda x: o.fake_quantize(x, o.constant(low), o.constant(high), o.constant(low), o.constant(high), levels)


def reduction_cases():
    for name in ["reduce_max", "reduce_min", "reduce_sum", "reduce_mean", "reduce_prod", "reduce_l1", "reduce_l2"]:
        case(name, lambda x, f=getattr(o, name): f(x, np.array([1, -1]), False), floats(2, 3, 4))
        case(f"{name} kept", lambda x, f=getattr(o, name): f(x, np.array([0]), True), floats(2, 3, 4))
    for name in ["reduce_logical_and", "reduce_logical_or"]:
        case(name, lambda x, f=getattr(o, name): f(x, np.array([1]), False), flags(5, 3))
    case("cum_sum", lambda x: o.cumsum(x, np.int64(1), True, True), floats(3, 5))
    case("matmul", lambda a, b: o.matmul(a, b, False, False), floats(2, 3, 4), floats(2, 4, 5))
    case("matmul turned", lambda a, b: o.matmul(a, b, True, True), floats(2, 4, 3), floats(5, 4))
    case("matmul of vectors", lambda a, b: o.matmul(a, b, False, True), floats(4), floats(5, 4))
    case("einsum", lambda a, b: o.einsum([a, b], "bij,bjk->bik"), floats(2, 3, 4), floats(2, 4, 5))
    case("batch_norm_inference", lambda x: o.batch_norm_inference(x, w(3), w(3), w(3), w(3, low=0.5, high=2), 1e-3), floats(2, 3, 4, 4))
    for mode in ["inside_sqrt", "outside_sqrt"]:
        case(f"mvn {mode}", lambda x, m=mode: o.mvn(x, np.array([2, 3]), True, 1e-3, m), floats(2, 3, 4, 5))
    for mode in ["add", "max"]:
        case(f"normalize_l2 {mode}", lambda x, m=mode: o.normalize_l2(x, np.array([1]), 1e-3, m), floats(2, 3, 4, 5))
    case("lrn", lambda x: o.lrn(x, np.array([1]), 0.3, 0.75, 1, 3), floats(2, 7, 4, 4))
    case("lrn of an even size", lambda x: o.lrn(x, np.array([1]), 0.3, 0.75, 1, 4), floats(2, 7, 4, 4))
    case("grn", lambda x: o.grn(x, 0.3), floats(2, 7, 4, 4))
    case("group_normalization", lambda x: o.group_normalization(x, w(6), w(6), 3, 1e-4), floats(2, 6, 4, 4))
    q, k, v = floats(1, 2, 5, 8), floats(1, 2, 6, 8), floats(1, 2, 6, 8)
    case("scaled_dot_product_attention", lambda *x: o.scaled_dot_product_attention(*x), q, k, v)
    case("scaled_dot_product_attention causal", lambda *x: o.scaled_dot_product_attention(*x, causal=True), q, k, v)
    case("scaled_dot_product_attention masked", lambda *x: o.scaled_dot_product_attention(*x), q, k, v, floats(5, 6))
    case("scaled_dot_product_attention flags", lambda *x: o.scaled_dot_product_attention(*x), q, k, v,
         lambda g: np.tril(np.ones((5, 6), bool)))
    # Its plug-in computes the definition where ends come with the input; stored ends that are equal give NaN there.
    for low, high in [(1, -1), (0.5, 0.5)]:
        ends = [lambda g, end=end: np.array([end], F32) for end in (low, high)]
        case(f"fake_quantize {low} to {high}", lambda x, a, b: o.fake_quantize(x, a, b, F32(0), F32(10), 16), floats(3, 8), *ends,
             tolerance=1e-4)
    for levels in [2, 16, 255, 256]:
        case(f"fake_quantize {levels}", fake_quantize(levels, levels == 255), floats(2, 3, 4, 5), tolerance=1e-4)


def shape_cases():
    image = floats(1, 4, 6, 6)
    case("shape_of", lambda x: o.shape_of(x, "i32"), image)
    case("reshape", lambda x: o.reshape(x, np.array([0, -1, 3]), True), floats(2, 3, 6))
    case("squeeze", lambda x: o.squeeze(x, np.array([0, 2])), floats(1, 3, 1, 4))
    for allowed in [[0, 1], [1]]:
        case(f"squeeze what is one of {allowed}", lambda x, a=allowed: o.squeeze(x, np.array(a), True), floats(1, 3, 1, 4))
    case("squeeze all", lambda x: o.squeeze(x), floats(1, 3, 1, 4))
    case("unsqueeze", lambda x: o.unsqueeze(x, np.array([0, -1])), floats(3, 4))
    case("transpose", lambda x: o.transpose(x, np.array([2, 0, 1])), floats(2, 3, 4))
    case("concat", lambda a, b: o.concat([a, b], -1), floats(2, 3), floats(2, 4))
    case("split", lambda x: o.split(x, 1, 3).outputs(), floats(2, 6))
    case("variadic_split", lambda x: o.variadic_split(x, 1, np.array([2, -1, 1])).outputs(), floats(2, 6))
    case("slice", lambda x: o.slice(x, np.array([-1, 1]), np.array([-9, 4]), np.array([-1, 2]), np.array([1, 0])), floats(5, 6))
    zeros = [0, 0, 0]
    case("strided_slice", lambda x: o.strided_slice(x, [1, 0, -1], [3, 9, -9], [1, 2, -1], zeros, zeros), floats(4, 6, 5))
    case("strided_slice open", lambda x: o.strided_slice(x, [1, 2, 1], [3, 4, 2], [1, 1, -1], [1, 0, 1], [0, 1, 1]), floats(4, 6, 5))
    case("strided_slice masks", lambda x: o.strided_slice(
        x, [0, -1, 0, 2], [0, 0, 0, 4], [1, 1, 1, 1], [0] * 4, [0] * 4, [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]), floats(3, 4, 5, 6))
    case("strided_slice computed", lambda x, b: o.strided_slice(x, b, o.add(b, np.array([2, 2])), [1, 1], [0, 1], [0, 0]),
         floats(5, 6), lambda g: np.array([1, 2], I64))
    for mode in ["constant", "edge", "reflect"]:
        case(f"pad {mode}", lambda x, m=mode: o.pad(x, [0, 1, 2], [1, 0, 1], m, np.float32(3) if m == "constant" else None), floats(3, 4, 5))
    case("tile", lambda x: o.tile(x, [2, 1, 3]), floats(3, 4))
    case("broadcast", lambda x: o.broadcast(x, [2, 3, 4]), floats(3, 1))
    case("broadcast both", lambda x: o.broadcast(x, [3, 1], broadcast_spec="BIDIRECTIONAL"), floats(2, 1, 4))
    case("broadcast explicit", lambda x: o.broadcast(x, [2, 3, 4], [1], "EXPLICIT"), floats(3))
    for mode in ["blocks_first", "depth_first"]:
        case(f"depth_to_space {mode}", lambda x, m=mode: o.depth_to_space(x, m, 2), floats(1, 8, 3, 2))
        case(f"space_to_depth {mode}", lambda x, m=mode: o.space_to_depth(x, m, 2), floats(1, 3, 4, 6))
    case("space_to_batch", lambda x: o.space_to_batch(x, [1, 1, 2, 3], [0, 0, 1, 0], [0, 0, 1, 0]), floats(2, 3, 4, 6))
    case("batch_to_space", lambda x: o.batch_to_space(x, [1, 1, 2, 3], [0, 0, 1, 0], [0, 0, 0, 2]), floats(12, 3, 4, 5))
    case("shuffle_channels", lambda x: o.shuffle_channels(x, 1, 3), floats(2, 6, 4))
    case("reverse_sequence", lambda x: o.reverse_sequence(x, np.array([2, 3], I32), 0, 1), floats(2, 4, 3))
    case("roll", lambda x: o.roll(x, [1, -2], [0, 1]), floats(3, 5))
    case("range", lambda x: o.range(x, np.int64(20), np.int64(3), "i64"), lambda g: np.array(2, I64))
    case("eye", lambda x: o.multiply(o.eye(np.int32(3), np.int32(4), np.int32(1), "f32"), x), floats(3, 4))


def choice_cases():
    case("gather", lambda x: o.gather(x, np.array([[2, 0], [1, -1]]), 1), floats(2, 3, 4))
    case("gather batches", lambda x, i: o.gather(x, i, 1, 1), floats(2, 5, 4), whole(2, 3, low=0, high=5))
    case("gather batches, later axis", lambda x, i: o.gather(x, i, 2, 1), floats(2, 4, 5, 3), whole(2, 3, low=0, high=5))
    case("gather_elements", lambda x, i: o.gather_elements(x, i, 1), floats(2, 5), whole(2, 3, low=0, high=5))
    case("gather_nd", lambda x: o.gather_nd(x, np.array([[0, 1], [1, 2]])), floats(2, 3, 4))
    case("scatter_update", lambda x, u: o.scatter_update(x, np.array([2, 0]), u, 0), floats(3, 4), floats(2, 4))
    case("scatter_update later axis", lambda x, u: o.scatter_update(x, np.array([[2, 0]]), u, 1), floats(3, 4, 5), floats(3, 1, 2, 5))
    for rule in ["none", "sum", "prod", "min", "max"]:
        case(f"scatter_elements_update {rule}", lambda x, u, r=rule: o.scatter_elements_update(
            x, np.array([[0, 2], [1, 1 if r != "none" else 0]]), u, 1, r), floats(2, 4), floats(2, 2))
        case(f"scatter_nd_update {rule}", lambda x, u, r=rule: o.scatter_nd_update(x, np.array([[1], [3]]), u, r), floats(5, 4), floats(2, 4))
    case("one_hot", lambda i: o.one_hot(i, np.int64(4), np.float32(5), np.float32(-1), 1), whole(2, 3, low=-1, high=6))
    for mode in ["max", "min"]:
        case(f"topk {mode}", lambda x, m=mode: o.topk(x, np.int64(3), 1, m, "value").outputs(), floats(3, 7))
    case("non_zero", lambda x: o.non_zero(x, "i32"), whole(3, 4, low=0, high=2))
    boxes = lambda g: np.sort(g.uniform(0, 1, (1, 20, 2, 2)), axis=2).reshape(1, 20, 4).astype(F32)
    for ordered in [False, True]:
        case(f"non_max_suppression {'ordered' if ordered else ''}", lambda b, s, f=ordered: [
            o.non_max_suppression(b, s, np.int64(5), np.float32(0.4), np.float32(0.2), np.float32(0), "corner", f, "i64").output(i)
            for i in (0, 1, 2)], boxes, floats(1, 2, 20, low=0, high=1))
    bounds = np.array([-1, 0, 1], F32)
    from openvino import opset3
    for right in [True, False]:
        case(f"bucketize {right}", lambda x, r=right: opset3.bucketize(x, o.constant(bounds), "i64", r),
             lambda g: np.array([-2, -1, -0.5, 0, 0.5, 1, 2], F32))


def window_cases():
    from openvino import opset14
    image = floats(2, 4, 9, 8)
    case("convolution", lambda x: o.convolution(x, w(5, 4, 3, 3), [2, 1], [1, 0], [0, 1], [1, 2]), image)
    for rule in ["same_upper", "same_lower", "valid"]:
        case(f"convolution {rule}", lambda x, r=rule: o.convolution(x, w(5, 4, 2, 3), [2, 2], [0, 0], [0, 0], [1, 1], r), image)
    case("convolution of lines", lambda x: o.convolution(x, w(5, 4, 3), [1], [1], [1], [1]), floats(2, 4, 9))
    case("convolution of volumes", lambda x: o.convolution(x, w(3, 2, 2, 2, 2), [1] * 3, [0] * 3, [1] * 3, [1] * 3), floats(1, 2, 4, 5, 4))
    case("group_convolution", lambda x: o.group_convolution(x, w(2, 3, 2, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), image)
    case("group_convolution by channel", lambda x: o.group_convolution(x, w(4, 1, 1, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1]), image)
    case("convolution_backprop_data", lambda x: o.convolution_backprop_data(
        x, w(4, 3, 3, 3), [2, 2], pads_begin=[1, 1], pads_end=[1, 1], output_padding=[1, 0]), image)
    case("convolution_backprop_data sized", lambda x: o.convolution_backprop_data(
        x, w(4, 3, 3, 3), [2, 2], o.constant(np.array([18, 16])), auto_pad="same_upper"), image)
    for rule in ["explicit", "valid"]:
        case(f"convolution_backprop_data sized {rule}", lambda x, r=rule: o.convolution_backprop_data(
            x, w(4, 3, 3, 3), [2, 2], o.constant(np.array([18, 16])), [1, 0], [0, 0], [1, 1], r), image)
    case("convolution_backprop_data larger", lambda x: o.convolution_backprop_data(
        x, w(4, 3, 3, 3), [2, 2], o.constant(np.array([20, 18])), [1, 0], [0, 0]), image)
    case("convolution_backprop_data of no size", lambda x: o.convolution_backprop_data(
        x, w(4, 3, 3, 3), [2, 2], pads_begin=[1, 0], pads_end=[0, 1], auto_pad="same_upper", output_padding=[1, 0]), image)
    case("group_convolution_backprop_data", lambda x: o.group_convolution_backprop_data(
        x, w(2, 2, 3, 3, 3), [2, 1], pads_begin=[0, 1], pads_end=[0, 1]), image)
    case("max_pool", lambda x: o.max_pool(x, [2, 2], [1, 1], [0, 1], [1, 0], [3, 2], "floor").output(0), image)
    case("max_pool ceil", lambda x: o.max_pool(x, [2, 3], [1, 1], [0, 0], [0, 0], [2, 2], "ceil").output(0), image)
    case("max_pool where", lambda x: o.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).outputs(), floats(1, 1, 6, 6))
    for exclude in [True, False]:
        case(f"avg_pool {exclude}", lambda x, e=exclude: o.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], e), image)
    for rule in ["ceil", "ceil_torch"]:
        case(f"avg_pool {rule}", lambda x, r=rule: opset14.avg_pool(x, [2, 2], [1, 1], [0, 0], [2, 3], False, r), image)
        case(f"avg_pool {rule} without border", lambda x, r=rule: opset14.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 3], False, r), image)
    case("avg_pool same", lambda x: o.avg_pool(x, [2, 2], [0, 0], [0, 0], [3, 3], False, "floor", "same_upper"), image)
    for axis in [1, -2]:
        case(f"max_pool where, from axis {axis} on", lambda x, a=axis: o.max_pool(
            x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor", "explicit", "i64", a).outputs(), floats(2, 3, 6, 6))
    case("adaptive_avg_pool", lambda x: o.adaptive_avg_pool(x, np.array([3, 2])), image)
    for mode in ["nearest", "linear", "linear_onnx", "cubic"]:
        for coordinates in ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]:
            case(f"interpolate {mode} {coordinates}", lambda x, m=mode, c=coordinates: o.interpolate(
                x, np.array([13, 5]), m, "sizes", coordinate_transformation_mode=c, axes=np.array([2, 3]),
                nearest_mode="round_prefer_floor"), image, tolerance=1e-4)
    case("interpolate scales", lambda x: o.interpolate(x, np.array([2, 0.5], F32), "nearest", "scales", axes=np.array([2, 3]),
                                                       coordinate_transformation_mode="asymmetric", nearest_mode="floor"), image)
    case("interpolate scales to whole sizes", lambda x: o.interpolate(
        x, np.array([2, 0.5], F32), "linear_onnx", "scales", axes=np.array([2, 3]), coordinate_transformation_mode="align_corners"), image)
    grid = floats(2, 5, 6, 2, low=-1.2, high=1.2)
    for mode in ["bilinear", "nearest", "bicubic"]:
        # OpenVINO's processor plug-in moves points to the border before it takes the four neighbours of bicubic ones.
        for padding in ["zeros", "border", "reflection"] if mode != "bicubic" else ["zeros", "reflection"]:
            case(f"grid_sample {mode} {padding}", lambda x, y, m=mode, p=padding: o.grid_sample(
                x, y, {"align_corners": True, "mode": m, "padding_mode": p}), image, grid, tolerance=1e-4)
    regions = lambda g: np.array([[0, 0, 5, 4], [1, 2, 7, 8]], F32)
    case("roi_align", lambda x, r: o.roi_align(x, r, np.array([0, 1], I32), 3, 2, 2, 0.5, "avg", "asymmetric"), image, regions,
         tolerance=1e-4)


def recurrent_cases():
    hidden, size, batch, time = 4, 3, 2, 5
    lengths = np.array([5, 3], I32)
    for direction, many in [("forward", 1), ("reverse", 1), ("bidirectional", 2)]:
        case(f"lstm_sequence {direction}", lambda x, h, c, d=direction, n=many: o.lstm_sequence(
            x, h, c, lengths, w(n, 4 * hidden, size), w(n, 4 * hidden, hidden), w(n, 4 * hidden), hidden, d).outputs(),
            floats(batch, time, size), floats(batch, many, hidden), floats(batch, many, hidden))
        case(f"rnn_sequence {direction}", lambda x, h, d=direction, n=many: o.rnn_sequence(
            x, h, lengths, w(n, hidden, size), w(n, hidden, hidden), w(n, hidden), hidden, d).outputs(),
            floats(batch, time, size), floats(batch, many, hidden))
        for before in [False, True]:
            rows = 4 if before else 3
            case(f"gru_sequence {direction} {before}", lambda x, h, d=direction, n=many, b=before, r=rows: o.gru_sequence(
                x, h, lengths, w(n, 3 * hidden, size), w(n, 3 * hidden, hidden), w(n, r * hidden), hidden, d,
                linear_before_reset=b).outputs(), floats(batch, time, size), floats(batch, many, hidden))
    case("lstm_cell", lambda x, h, c: o.lstm_cell(x, h, c, w(4 * hidden, size), w(4 * hidden, hidden), w(4 * hidden), hidden).outputs(),
         floats(batch, size), floats(batch, hidden), floats(batch, hidden))
    case("gru_cell", lambda x, h: o.gru_cell(x, h, w(3 * hidden, size), w(3 * hidden, hidden), w(3 * hidden), hidden),
         floats(batch, size), floats(batch, hidden))
    case("rnn_cell", lambda x, h: o.rnn_cell(x, h, w(hidden, size), w(hidden, hidden), w(hidden), hidden, ["tanh"], [], []),
         floats(batch, size), floats(batch, hidden))


def tensor_iterator(x, state):
    """Running sums over axis 1, joined there again."""
    part, carried = o.parameter([2, 1, 3], F32), o.parameter([2, 1, 3], F32)
    total = o.add(part, carried)
    body = ov.Model([o.result(total)], [part, carried])
    loop = o.tensor_iterator()
    loop.set_function(body)
    loop.set_sliced_input(part, x.output(0), 0, 1, 1, -1, 1)
    loop.set_merged_input(carried, state.output(0), body.results[0].output(0))
    last = loop.get_iter_value(body.results[0].output(0), -1)
    joined = loop.get_concatenated_slices(body.results[0].output(0), 0, 1, 1, -1, 1)
    return [last, joined]


def backward_iterator(x):
    part = o.parameter([2, 1, 3], F32)
    body = ov.Model([o.result(o.multiply(part, np.float32(2)))], [part])
    loop = o.tensor_iterator()
    loop.set_function(body)
    loop.set_sliced_input(part, x.output(0), -1, -1, 1, 0, 1)
    return [loop.get_concatenated_slices(body.results[0].output(0), 0, 1, 1, -1, 1)]


def loop(x):
    value, step = o.parameter([2, 3], F32), o.parameter([], I64)
    more = o.multiply(value, np.float32(1.5))
    goes_on = o.less(step, np.int64(3))
    body = ov.Model([o.result(goes_on), o.result(more)], [step, value])
    made = o.loop(o.constant(np.int64(10)), o.constant(True))
    made.set_function(body)
    made.set_special_body_ports([0, 0])
    made.set_merged_input(value, x.output(0), body.results[1].output(0))
    return [made.get_iter_value(body.results[1].output(0), -1)]


def branches(flag, x):
    taken, other = o.parameter([2, 3], F32), o.parameter([2, 3], F32)
    then_body = ov.Model([o.result(o.add(taken, np.float32(1)))], [taken])
    else_body = ov.Model([o.result(o.multiply(other, np.float32(3)))], [other])
    made = o.if_op(flag.output(0))
    made.set_then_body(then_body)
    made.set_else_body(else_body)
    made.set_input(x.output(0), taken, other)
    return [made.set_output(then_body.results[0], else_body.results[0])]


def body_cases():
    case("tensor_iterator", tensor_iterator, floats(2, 4, 3), floats(2, 1, 3))
    case("tensor_iterator backwards", backward_iterator, floats(2, 4, 3))
    case("loop", loop, floats(2, 3))
    case("if_op then", branches, lambda g: np.array(True), floats(2, 3))
    case("if_op else", branches, lambda g: np.array(False), floats(2, 3))


def packed_constant(raw, shape, kind):
    """Of its own bytes: a tensor alone shares those of the array, which ends before the model does."""
    return ov.op.Constant(ov.Tensor(raw, shape, kind), shared_memory=False)


def packed(kind, bits, zero_kind=None):
    """A weight as compressors write it: codes in groups, Convert, Subtract, Multiply, Reshape, Convert."""
    count = 6 * 2 * 16
    raw = RANDOM.integers(0, 256, count * bits // 8).astype(np.uint8)
    codes = packed_constant(raw, ov.Shape([6, 2, 16]), kind)
    values = o.convert(codes, "f16")
    if zero_kind:
        zeros = packed_constant(RANDOM.integers(0, 256, 12 * bits // 8).astype(np.uint8), ov.Shape([6, 2, 1]), zero_kind)
        values = o.subtract(values, o.convert(zeros, "f16"))
    scaled = o.multiply(values, o.constant(RANDOM.uniform(0.01, 0.1, (6, 2, 1)).astype(np.float16)))
    weight = o.convert(o.reshape(scaled, np.array([6, 32]), False), "f32")
    return lambda x: o.matmul(x, weight, False, True)


def float8_weight(kind):
    raw = RANDOM.integers(0, 120, 6 * 32).astype(np.uint8)
    codes = packed_constant(raw, ov.Shape([6, 32]), kind)
    return lambda x: o.matmul(x, o.convert(codes, "f32"), False, True)


def mx_weight():
    codes = packed_constant(RANDOM.integers(0, 256, 96).astype(np.uint8), ov.Shape([6, 1, 32]), ov.Type.f4e2m1)
    scales = packed_constant(RANDOM.integers(120, 130, 6).astype(np.uint8), ov.Shape([6, 1, 1]), ov.Type.f8e8m0)
    scaled = o.multiply(o.convert(codes, "f32"), o.convert(scales, "f32"))
    weight = o.reshape(scaled, np.array([6, 32]), False)
    return lambda x: o.matmul(x, weight, False, True)


def codebook_weight():
    table = packed_constant(RANDOM.integers(0, 256, 16).astype(np.int8), ov.Shape([16]), ov.Type.i8)
    codes = packed_constant(RANDOM.integers(0, 256, 96).astype(np.uint8), ov.Shape([6, 32]), ov.Type.u4)
    values = o.gather(o.convert(table, "f32"), o.convert(codes, "u8"), 0)
    return lambda x: o.matmul(x, o.multiply(values, o.constant(np.float32(0.01))), False, True)


def weight_cases():
    x = floats(3, 32)
    for kind, bits, zero in [(ov.Type.u4, 4, ov.Type.u4), (ov.Type.i4, 4, None), (ov.Type.u8, 8, ov.Type.u8), (ov.Type.i8, 8, None),
                             (ov.Type.nf4, 4, None), (ov.Type.u2, 2, None), (ov.Type.u1, 1, None), (ov.Type.u3, 3, None), (ov.Type.u6, 6, None)]:
        case(f"weight {kind}", packed(kind, bits, zero), x, tolerance=2e-3 if kind == ov.Type.nf4 else 1e-3)
    for kind in [ov.Type.f8e4m3, ov.Type.f8e5m2]:
        case(f"weight {kind}", float8_weight(kind), x, tolerance=1e-4)
    case("weight f4e2m1 and f8e8m0", mx_weight(), x, tolerance=1e-4)
    case("weight codebook", codebook_weight(), x, tolerance=1e-4)


ONNX_CASES = []


def onnx_case(name, op, inputs, stored=None, opset=17, kinds=(F32,), order=None, refused="", **attributes):
    """`order`: names of the node's inputs where some are left out; else `inputs`, then `stored`. `kinds`: of its outputs.
    `refused`: what is said where it has no form."""
    stored = stored or {}

    def make(g):
        values = {key: maker(g) for key, maker in inputs.items()}
        kind_of = onnx.helper.np_dtype_to_tensor_dtype
        outputs = [onnx.helper.make_tensor_value_info(f"y{number}", kind_of(np.dtype(kind)), None) for number, kind in enumerate(kinds)]
        node = onnx.helper.make_node(op, order or [*values, *stored], [output.name for output in outputs], **attributes)
        graph = onnx.helper.make_graph(
            [node], "case", [onnx.helper.make_tensor_value_info(key, kind_of(value.dtype), value.shape) for key, value in values.items()],
            outputs, [onnx.numpy_helper.from_array(value, key) for key, value in stored.items()])
        return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8), values

    ONNX_CASES.append((name, make, refused))


def onnx_cases():
    if ONNX_CASES:
        return ONNX_CASES
    for op, axis in [(op, axis) for op in ["Softmax", "LogSoftmax", "Hardmax"] for axis in [0, 1, 2, -2]]:
        onnx_case(f"{op} from axis {axis} on", op, {"x": floats(2, 3, 4, 5)}, opset=11, axis=axis)
    for rule in ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]:
        onnx_case(f"ConvTranspose to a size, {rule}", "ConvTranspose", {"x": floats(1, 2, 5, 4), "w": floats(2, 3, 3, 2)},
                  strides=[2, 2], output_shape=[10, 7], auto_pad=rule)
    onnx_case("AveragePool rounded up", "AveragePool", {"x": floats(1, 2, 9)}, kernel_shape=[2], strides=[2], pads=[1, 1], ceil_mode=1,
              count_include_pad=1)
    onnx_case("AveragePool rounded up without a border", "AveragePool", {"x": floats(1, 2, 9)}, kernel_shape=[2], strides=[2],
              ceil_mode=1, count_include_pad=1)
    onnx_case("AveragePool beyond the border", "AveragePool", {"x": floats(1, 2, 8)}, kernel_shape=[2], strides=[2], pads=[1, 0],
              ceil_mode=1, count_include_pad=1, refused="end behind the border")
    scale = {"scale": np.array(0.1, F32)}
    onnx_case("QuantizeLinear to int8", "QuantizeLinear", {"x": floats(9)}, scale, 21, [np.int8], output_dtype=onnx.TensorProto.INT8)
    onnx_case("QuantizeLinear to uint16", "QuantizeLinear", {"x": floats(9)}, scale, 21, [np.uint16],
              output_dtype=onnx.TensorProto.UINT16, refused="8-bit integers")
    onnx_case("Resize of the last axis", "Resize", {"x": floats(1, 2, 3, 4)}, {"sizes": np.array([7], I64)}, 18, axes=[-1],
              order=["x", "", "", "sizes"], mode="linear")
    for op in ["ReduceSum", "ReduceMax", "ReduceLogSumExp"]:
        onnx_case(f"{op} over nothing", op, {"x": floats(2, 3)}, {"axes": np.array([], I64)}, 18, noop_with_empty_axes=1)
        onnx_case(f"{op} of a scalar", op, {"x": floats()}, opset=18)
    onnx_case("Transpose of a scalar", "Transpose", {"x": floats()})
    onnx_case("Expand to no shape", "Expand", {"x": floats(2)}, {"shape": np.array([], I64)})
    onnx_case("CumSum along a list of one axis", "CumSum", {"x": floats(3, 4)}, {"axis": np.array([1], I64)})
    half = lambda *shape: lambda g: g.uniform(0.5, 1, shape).astype(np.float16)
    onnx_case("Clip of float16", "Clip", {"x": half(3, 4)}, opset=10, kinds=[np.float16], min=0.6, max=0.8)
    onnx_case("BatchNormalization of float16", "BatchNormalization", {"x": half(3, 4)},
              {name: np.array([0.5, 1, 2, 3], F32) for name in ["scale", "bias", "mean", "variance"]}, 15, [np.float16])
    for op, gates in [("LSTM", 4), ("GRU", 3)]:
        onnx_case(f"{op} of float16", op, {"x": half(5, 2, 3), "w": half(1, gates * 4, 3), "r": half(1, gates * 4, 4)},
                  kinds=[np.float16], hidden_size=4)
    return ONNX_CASES


def op_cases():
    if not CASES:
        for make in [unary_cases, binary_cases, reduction_cases, shape_cases, choice_cases, window_cases, recurrent_cases,
                     body_cases, weight_cases]:
            make()
    return CASES
