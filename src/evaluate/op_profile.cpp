#include "evaluate/op_profile.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "evaluate/side_by_side.h"
#include "ops/op_cost.h"

namespace adze::evaluate {
namespace {

using runtime::NodeTime;
using runtime::PlannedNode;

std::string weight_storage(const PlannedNode& planned) {
  const int input = ops::op_of(*planned.node).packed_input;
  if (input < 0 || static_cast<size_t>(input) >= planned.inputs.size()) return "";
  const auto* storage = planned.inputs[static_cast<size_t>(input)].tensor.storage;
  return storage ? std::string(storage->name) : "";
}

/// Nodes of like name, op and kernel, with the seconds of every call.
class Groups {
 public:
  void add_call(const std::vector<NodeTime>& times) {
    for (const NodeTime& time : times) {
      OpTime& group = group_of(*time.node);
      seconds_.at(static_cast<size_t>(&group - groups_.data())).back() += static_cast<double>(time.ns) * 1e-9;
    }
  }
  void start_call() {
    for (auto& seconds : seconds_) seconds.push_back(0);
  }
  void add_costs(const std::vector<NodeTime>& times) {
    for (const NodeTime& time : times) {
      OpTime& group = group_of(*time.node);
      const ops::KernelCall call{time.node->inputs, time.node->outputs, time.node->parameters.get(), nullptr};
      const ops::Op& op = ops::op_of(*time.node->node);
      const ops::Cost cost = ops::cost_of(op, call);
      group.nodes += 1;
      group.cost.multiply_adds += cost.multiply_adds;
      group.cost.bytes += cost.bytes;
      group.int8 = ops::multiplies_int8(op, call);
    }
  }
  std::vector<OpTime> finish() {
    for (size_t i = 0; i < groups_.size(); ++i) {
      auto& seconds = seconds_[i];
      const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
      std::nth_element(seconds.begin(), middle, seconds.end());
      groups_[i].seconds = *middle;
    }
    return std::move(groups_);
  }

 private:
  OpTime& group_of(const PlannedNode& planned) {
    const auto known = index_.find(&planned);
    if (known != index_.end()) return groups_[known->second];
    OpTime wanted;
    wanted.node = node_group(planned.node->name);
    wanted.op = planned.node->op->name;
    wanted.kernel = planned.choice.kernel->name;
    wanted.weight = weight_storage(planned);
    auto found = std::ranges::find_if(groups_, [&](const OpTime& group) {
      return group.node == wanted.node && group.op == wanted.op && group.kernel == wanted.kernel &&
             group.weight == wanted.weight;
    });
    if (found == groups_.end()) {
      seconds_.emplace_back();
      found = groups_.insert(found, std::move(wanted));
    }
    index_[&planned] = static_cast<size_t>(found - groups_.begin());
    return *found;
  }

  std::vector<OpTime> groups_;
  std::vector<std::vector<double>> seconds_;
  std::map<const PlannedNode*, size_t> index_;
};

/// Collects the times of a session's nodes as long as it lives.
class Measuring {
 public:
  explicit Measuring(runtime::Session& session) : session_(session) { session_.measure(&times_); }
  ~Measuring() { session_.measure(nullptr); }
  Measuring(const Measuring&) = delete;
  Measuring& operator=(const Measuring&) = delete;
  const std::vector<NodeTime>& times() const { return times_; }

 private:
  runtime::Session& session_;
  std::vector<NodeTime> times_;
};

}  // namespace

std::string node_group(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(name[i])) != 0;
    const bool starts_part = i > 0 && name[i - 1] == '.';
    if (!is_digit || !(starts_part || out.ends_with('*'))) {
      out += name[i];
    } else if (starts_part) {
      out += '*';
    }
  }
  return out;
}

std::vector<OpTime> profile_ops(runtime::Session& session, const ProfileRequest& request, Progress& progress) {
  SideBySide sequences(session, request.batch);
  sequences.fill(request.depth);
  Groups groups;
  const Measuring measuring(session);
  for (int64_t call = 0; call <= request.calls; ++call) {
    throw_if_cancelled(progress);
    sequences.run(request.tokens);
    if (call == 0) {
      groups.add_costs(measuring.times());  // also the warm-up
    } else {
      groups.start_call();
      groups.add_call(measuring.times());
    }
    sequences.go_back_to(request.depth);
    progress.update("calls", static_cast<uint64_t>(call), static_cast<uint64_t>(request.calls));
  }
  return groups.finish();
}

std::vector<OpTime> by_kernel(const std::vector<OpTime>& times) {
  std::vector<OpTime> sums;
  for (const OpTime& time : times) {
    auto found = std::ranges::find_if(sums, [&](const OpTime& sum) {
      return sum.op == time.op && sum.kernel == time.kernel && sum.weight == time.weight && sum.int8 == time.int8;
    });
    if (found == sums.end()) {
      sums.push_back(time);
      sums.back().node.clear();
      continue;
    }
    found->nodes += time.nodes;
    found->seconds += time.seconds;
    found->cost.multiply_adds += time.cost.multiply_adds;
    found->cost.bytes += time.cost.bytes;
  }
  std::ranges::stable_sort(sums, std::greater{}, &OpTime::seconds);
  return sums;
}

}  // namespace adze::evaluate
