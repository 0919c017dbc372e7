// Products of matrices and sums of products.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/integer_matrices.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

/// A batched product: vectors are matrices with a row or column that is left out of the result.
struct BatchedProduct {
  Dims a, b;    // with at least two dimensions
  Dims batch;   // broadcast
  Dims result;  // without what was added
  int64_t rows = 0, depth = 0, columns = 0;
};

BatchedProduct batched_product(const HostTensor& a, const HostTensor& b) {
  require_rank(a, 1);
  require_rank(b, 1);
  BatchedProduct p{a.dims(), b.dims(), {}, {}};
  if (a.rank() == 1) p.a.insert(p.a.begin(), 1);
  if (b.rank() == 1) p.b.push_back(1);
  p.rows = p.a[p.a.size() - 2];
  p.depth = p.a.back();
  p.columns = p.b.back();
  if (p.b[p.b.size() - 2] != p.depth) {
    fail(ErrorCode::bad_input, "{} and {} cannot be multiplied", a.description(), b.description());
  }
  p.batch = broadcast_dims(std::span(p.a).first(p.a.size() - 2), std::span(p.b).first(p.b.size() - 2));
  p.result = p.batch;
  if (a.rank() > 1) p.result.push_back(p.rows);
  if (b.rank() > 1) p.result.push_back(p.columns);
  return p;
}

/// Calls product(number of a's matrix, of b's, of the result's).
template <typename Product>
void each_product(const BatchedProduct& p, Product product) {
  const std::array strides = {broadcast_strides(std::span(p.a).first(p.a.size() - 2), p.batch),
                              broadcast_strides(std::span(p.b).first(p.b.size() - 2), p.batch)};
  const StridedWalk walk(p.batch, strides);
  walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
    for (int64_t i = 0; i < walk.row_length(); ++i) {
      product(offsets[0] + i * walk.step(0), offsets[1] + i * walk.step(1), at + i);
    }
  });
}

/// A product with input 1, which is packed once where it is the same in every run.
void multiply_by_input(const StandardCall& call, FloatProduct product) {
  if (!call.keeps(1)) return multiply_floats(product, call.pool);
  const auto panels = call.kept_of(1, [&] { return packed_panels(product.b, product.depth, product.columns); });
  product.panels = panels->data();
  multiply_floats(product, call.pool);
}

HostTensor multiply_f32(const HostTensor& a, const HostTensor& b, const StandardCall& call) {
  const auto p = batched_product(a, b);
  HostTensor result(a.type(), p.result);
  const float *left = a.numbers<float>().data(), *right = b.numbers<float>().data();
  float* out = result.fill<float>().data();
  if (b.rank() == 2) {  // rows of all matrices of a at once
    const int64_t rows = p.depth == 0 ? result.count() / std::max<int64_t>(p.columns, 1) : a.count() / p.depth;
    multiply_by_input(call, {rows, p.depth, p.columns, {left, p.depth, 1}, {right, p.columns, 1}, out});
    return result;
  }
  each_product(p, [&](int64_t of_left, int64_t of_right, int64_t at) {
    multiply_floats({p.rows,
                     p.depth,
                     p.columns,
                     {left + of_left * p.rows * p.depth, p.depth, 1},
                     {right + of_right * p.depth * p.columns, p.columns, 1},
                     out + at * p.rows * p.columns},
                    call.pool);
  });
  return result;
}

template <typename T>
HostTensor multiply_plainly(const HostTensor& a, const HostTensor& b) {
  const auto p = batched_product(a, b);
  HostTensor result = zeros(a.type(), p.result);
  each_product(p, [&](int64_t left, int64_t right, int64_t at) {
    const T* x = a.numbers<T>().data() + left * p.rows * p.depth;
    const T* y = b.numbers<T>().data() + right * p.depth * p.columns;
    T* to = result.fill<T>().data() + at * p.rows * p.columns;
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t k = 0; k < p.depth; ++k) {
        for (int64_t c = 0; c < p.columns; ++c) {
          T& sum = to[r * p.columns + c];
          sum = static_cast<T>(sum + x[r * p.depth + k] * y[k * p.columns + c]);
        }
      }
    }
  });
  return result;
}

