#include "model/chosen_rows.h"

#include <cstring>
#include <utility>

namespace adze::model {
namespace {

class ChosenRows final : public TensorSource {
 public:
  ChosenRows(std::vector<std::shared_ptr<const TensorSource>> sources, std::function<RowPlace(int64_t)> place,
             size_t row_bytes)
      : sources_(std::move(sources)), place_(std::move(place)), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count) * row_bytes_);
    std::vector<std::byte> own;
    for (int64_t i = 0; i < count; ++i) {
      const RowPlace from = place_(first + i);
      const auto row = sources_[from.source]->rows(from.row, 1, own);
      std::memcpy(scratch.data() + static_cast<size_t>(i) * row_bytes_, row.data(), row_bytes_);
    }
    return scratch;
  }
  std::string where() const override { return sources_.front()->where() + " (some rows)"; }

 private:
  std::vector<std::shared_ptr<const TensorSource>> sources_;
  std::function<RowPlace(int64_t)> place_;
  size_t row_bytes_;
};

}  // namespace

Tensor chosen_rows(std::string name, Shape shape, const std::vector<Tensor>& sources,
                   std::function<RowPlace(int64_t)> place) {
  std::vector<std::shared_ptr<const TensorSource>> rows;
  for (const Tensor& source : sources) rows.push_back(source.source);
  const auto row_bytes = static_cast<size_t>(sources.front().row_bytes());
  const StorageType storage = sources.front().storage;
  auto source = std::make_shared<ChosenRows>(std::move(rows), std::move(place), row_bytes);
  return {std::move(name), std::move(shape), storage, std::move(source)};
}

}  // namespace adze::model
