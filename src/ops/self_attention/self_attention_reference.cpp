#include "ops/self_attention/self_attention_reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "codecs/codec.h"
#include "ops/self_attention/self_attention.h"

namespace adze::ops {
namespace {

// What distances add to the scores of each head.
class DistanceBias {
 public:
  DistanceBias(const Argument* table, int64_t max_distance) : max_distance_(max_distance) {
    if (!table || !table->given) return;
    buckets_ = table->tensor.rows;
    heads_ = table->tensor.row_length;
    values_.resize(static_cast<size_t>(buckets_ * heads_));
    const auto& codec = codecs::codec_of(table->tensor.storage);
    for (int64_t row = 0; row < buckets_; ++row) {
      codec.decode(table->tensor.data + row * table->tensor.row_bytes, values_.data() + row * heads_, heads_);
    }
  }

  double of(int64_t distance, int64_t head) const {
    if (buckets_ == 0) return 0;
    return values_[static_cast<size_t>(distance_bucket(distance, buckets_, max_distance_) * heads_ + head)];
  }

 private:
  int64_t max_distance_;
  int64_t buckets_ = 0;
  int64_t heads_ = 0;
  std::vector<float> values_;
};

class ReferenceSelfAttention {
 public:
  explicit ReferenceSelfAttention(const KernelCall& call)
      : call_(call),
        parameters_(static_cast<const SelfAttentionParameters*>(call.parameters)->attention),
        bias_(call.inputs.size() > 4 ? &call.inputs[4] : nullptr,
              static_cast<const SelfAttentionParameters*>(call.parameters)->max_distance),
        sum_(static_cast<size_t>(parameters_.head_dim)) {}

  void attend(const SequenceView& sequence, int64_t token, int64_t head) {
    const int64_t key_head = head / (parameters_.query_heads / parameters_.key_heads);
    const float* query = at(0, sequence, token, head);
    weights_.resize(static_cast<size_t>(sequence.tokens));
    for (int64_t other = 0; other < sequence.tokens; ++other) {
      weights_[static_cast<size_t>(other)] =
          score(query, at(1, sequence, other, key_head)) + bias_.of(other - token, head);
    }
    const double largest = *std::max_element(weights_.begin(), weights_.end());
    double total = 0;
    for (double& weight : weights_) total += weight = std::exp(weight - largest);
    std::fill(sum_.begin(), sum_.end(), 0.0);
    for (int64_t other = 0; other < sequence.tokens; ++other) {
      const float* value = at(2, sequence, other, key_head);
      for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += weights_[static_cast<size_t>(other)] * value[i];
    }
    float* out = call_.outputs[0].tensor.floats(sequence.first_row + token) + head * parameters_.head_dim;
    for (size_t i = 0; i < sum_.size(); ++i) out[i] = static_cast<float>(sum_[i] / total);
  }

 private:
  const float* at(size_t input, const SequenceView& sequence, int64_t token, int64_t head) const {
    return call_.inputs[input].tensor.floats(sequence.first_row + token) + head * parameters_.head_dim;
  }
  double score(const float* query, const float* key) const {
    double dot = 0;
    for (int64_t i = 0; i < parameters_.head_dim; ++i) dot += static_cast<double>(query[i]) * key[i];
    dot *= parameters_.scale;
    return parameters_.soft_cap > 0 ? parameters_.soft_cap * std::tanh(dot / parameters_.soft_cap) : dot;
  }

  const KernelCall& call_;
  const AttentionParameters& parameters_;
  DistanceBias bias_;
  std::vector<double> sum_;
  std::vector<double> weights_;
};

}  // namespace

void self_attention_reference(const KernelCall& call, const Team& team) {
  const auto& p = static_cast<const SelfAttentionParameters*>(call.parameters)->attention;
  ReferenceSelfAttention reference(call);
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens * p.query_heads));
    for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
      reference.attend(sequence, item / p.query_heads, item % p.query_heads);
    }
  }
}

}  // namespace adze::ops