HostValues evaluate_mat_mul(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(1);
  require_type(b, a.type());
  if (a.type() == &codecs::f32.info) return only_result(multiply_f32(a, b, call));
  return only_result(visit_numbers(a, [&](auto tag) { return multiply_plainly<typename decltype(tag)::type>(a, b); }));
}

HostTensor transposed(const HostTensor& x, bool turn) {
  require_rank(x, 2, 2);
  return turn ? copy_view(x, {{x.dim(1), x.dim(0)}, {1, x.dim(1)}, 0}) : x;
}

/// The second matrix stays as it lies.
HostTensor gemm_product_f32(const StandardCall& call, const HostTensor& a) {
  const HostTensor& b = call.tensor(1);
  require_rank(b, 2, 2);
  const bool turned = call.integer("transB", 0) != 0;
  const int64_t depth = b.dim(turned ? 1 : 0), columns = b.dim(turned ? 0 : 1);
  if (a.dim(1) != depth) fail(ErrorCode::bad_input, "{} and {} cannot be multiplied", a.description(), b.description());
  HostTensor result(a.type(), {a.dim(0), columns});
  const float* numbers = b.numbers<float>().data();
  const MatrixView view = turned ? MatrixView{numbers, 1, depth} : MatrixView{numbers, columns, 1};
  multiply_by_input(
      call, {a.dim(0), depth, columns, {a.numbers<float>().data(), depth, 1}, view, result.fill<float>().data()});
  return result;
}

HostTensor gemm_product(const StandardCall& call) {
  const HostTensor a = transposed(call.tensor(0), call.integer("transA", 0) != 0);
  require_type(call.tensor(1), a.type());
  if (a.type() == &codecs::f32.info) return gemm_product_f32(call, a);
  const HostTensor b = transposed(call.tensor(1), call.integer("transB", 0) != 0);
  return visit_numbers(a, [&](auto tag) { return multiply_plainly<typename decltype(tag)::type>(a, b); });
}

HostValues evaluate_gemm(const StandardCall& call) {
  const HostTensor& a = call.tensor(0);
  const HostTensor product = gemm_product(call);
  const double alpha = call.number("alpha", 1), beta = call.number("beta", 1);
  const HostTensor zero = zeros(a.type(), {});
  const HostTensor& c = call.has(2) ? call.tensor(2) : zero;
  require_type(c, a.type());
  broadcast_strides(c.dims(), product.dims());
  return only_result(visit_numbers(product, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_pairs<T, T>(product, c, a.type(), [&](T x, T y) {
      return static_cast<T>(static_cast<T>(alpha) * x + static_cast<T>(beta) * y);
    });
  }));
}

HostTensor multiply_shifted(const HostTensor& a, const HostTensor& b, const HostTensor* a_zero,
                            const HostTensor* b_zero) {
  // A zero point for each row of a stands in the last but one dimension, for each column of b in the last.
  return multiply_plainly<double>(subtract_zero_point(a, a_zero, a.rank() - 2),
                                  subtract_zero_point(b, b_zero, b.rank() - 1));
}

bool is_byte(const HostTensor& x) { return x.type() == &codecs::u8.info || x.type() == &codecs::i8.info; }

bool is_one_byte(const StandardCall& call, size_t input) {
  return !call.has(input) || (is_byte(call.tensor(input)) && call.tensor(input).count() == 1);
}

/// One zero point for all, or one for each column.
bool are_zeros_of_columns(const StandardCall& call, size_t input, int64_t columns) {
  if (!call.has(input)) return true;
  const HostTensor& zeros = call.tensor(input);
  return is_byte(zeros) && (zeros.count() == 1 || (zeros.rank() == 1 && zeros.count() == columns));
}

