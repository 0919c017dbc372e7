#include "formats/hf_quantized/split_matrix.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/column_groups.h"
#include "codecs/group_blocks.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupOffset;

// A multiple of the codes of every unit.
constexpr int64_t kOutputsAtATime = 32;

/// The arrays of one matrix while they are needed.
class BuiltArrays {
 public:
  BuiltArrays(model::Tensor matrix, const GroupLayout& layout, const MatrixForm& form, int zero_shift)
      : matrix_(std::move(matrix)),
        layout_(layout),
        form_(form),
        zero_shift_(zero_shift),
        size_{matrix_.shape[0], matrix_.shape[1]},
        of_groups_{size_.outputs, (size_.inputs + layout.group - 1) / layout.group},
        chunks_((size_.outputs + kOutputsAtATime - 1) / kOutputsAtATime) {}

  enum Part : uint8_t { codes, zeros, scales };

  /// Threads that come while the arrays are made take part.
  std::span<const std::byte> array(Part part) {
    std::unique_lock lock(mutex_);
    if (next_ == 0) allocate();
    while (next_ < chunks_) {
      const int64_t chunk = next_++;
      ++running_;
      lock.unlock();
      std::exception_ptr error = built(chunk);
      lock.lock();
      --running_;
      if (error) {
        error_ = error;
        next_ = chunks_;  // the others need not go on
      }
    }
    if (running_ == 0) is_complete_.notify_all();
    is_complete_.wait(lock, [&] { return running_ == 0; });
    if (error_) std::rethrow_exception(error_);
    return bytes_[part];
  }

  /// An array was read to its end; the bytes go when all that are written were.
  void finish(Part part, bool has_zeros) {
    const std::lock_guard lock(mutex_);
    if (next_ == 0) return;
    is_finished_[part] = true;
    if (!is_finished_[codes] || !is_finished_[scales] || (has_zeros && !is_finished_[zeros])) return;
    bytes_ = {};
    is_finished_ = {};
    next_ = 0;  // whoever asks again has them made again
  }
  std::string where() const { return matrix_.source->where(); }

 private:
  void allocate() {
    const auto bytes_of = [](const Shape& shape, int64_t width) {
      return static_cast<size_t>(shape.element_count() * width);
    };
    bytes_[codes].assign(bytes_of(code_array_shape(form_.codes, size_), form_.codes.packing->word_bytes), {});
    bytes_[zeros].assign(bytes_of(code_array_shape(form_.zeros, of_groups_), form_.zeros.packing->word_bytes), {});
    bytes_[scales].assign(bytes_of(scale_array_shape(form_.scales, of_groups_), layout_.scale_bytes()), {});
    error_ = nullptr;
  }

