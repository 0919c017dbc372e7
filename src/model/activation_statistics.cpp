#include "model/activation_statistics.h"

#include <algorithm>

namespace adze::model {

const InputStatistics* ActivationStatistics::find(std::string_view weight) const {
  const auto found = inputs.find(weight);
  return found == inputs.end() ? nullptr : &found->second;
}

std::vector<float> mean_squares(const InputStatistics& inputs) {
  std::vector<float> means(inputs.square_sums.size(), 1.0f);
  const auto columns = static_cast<size_t>(inputs.columns);
  for (size_t matrix = 0; matrix < inputs.counts.size(); ++matrix) {
    if (inputs.counts[matrix] <= 0) continue;
    const auto count = static_cast<float>(inputs.counts[matrix]);
    for (size_t i = matrix * columns; i < (matrix + 1) * columns; ++i) means[i] = inputs.square_sums[i] / count;
  }
  return means;
}

std::vector<RareExpert> experts_with_little_data(const ActivationStatistics& statistics, int64_t fewest) {
  std::vector<RareExpert> rare;
  for (const auto& [weight, inputs] : statistics.inputs) {
    if (inputs.matrices() < 2) continue;
    for (size_t expert = 0; expert < inputs.counts.size(); ++expert) {
      const int64_t count = inputs.counts[expert];
      if (count < fewest) rare.push_back({weight, static_cast<int64_t>(expert), count});
    }
  }
  return rare;
}

}  // namespace adze::model
