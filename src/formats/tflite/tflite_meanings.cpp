// lint: foreign names: TFLite, ONNX
#include "formats/tflite/tflite_meanings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/tflite/tflite_families.h"

namespace adze::formats {
namespace {

// By BuiltinOperator's number.
constexpr std::array kMeanings = {
    TfliteMeaning{0, "ADD", "Add", tflite_binary},
    TfliteMeaning{1, "AVERAGE_POOL_2D", "AveragePool", tflite_pool},
    TfliteMeaning{2, "CONCATENATION", "Concat", tflite_concat},
    TfliteMeaning{3, "CONV_2D", "Conv", tflite_conv},
    TfliteMeaning{4, "DEPTHWISE_CONV_2D", "Conv", tflite_depthwise_conv},
    TfliteMeaning{5, "DEPTH_TO_SPACE", "DepthToSpace", tflite_depth_to_space},
    TfliteMeaning{6, "DEQUANTIZE", "DequantizeLinear", tflite_dequantize},
    TfliteMeaning{7, "EMBEDDING_LOOKUP", "Gather", tflite_embedding_lookup},
    TfliteMeaning{8, "FLOOR", "Floor", tflite_same},
    TfliteMeaning{9, "FULLY_CONNECTED", "MatMul", tflite_fully_connected},
    TfliteMeaning{11, "L2_NORMALIZATION", "", tflite_l2_norm},
    TfliteMeaning{13, "LOCAL_RESPONSE_NORMALIZATION", "LRN", tflite_local_response},
    TfliteMeaning{14, "LOGISTIC", "Sigmoid", tflite_same},
    TfliteMeaning{17, "MAX_POOL_2D", "MaxPool", tflite_pool},
    TfliteMeaning{18, "MUL", "Mul", tflite_binary},
    TfliteMeaning{19, "RELU", "relu", tflite_relu},
    TfliteMeaning{20, "RELU_N1_TO_1", "relu_n1_to_1", tflite_relu},
    TfliteMeaning{21, "RELU6", "relu6", tflite_relu},
    TfliteMeaning{22, "RESHAPE", "Reshape", tflite_reshape},
    TfliteMeaning{23, "RESIZE_BILINEAR", "linear", tflite_resize},
    TfliteMeaning{25, "SOFTMAX", "Softmax", tflite_softmax},
    TfliteMeaning{26, "SPACE_TO_DEPTH", "SpaceToDepth", tflite_space_to_depth},
    TfliteMeaning{28, "TANH", "Tanh", tflite_same},
    TfliteMeaning{34, "PAD", "Pad", tflite_pad},
    TfliteMeaning{36, "GATHER", "Gather", tflite_gather},
    TfliteMeaning{37, "BATCH_TO_SPACE_ND", "", tflite_batch_to_space},
    TfliteMeaning{38, "SPACE_TO_BATCH_ND", "", tflite_space_to_batch},
    TfliteMeaning{39, "TRANSPOSE", "Transpose", tflite_transpose},
    TfliteMeaning{40, "MEAN", "ReduceMean", tflite_reduce},
    TfliteMeaning{41, "SUB", "Sub", tflite_binary},
    TfliteMeaning{42, "DIV", "Div", tflite_div},
    TfliteMeaning{43, "SQUEEZE", "Squeeze", tflite_squeeze},
    TfliteMeaning{45, "STRIDED_SLICE", "Slice", tflite_strided_slice},
    TfliteMeaning{47, "EXP", "Exp", tflite_same},
    TfliteMeaning{48, "TOPK_V2", "TopK", tflite_top_k},
    TfliteMeaning{49, "SPLIT", "Split", tflite_split},
    TfliteMeaning{50, "LOG_SOFTMAX", "LogSoftmax", tflite_log_softmax},
    TfliteMeaning{53, "CAST", "Cast", tflite_cast},
    TfliteMeaning{54, "PRELU", "PRelu", tflite_same},
    TfliteMeaning{55, "MAXIMUM", "Max", tflite_same},
    TfliteMeaning{56, "ARG_MAX", "ArgMax", tflite_arg},
    TfliteMeaning{57, "MINIMUM", "Min", tflite_same},
    TfliteMeaning{58, "LESS", "Less", tflite_compare},
    TfliteMeaning{59, "NEG", "Neg", tflite_same},
    TfliteMeaning{60, "PADV2", "Pad", tflite_pad},
    TfliteMeaning{61, "GREATER", "Greater", tflite_compare},
    TfliteMeaning{62, "GREATER_EQUAL", "GreaterOrEqual", tflite_compare},
    TfliteMeaning{63, "LESS_EQUAL", "LessOrEqual", tflite_compare},
    TfliteMeaning{64, "SELECT", "Where", tflite_select},
    TfliteMeaning{65, "SLICE", "Slice", tflite_slice},
    TfliteMeaning{66, "SIN", "Sin", tflite_same},
    TfliteMeaning{67, "TRANSPOSE_CONV", "ConvTranspose", tflite_transpose_conv},
    TfliteMeaning{69, "TILE", "Tile", tflite_tile},
    TfliteMeaning{70, "EXPAND_DIMS", "Unsqueeze", tflite_expand_dims},
    TfliteMeaning{71, "EQUAL", "Equal", tflite_compare},
    TfliteMeaning{72, "NOT_EQUAL", "", tflite_not_equal},
    TfliteMeaning{73, "LOG", "Log", tflite_same},
    TfliteMeaning{74, "SUM", "ReduceSum", tflite_reduce},
    TfliteMeaning{75, "SQRT", "Sqrt", tflite_same},
    TfliteMeaning{76, "RSQRT", "", tflite_rsqrt},
    TfliteMeaning{77, "SHAPE", "Shape", tflite_shape},
    TfliteMeaning{78, "POW", "Pow", tflite_same},
    TfliteMeaning{79, "ARG_MIN", "ArgMin", tflite_arg},
    TfliteMeaning{80, "FAKE_QUANT", "", tflite_fake_quant},
    TfliteMeaning{81, "REDUCE_PROD", "ReduceProd", tflite_reduce},
    TfliteMeaning{82, "REDUCE_MAX", "ReduceMax", tflite_reduce},
    TfliteMeaning{83, "PACK", "Concat", tflite_pack},
    TfliteMeaning{84, "LOGICAL_OR", "Or", tflite_same},
    TfliteMeaning{85, "ONE_HOT", "OneHot", tflite_one_hot},
    TfliteMeaning{86, "LOGICAL_AND", "And", tflite_same},
    TfliteMeaning{87, "LOGICAL_NOT", "Not", tflite_same},
    TfliteMeaning{88, "UNPACK", "Split", tflite_unpack},
    TfliteMeaning{89, "REDUCE_MIN", "ReduceMin", tflite_reduce},
    TfliteMeaning{90, "FLOOR_DIV", "", tflite_floor_div},
    TfliteMeaning{91, "REDUCE_ANY", "ReduceMax", tflite_reduce_flags},
    TfliteMeaning{92, "SQUARE", "", tflite_square},
    TfliteMeaning{93, "ZEROS_LIKE", "", tflite_zeros_like},
    TfliteMeaning{94, "FILL", "Expand", tflite_fill},
    TfliteMeaning{95, "FLOOR_MOD", "", tflite_floor_mod},
    TfliteMeaning{96, "RANGE", "Range", tflite_range},
    TfliteMeaning{97, "RESIZE_NEAREST_NEIGHBOR", "nearest", tflite_resize},
    TfliteMeaning{98, "LEAKY_RELU", "LeakyRelu", tflite_leaky_relu},
    TfliteMeaning{99, "SQUARED_DIFFERENCE", "", tflite_squared_difference},
    TfliteMeaning{100, "MIRROR_PAD", "Pad", tflite_mirror_pad},
    TfliteMeaning{101, "ABS", "Abs", tflite_same},
    TfliteMeaning{102, "SPLIT_V", "Split", tflite_split_v},
    TfliteMeaning{104, "CEIL", "Ceil", tflite_same},
    TfliteMeaning{105, "REVERSE_V2", "", tflite_reverse},
    TfliteMeaning{106, "ADD_N", "Sum", tflite_add_n},
    TfliteMeaning{107, "GATHER_ND", "GatherND", tflite_gather_nd},
    TfliteMeaning{108, "COS", "Cos", tflite_same},
    TfliteMeaning{109, "WHERE", "NonZero", tflite_where},
    TfliteMeaning{110, "RANK", "", tflite_rank},
    TfliteMeaning{111, "ELU", "Elu", tflite_same},
    TfliteMeaning{112, "REVERSE_SEQUENCE", "ReverseSequence", tflite_reverse_sequence},
    TfliteMeaning{114, "QUANTIZE", "QuantizeLinear", tflite_quantize},
    TfliteMeaning{116, "ROUND", "Round", tflite_same},
    TfliteMeaning{117, "HARD_SWISH", "HardSwish", tflite_same},
    TfliteMeaning{118, "IF", "If", tflite_if},
    TfliteMeaning{119, "WHILE", "Loop", tflite_while},
    TfliteMeaning{122, "SCATTER_ND", "ScatterND", tflite_scatter_nd},
    TfliteMeaning{123, "SELECT_V2", "Where", tflite_select},
    TfliteMeaning{126, "BATCH_MATMUL", "MatMul", tflite_batch_mat_mul},
    TfliteMeaning{128, "CUMSUM", "CumSum", tflite_cum_sum},
    TfliteMeaning{130, "BROADCAST_TO", "Expand", tflite_broadcast_to},
    TfliteMeaning{140, "REDUCE_ALL", "ReduceMin", tflite_reduce_flags},
    TfliteMeaning{150, "GELU", "Gelu", tflite_gelu},
    TfliteMeaning{152, "RELU_0_TO_1", "relu_0_to_1", tflite_relu},
    TfliteMeaning{158, "SIGN", "Sign", tflite_same},
};
static_assert(std::ranges::is_sorted(kMeanings, {}, &TfliteMeaning::code));

}  // namespace

const TfliteMeaning* find_tflite_meaning(int32_t code) {
  const auto found = std::ranges::lower_bound(kMeanings, code, {}, &TfliteMeaning::code);
  return found != kMeanings.end() && found->code == code ? &*found : nullptr;
}

std::string tflite_operator_name(int32_t code, const std::string& custom) {
  constexpr int32_t kCustom = 32;
  if (code == kCustom) return custom.empty() ? "a custom operator" : custom;
  const TfliteMeaning* meaning = find_tflite_meaning(code);
  return meaning ? std::string(meaning->name) : fmt::format("operator {}", code);
}

}  // namespace adze::formats