  std::exception_ptr built(int64_t chunk) {
    try {
      build({chunk * kOutputsAtATime, std::min(kOutputsAtATime, size_.outputs - chunk * kOutputsAtATime)});
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  void build(Outputs outputs) {
    std::vector<std::byte> scratch;
    const auto rows = matrix_.source->rows(outputs.first, outputs.count, scratch);
    std::vector<uint8_t> unpacked(static_cast<size_t>(outputs.count * size_.inputs));
    std::vector<uint8_t> zero_points(static_cast<size_t>(outputs.count * of_groups_.inputs));
    std::vector<std::byte> of_groups(zero_points.size() * static_cast<size_t>(layout_.scale_bytes()));
    for (int64_t i = 0; i < outputs.count; ++i) {
      const auto* row = reinterpret_cast<const uint8_t*>(rows.data()) + i * matrix_.row_bytes();
      const Row to{unpacked.data() + i * size_.inputs, zero_points.data() + i * of_groups_.inputs,
                   of_groups.data() + i * of_groups_.inputs * layout_.scale_bytes()};
      layout_.columns > 0 ? read_row(row, to) : read_blocks(row, to);
    }
    matrix_.source->release(outputs.first, outputs.count);
    write_codes(unpacked.data(), form_.codes, size_, outputs, bytes_[codes]);
    write_codes(zero_points.data(), form_.zeros, of_groups_, outputs, bytes_[zeros]);
    write_scales(of_groups.data(), layout_.scale_bytes(), {form_.scales, of_groups_}, outputs, bytes_[scales]);
  }

  struct Row {
    uint8_t* codes;
    uint8_t* zeros;
    std::byte* scales;
  };

  uint8_t stored_zero(int zero) const { return static_cast<uint8_t>((zero - zero_shift_) & ((1 << layout_.bits) - 1)); }
  bool has_zeros() const { return layout_.offset == GroupOffset::zero_point; }

  void read_blocks(const uint8_t* row, const Row& to) const {
    const auto scale_bytes = static_cast<size_t>(layout_.scale_bytes());
    for (int64_t group = 0; group < of_groups_.inputs; ++group, row += layout_.block_bytes()) {
      const codecs::GroupBlock block(layout_, reinterpret_cast<const std::byte*>(row));
      std::memcpy(to.scales + static_cast<size_t>(group) * scale_bytes, block.scale, scale_bytes);
      to.zeros[group] = stored_zero(has_zeros() ? *block.offset : 1 << (layout_.bits - 1));
      codecs::unpack_codes(block.codes, layout_.bits, layout_.group, to.codes + group * layout_.group);
    }
  }

  void read_row(const uint8_t* row, const Row& to) const {
    const codecs::ColumnGroupParts<const uint8_t> parts(layout_, row);
    std::memcpy(to.scales, parts.scales, static_cast<size_t>(layout_.groups() * layout_.scale_bytes()));
    for (int64_t group = 0; group < of_groups_.inputs; ++group) {
      to.zeros[group] = stored_zero(has_zeros() ? parts.zero_points[group] : 1 << (layout_.bits - 1));
    }
    codecs::unpack_codes(parts.codes, layout_.bits, layout_.columns, to.codes);
  }

  const model::Tensor matrix_;
  const GroupLayout layout_;
  const MatrixForm form_;
  const int zero_shift_;
  const MatrixSize size_, of_groups_;
  const int64_t chunks_;

  std::mutex mutex_;
  std::condition_variable is_complete_;
  int64_t next_ = 0;  // chunk
  int64_t running_ = 0;
  std::exception_ptr error_;
  // By Part.
  std::array<std::vector<std::byte>, 3> bytes_;
  std::array<bool, 3> is_finished_{};
};

class BuiltArray final : public model::TensorSource {
 public:
  BuiltArray(std::shared_ptr<BuiltArrays> arrays, BuiltArrays::Part part, bool has_zeros, int64_t rows)
      : arrays_(std::move(arrays)), part_(part), has_zeros_(has_zeros), rows_(rows) {}

  // A copy: others may finish the last array meanwhile.
  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const auto array = arrays_->array(part_);
    const auto row_bytes = array.size() / static_cast<size_t>(rows_);
    const auto wanted = array.subspan(static_cast<size_t>(first) * row_bytes, static_cast<size_t>(count) * row_bytes);
    scratch.assign(wanted.begin(), wanted.end());
    return scratch;
  }
  // The writer says so once more when it is through with all rows.
  void release(int64_t first, int64_t count) const override {
    if (first == 0 && count == rows_ && rows_ > 0) arrays_->finish(part_, has_zeros_);
  }
  std::string where() const override { return arrays_->where(); }

 private:
  const std::shared_ptr<BuiltArrays> arrays_;
  const BuiltArrays::Part part_;
  const bool has_zeros_;
  const int64_t rows_;
};

StorageType scale_storage(codecs::GroupScale scale) {
  return scale == codecs::GroupScale::float16    ? &codecs::f16.info
         : scale == codecs::GroupScale::bfloat16 ? &codecs::bf16.info
                                                 : &codecs::f32.info;
}

StorageType code_storage(const GroupLayout& layout, const MatrixForm& form) {
  if (form.codes.packing->word_bytes == 4) return &codecs::i32.info;
  return layout.levels == codecs::GroupLevels::e4m3   ? &codecs::f8_e4m3.info
         : layout.levels == codecs::GroupLevels::e5m2 ? &codecs::f8_e5m2.info
                                                      : &codecs::i8.info;
}

// Of every input; the first row of the matrix tells, as all of them agree.
model::Tensor order_array(std::string name, const model::Tensor& matrix, const GroupLayout& layout) {
  std::vector<std::byte> scratch, bytes(static_cast<size_t>(4 * matrix.shape[1]));
  std::span<const std::byte> row;
  if (layout.columns > 0) row = matrix.source->rows(0, 1, scratch);
  for (int64_t input = 0; input < matrix.shape[1]; ++input) {
    auto group = static_cast<uint32_t>(input / layout.group);
    if (layout.columns > 0) {
      const codecs::ColumnGroupParts<const uint8_t> parts(layout, reinterpret_cast<const uint8_t*>(row.data()));
      group = static_cast<uint32_t>(parts.groups[2 * input] | parts.groups[2 * input + 1] << 8);
    }
    std::memcpy(bytes.data() + 4 * input, &group, sizeof group);
  }
  return model::owned_tensor(std::move(name), {matrix.shape[1]}, &codecs::i32.info, std::move(bytes));
}

model::Tensor shape_array(std::string name, const Shape& shape) {
  std::vector<std::byte> bytes(2 * sizeof(int64_t));
  std::memcpy(bytes.data(), shape.dims().data(), bytes.size());
  return model::owned_tensor(std::move(name), {2}, &codecs::i64.info, std::move(bytes));
}

void check_words(const model::Tensor& matrix, const GroupLayout& layout, const MatrixForm& form) {
  const int64_t outputs = matrix.shape[0], inputs = matrix.shape[1];
  const bool fills_words = inputs * layout.bits % 32 == 0 && outputs * layout.bits % 32 == 0;
  if (!form.shape_part.empty() || form.codes.packing->word_bytes == 1 || fills_words) return;
  fail(ErrorCode::unsupported, "tensor '{}' {}: codes of {} bits do not fill 32-bit words along both axes", matrix.name,
       matrix.shape.to_string(), layout.bits);
}

}  // namespace