/// Rows of a, with one zero point, times one matrix of bytes.
bool is_integer_product(const StandardCall& call, size_t b, size_t a_zero, size_t b_zero) {
  const HostTensor &left = call.tensor(0), &right = call.tensor(b);
  if (!is_byte(left) || !is_byte(right) || left.rank() < 2 || right.rank() != 2) return false;
  return is_one_byte(call, a_zero) && are_zeros_of_columns(call, b_zero, right.dim(1)) && fits_sums(right.dim(0)) &&
         left.dims().back() == right.dim(0);
}

int32_t zero_of(const StandardCall& call, size_t input) {
  return call.has(input) ? static_cast<int32_t>(read_number(call.tensor(input))) : 0;
}

std::shared_ptr<const PackedByteColumns> byte_columns(const StandardCall& call, size_t b, size_t zeros, bool turned) {
  const HostTensor* shift = call.has(zeros) ? &call.tensor(zeros) : nullptr;
  const auto pack = [&] { return packed_byte_columns(call.tensor(b), turned, shift); };
  const bool keeps = !shift || call.keeps(zeros);
  return keeps ? call.kept_of(b, pack) : std::make_shared<const PackedByteColumns>(pack());
}

Dims product_dims(const HostTensor& a, int64_t columns) {
  Dims dims = a.dims();
  dims.back() = columns;
  return dims;
}

HostValues evaluate_mat_mul_integer(const StandardCall& call) {
  const HostTensor& a = call.tensor(0);
  if (is_integer_product(call, 1, 2, 3)) {
    const auto b = byte_columns(call, 1, 3, false);
    HostTensor result(&codecs::i32.info, product_dims(a, b->columns));
    multiply_integers({a, zero_of(call, 2), *b, nullptr, {}}, result, call.pool);
    return only_result(std::move(result));
  }
  const HostTensor product = multiply_shifted(a, call.tensor(1), call.has(2) ? &call.tensor(2) : nullptr,
                                              call.has(3) ? &call.tensor(3) : nullptr);
  return {map_each<double, int32_t>(product, &codecs::i32.info, [](double x) { return static_cast<int32_t>(x); })};
}

/// Scales of a and the result are one number each, those of b one or one for each column; nothing for others.
std::optional<IntegerResult> integer_result(const StandardCall& call, int64_t columns, size_t y_scale, double factor) {
  const HostTensor &zero = call.tensor(y_scale + 1), scales = to_f64(call.tensor(4));
  const bool one_each = call.tensor(1).count() == 1 && call.tensor(y_scale).count() == 1;
  if (!one_each || !is_one_byte(call, y_scale + 1) || (scales.count() != 1 && scales.count() != columns)) {
    return std::nullopt;
  }
  const double by = factor * read_number(call.tensor(1)) / read_number(call.tensor(y_scale));
  const auto limits = integer_limits(zero);
  IntegerResult result{{},
                       static_cast<int32_t>(read_number(zero)),
                       static_cast<int32_t>(limits.least),
                       static_cast<int32_t>(limits.most)};
  for (int64_t c = 0; c < columns; ++c) {
    const auto at = static_cast<size_t>(scales.count() == 1 ? 0 : c);
    result.scales.push_back(static_cast<float>(by * scales.numbers<double>()[at]));
  }
  return result;
}

HostValues evaluate_q_linear_mat_mul(const StandardCall& call) {
  const HostTensor &left = call.tensor(0), &right = call.tensor(3);
  if (is_byte(call.tensor(7)) && is_integer_product(call, 3, 2, 5)) {
    if (auto quantized = integer_result(call, right.dim(1), 6, 1)) {
      const auto b = byte_columns(call, 3, 5, false);
      HostTensor result(call.tensor(7).type(), product_dims(left, b->columns));
      multiply_integers({left, zero_of(call, 2), *b, nullptr, std::move(quantized)}, result, call.pool);
      return only_result(std::move(result));
    }
  }
  const HostTensor a = dequantize_along(left, call.tensor(1), call.tensor(2), left.rank() - 2);
  const HostTensor b = dequantize_along(right, call.tensor(4), call.tensor(5), right.rank() - 1);
  const HostTensor product = multiply_plainly<double>(a, b);
  return {quantize_along(product, call.tensor(6), call.tensor(7), product.rank() == 0 ? 0 : product.rank() - 2)};
}

