#include "ops/attention/attention_reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "codecs/codec.h"
#include "ops/attention/attention.h"
#include "ops/decode_row.h"
#include "ops/turned_rows.h"

namespace adze::ops {
namespace {

// One query's running softmax over its history (Milakov and Gimelshein 2018), in double.
class RunningSoftmax {
 public:
  explicit RunningSoftmax(int64_t head_dim) : sum_(static_cast<size_t>(head_dim)) {}

  // `sink`: the score of what has no value; none where it is minus infinity.
  void reset(double sink) {
    maximum_ = sink;
    weight_ = sink > -std::numeric_limits<double>::infinity() ? 1 : 0;
    std::fill(sum_.begin(), sum_.end(), 0.0);
  }
  void add(double score, const float* value) {
    if (score > maximum_) rescale(score);
    const double weight = std::exp(score - maximum_);
    weight_ += weight;
    for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += weight * value[i];
  }
  void write(float* out) const {
    for (size_t i = 0; i < sum_.size(); ++i) out[i] = static_cast<float>(sum_[i] / weight_);
  }

 private:
  void rescale(double maximum) {
    const double factor = std::exp(maximum_ - maximum);
    weight_ *= factor;
    for (double& sum : sum_) sum *= factor;
    maximum_ = maximum;
  }
  std::vector<double> sum_;
  double maximum_ = 0;
  double weight_ = 0;
};

class ReferenceAttention {
 public:
  explicit ReferenceAttention(const KernelCall& call)
      : parameters_(*static_cast<const AttentionParameters*>(call.parameters)),
        keys_(*call.inputs[1].state),
        values_(*call.inputs[2].state),
        softmax_(parameters_.value_dim),
        row_(static_cast<size_t>(std::max(keys_.token_bytes, values_.token_bytes))),
        key_(static_cast<size_t>(parameters_.head_dim)),
        value_(static_cast<size_t>(parameters_.value_dim)),
        sinks_(has_sinks(call) ? decoded_row(call.inputs[4].tensor, 0, sink_scratch_) : nullptr) {}

  void attend(const SequenceView& sequence, int64_t position, int64_t head, const float* query, float* out) {
    const int64_t key_head = head / (parameters_.query_heads / parameters_.key_heads);
    const int64_t first = parameters_.window > 0 ? std::max<int64_t>(0, position - parameters_.window + 1) : 0;
    softmax_.reset(sinks_ ? sinks_[head] : -std::numeric_limits<double>::infinity());
    for (int64_t token = first; token <= position; ++token) {
      softmax_.add(score(query, fetch(keys_, sequence, key_head, token, key_)),
                   fetch(values_, sequence, key_head, token, value_));
    }
    softmax_.write(out);
  }

 private:
  const float* fetch(const StateView& state, const SequenceView& sequence, int64_t head, int64_t token,
                     std::vector<float>& buffer) {
    load_state_row(state, {sequence.pages[token / state.page_tokens], head, token % state.page_tokens}, row_.data());
    codecs::codec_of(state.storage).decode(row_.data(), buffer.data(), state.head_dim);
    return buffer.data();
  }
  double score(const float* query, const float* key) const {
    double dot = 0;
    for (int64_t i = 0; i < parameters_.head_dim; ++i) dot += static_cast<double>(query[i]) * key[i];
    dot *= parameters_.scale;
    return parameters_.soft_cap > 0 ? parameters_.soft_cap * std::tanh(dot / parameters_.soft_cap) : dot;
  }

  const AttentionParameters& parameters_;
  const StateView& keys_;
  const StateView& values_;
  RunningSoftmax softmax_;
  std::vector<std::byte> row_;
  std::vector<float> key_;
  std::vector<float> value_;
  std::vector<float> sink_scratch_;
  const float* sinks_;  // null: none
};

}  // namespace

void attention_reference(const KernelCall& call, const Team& team) {
  const auto& p = *static_cast<const AttentionParameters*>(call.parameters);
  const TensorView& queries = call.inputs[0].tensor;
  ReferenceAttention reference(call);
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens * p.query_heads));
    for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
      const int64_t token = item / p.query_heads;
      const int64_t head = item % p.query_heads;
      const int64_t row = sequence.first_row + token;
      reference.attend(sequence, sequence.past + token, head, queries.floats(row) + head * p.head_dim,
                       call.outputs[0].tensor.floats(row) + head * p.value_dim);
    }
  }
}

}  // namespace adze::ops