const GroupLayout* matrix_layout_of(StorageType storage) {
  const auto* layout = codecs::group_layout_of(storage);
  return layout ? layout : codecs::column_group_layout_of(storage);
}

std::vector<model::Tensor> split_matrix(const model::Tensor& matrix, const MatrixForm& form, int zero_shift) {
  const GroupLayout& layout = *matrix_layout_of(matrix.storage);
  if (!matrix.name.ends_with(kWeightEnding) || matrix.shape.rank() != 2) {
    fail(ErrorCode::unsupported, "tensor '{}' {}: only matrices of modules can be quantized there", matrix.name,
         matrix.shape.to_string());
  }
  check_words(matrix, layout, form);
  const std::string module = matrix.name.substr(0, matrix.name.size() - kWeightEnding.size());
  const MatrixSize size{matrix.shape[0], matrix.shape[1]};
  const MatrixSize of_groups{size.outputs, (size.inputs + layout.group - 1) / layout.group};
  const bool has_zeros = form.always_has_zeros || layout.offset == GroupOffset::zero_point;
  const auto built = std::make_shared<BuiltArrays>(matrix, layout, form, zero_shift);
  std::vector<model::Tensor> arrays;
  const auto add = [&](std::string_view part, Shape shape, StorageType storage, BuiltArrays::Part which) {
    auto source = std::make_shared<BuiltArray>(built, which, has_zeros, shape.row_count());
    arrays.push_back({module + std::string(part), std::move(shape), storage, std::move(source)});
  };
  add(form.codes_part, code_array_shape(form.codes, size), code_storage(layout, form), BuiltArrays::codes);
  if (has_zeros) {
    const StorageType zeros = form.zeros.packing->word_bytes == 4 ? &codecs::i32.info : &codecs::i8.info;
    add(form.zeros_part, code_array_shape(form.zeros, of_groups), zeros, BuiltArrays::zeros);
  }
  add(form.scales_part, scale_array_shape(form.scales, of_groups), scale_storage(layout.scale), BuiltArrays::scales);
  if (!form.shape_part.empty()) arrays.push_back(shape_array(module + std::string(form.shape_part), matrix.shape));
  if (form.always_has_order || layout.columns > 0) {
    arrays.push_back(order_array(module + std::string(form.order_part), matrix, layout));
  }
  return arrays;
}

}  // namespace adze::formats