/// ONNX Runtime's: a, b and their parameters as QLinearMatMul, then a bias in i32, then the result's parameters.
HostValues evaluate_q_gemm(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(3);
  require_rank(a, 2, 2);
  require_rank(b, 2, 2);
  if (call.integer("transA", 0) != 0 || !call.has(7) || !call.has(8)) {
    fail(ErrorCode::unsupported, "transA, and results in f32");
  }
  const bool turned = call.integer("transB", 0) != 0;
  const int64_t columns = b.dim(turned ? 0 : 1);
  const HostTensor* bias = call.has(6) ? &call.tensor(6) : nullptr;
  if (bias) require_type(*bias, &codecs::i32.info);
  if ((bias && bias->count() != columns) || !is_byte(a) || !is_byte(b) || a.dim(1) != b.dim(turned ? 1 : 0)) {
    fail(ErrorCode::bad_input, "{} and {} cannot be multiplied", a.description(), b.description());
  }
  auto quantized = integer_result(call, columns, 7, call.number("alpha", 1));
  if (!quantized || !is_one_byte(call, 2) || !are_zeros_of_columns(call, 5, columns) || !fits_sums(a.dim(1))) {
    fail(ErrorCode::unsupported, "its scales or zero points");
  }
  const auto packed = byte_columns(call, 3, 5, turned);
  HostTensor result(call.tensor(8).type(), {a.dim(0), columns});
  multiply_integers(
      {a, zero_of(call, 2), *packed, bias ? bias->numbers<int32_t>().data() : nullptr, std::move(quantized)}, result,
      call.pool);
  return only_result(std::move(result));
}

/// "ij,jk->ik" as lists of labels; an ellipsis stands for labels of its own, numbered from the right.
struct EinsumTerms {
  std::vector<std::vector<int>> inputs;
  std::vector<int> output;
};

constexpr int kEllipsisLabel = 1000;  // minus the distance from its right end

std::vector<int> einsum_labels(std::string_view term, size_t rank) {
  const auto letters = static_cast<size_t>(std::ranges::count_if(term, [](char c) { return c != '.'; }));
  const size_t hidden = rank > letters ? rank - letters : 0;
  std::vector<int> labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] != '.') {
      labels.push_back(term[i]);
      continue;
    }
    for (size_t j = 0; j < hidden; ++j) labels.push_back(kEllipsisLabel + static_cast<int>(hidden - j));
    i = std::max(i, term.find_last_of('.'));
  }
  return labels;
}

EinsumTerms einsum_terms(std::string equation, const StandardCall& call) {
  std::erase(equation, ' ');
  const size_t arrow = equation.find("->");
  std::string_view left = std::string_view(equation).substr(0, arrow);
  EinsumTerms terms;
  std::map<int, int> uses;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const size_t comma = std::min(left.find(','), left.size());
    terms.inputs.push_back(einsum_labels(left.substr(0, comma), call.tensor(i).rank()));
    if (terms.inputs.back().size() != call.tensor(i).rank()) {
      fail(ErrorCode::bad_input, "equation \"{}\" does not fit {}", equation, call.tensor(i).description());
    }
    for (const int label : terms.inputs.back()) ++uses[label];
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  std::vector<int> ellipsis;
  for (const auto& [label, count] : uses) {
    if (label >= kEllipsisLabel) ellipsis.insert(ellipsis.begin(), label);
  }
  if (arrow == std::string::npos) {
    terms.output = ellipsis;
    for (const auto& [label, count] : uses) {
      if (label < kEllipsisLabel && count == 1) terms.output.push_back(label);
    }
    return terms;
  }
  const std::string_view right = std::string_view(equation).substr(arrow + 2);
  const auto letters = static_cast<size_t>(std::ranges::count_if(right, [](char c) { return c != '.'; }));
  const bool has_ellipsis = right.find('.') != std::string_view::npos;
  terms.output = einsum_labels(right, letters + (has_ellipsis ? ellipsis.size() : 0));
  return terms;
}

std::map<int, int64_t> einsum_sizes(const EinsumTerms& terms, const StandardCall& call) {
  std::map<int, int64_t> sizes;
  for (size_t i = 0; i < terms.inputs.size(); ++i) {
    for (size_t axis = 0; axis < terms.inputs[i].size(); ++axis) {
      int64_t& size = sizes.try_emplace(terms.inputs[i][axis], 1).first->second;
      const int64_t dim = call.tensor(i).dim(axis);
      if (size != dim && size != 1 && dim != 1) fail(ErrorCode::bad_input, "sizes {} and {} do not fit", size, dim);
      size = std::max(size, dim);
      if (dim == 0) size = 0;
    }
  }
  for (const int label : terms.output) {
    if (!sizes.contains(label)) fail(ErrorCode::bad_input, "the equation's result has a label that no input has");
  }
  return sizes;
}

/// Joins `next` to a running product: both get the labels [shared…, own…] as a walk over all labels that are left.
template <typename T>
HostTensor einsum_sum(const EinsumTerms& terms, const std::map<int, int64_t>& sizes, const StandardCall& call) {
  std::vector<int> labels = terms.output;
  for (const auto& [label, size] : sizes) {
    if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
  }
  Dims shape, result_dims;
  for (const int label : labels) shape.push_back(sizes.at(label));
  result_dims.assign(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(terms.output.size()));
  HostTensor result = zeros(call.tensor(0).type(), result_dims);
  const int64_t summed = checked_element_count(std::span(shape).subspan(terms.output.size()));
  std::vector<Dims> strides;
  for (size_t i = 0; i < terms.inputs.size(); ++i) {
    const auto own = strides_of(call.tensor(i).dims());
    Dims seen(labels.size(), 0);
    for (size_t axis = 0; axis < own.size(); ++axis) {
      const auto at = static_cast<size_t>(std::ranges::find(labels, terms.inputs[i][axis]) - labels.begin());
      if (call.tensor(i).dim(axis) != 1) seen[at] += own[axis];
    }
    strides.push_back(std::move(seen));
  }
  const int64_t total = checked_element_count(shape);
  Dims place(labels.size(), 0), offsets(strides.size(), 0);
  std::vector<const T*> numbers;
  for (size_t i = 0; i < strides.size(); ++i) numbers.push_back(call.tensor(i).numbers<T>().data());
  for (int64_t at = 0; at < total; ++at) {
    T product = 1;
    for (size_t i = 0; i < strides.size(); ++i) product = static_cast<T>(product * numbers[i][offsets[i]]);
    T& sum = result.fill<T>()[static_cast<size_t>(at / summed)];
    sum = static_cast<T>(sum + product);
    for (size_t axis = labels.size(); axis-- > 0;) {
      for (size_t i = 0; i < strides.size(); ++i) offsets[i] += strides[i][axis];
      if (++place[axis] < shape[axis]) break;
      for (size_t i = 0; i < strides.size(); ++i) offsets[i] -= strides[i][axis] * shape[axis];
      place[axis] = 0;
    }
  }
  return result;
}

HostValues evaluate_einsum(const StandardCall& call) {
  const auto terms = einsum_terms(call.word("equation", ""), call);
  const auto sizes = einsum_sizes(terms, call);
  for (size_t i = 1; i < call.inputs.size(); ++i) require_type(call.tensor(i), call.tensor(0).type());
  return only_result(visit_numbers(
      call.tensor(0), [&](auto tag) { return einsum_sum<typename decltype(tag)::type>(terms, sizes, call); }));
}

/// By elimination with the largest pivot.
double determinant(std::vector<double> m, size_t n) {
  double result = 1;
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row) {
      if (std::fabs(m[row * n + column]) > std::fabs(m[pivot * n + column])) pivot = row;
    }
    if (m[pivot * n + column] == 0) return 0;
    if (pivot != column) {
      std::swap_ranges(m.begin() + static_cast<std::ptrdiff_t>(pivot * n),
                       m.begin() + static_cast<std::ptrdiff_t>((pivot + 1) * n),
                       m.begin() + static_cast<std::ptrdiff_t>(column * n));
      result = -result;
    }
    result *= m[column * n + column];
    for (size_t row = column + 1; row < n; ++row) {
      const double factor = m[row * n + column] / m[column * n + column];
      for (size_t i = column; i < n; ++i) m[row * n + i] -= factor * m[column * n + i];
    }
  }
  return result;
}

HostValues evaluate_det(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 2);
  const auto n = static_cast<size_t>(x.dims().back());
  if (x.dim(x.rank() - 2) != x.dims().back()) fail(ErrorCode::bad_input, "{} is not square", x.description());
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), Dims(x.dims().begin(), x.dims().end() - 2));
    const auto from = x.numbers<T>();
    for (size_t i = 0; i < static_cast<size_t>(result.count()); ++i) {
      result.template fill<T>()[i] =
          static_cast<T>(determinant({from.begin() + static_cast<std::ptrdiff_t>(i * n * n),
                                      from.begin() + static_cast<std::ptrdiff_t>((i + 1) * n * n)},
                                     n));
    }
    return result;
  }));
}

Types infer_gemm(const graph::NodeTypes& node) {
  const auto a = type_of_input(node, 0), b = type_of_input(node, 1);
  if (!a.rank_known || !b.rank_known || a.dims.size() != 2 || b.dims.size() != 2) return infer_storage(node);
  const size_t row = int_attribute_or(node.node, "transA", 0) != 0 ? 1 : 0;
  const size_t column = int_attribute_or(node.node, "transB", 0) != 0 ? 0 : 1;
  return {graph::ValueType::tensor(a.storage, {a.dims[row], b.dims[column]})};
}

Types infer_mat_mul(const graph::NodeTypes& node) {
  const auto a = type_of_input(node, 0), b = type_of_input(node, 1);
  if (!a.rank_known || !b.rank_known || a.dims.size() < 2 || b.dims.size() < 2) return infer_storage(node);
  auto type = a;
  type.dims.back() = b.dims.back();
  if (b.dims.size() == 2) return {type};
  auto types = infer_dims(node, a.storage, std::max(a.dims.size(), b.dims.size()));
  std::copy(type.dims.end() - 2, type.dims.end(), types[0].dims.end() - 2);
  return types;
}

Types infer_mat_mul_integer(const graph::NodeTypes& node) {
  auto types = infer_mat_mul(node);
  for (auto& type : types) type.storage = &codecs::i32.info;
  return types;
}

/// With a letter for each dimension of what is made, where the equation says it.
Types infer_einsum(const graph::NodeTypes& node) {
  std::string equation = string_attribute_or(node.node, "equation", "");
  std::erase(equation, ' ');
  const auto arrow = equation.find("->");
  if (arrow == std::string::npos || equation.find('.') != std::string::npos) return infer_storage(node);
  return infer_dims(node, storage_of_input(node, 0), equation.size() - arrow - 2);
}

constexpr std::array kOps = {
    StandardOp{{"MatMul", "products of matrices", infer_mat_mul}, evaluate_mat_mul},
    StandardOp{{"Gemm", "alpha a b + beta c", infer_gemm}, evaluate_gemm},
    StandardOp{{"MatMulInteger", "products of 8-bit matrices in i32", infer_mat_mul_integer}, evaluate_mat_mul_integer},
    StandardOp{{"QLinearMatMul", "products of quantized matrices, quantized", infer_storage_of<7>},
               evaluate_q_linear_mat_mul,
               NarrowFloats::as_is},
    StandardOp{{"QGemm", "alpha a b + bias of quantized matrices, quantized", infer_storage_of<8>}, evaluate_q_gemm},
    StandardOp{{"Einsum", "sums of products by an equation", infer_einsum}, evaluate_einsum},
    StandardOp{{"Det", "determinants", infer_storage}, evaluate_det},
};

}  // namespace

std::span<const StandardOp> matrix_ops() { return kOps; }

}  // namespace adze::ops
