#include "formats/strided_slice.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kBeforeStart = std::numeric_limits<int64_t>::min() + 1;

bool is_set(const Ints& mask, size_t at) { return at < mask.size() && mask[at] != 0; }
bool any_set(const Ints& mask) {
  return std::ranges::any_of(mask, [](int64_t flag) { return flag != 0; });
}

ValueId flags_of(StandardNodes& n, const Ints& mask, size_t count) {
  HostTensor flags(&codecs::boolean.info, {static_cast<int64_t>(count)});
  for (size_t i = 0; i < count; ++i) flags.fill<uint8_t>()[i] = is_set(mask, i) ? 1 : 0;
  return n.constant(flags);
}

ValueId wide_list(StandardNodes& n, ValueId list) {
  if (const auto known = n.integers(list)) return n.ints(*known);
  const ValueId wide = n.cast(list, &codecs::i64.info);
  return n.rank(wide) == 1 ? wide : n.reshape(wide, {-1});
}

/// With the first or last place, by the sign of the step, where an entry is open.
ValueId opened(StandardNodes& n, ValueId list, const Ints& mask, const Ints& open) {
  if (auto known = n.integers(list)) {
    known->resize(open.size(), 0);
    for (size_t i = 0; i < open.size(); ++i) {
      if (is_set(mask, i)) (*known)[i] = open[i];
    }
    return n.ints(*known);
  }
  const ValueId given = wide_list(n, list);
  return any_set(mask) ? n.add("Where", {flags_of(n, mask, open.size()), n.ints(open), given}) : given;
}

/// The end of an entry that takes one number lies behind its beginning.
ValueId shrunk_ends(StandardNodes& n, ValueId begins, ValueId ends, const Ints& shrunk, size_t count) {
  if (!any_set(shrunk)) return ends;
  const auto first = n.integers(begins);
  auto last = n.integers(ends);
  if (first && last) {
    for (size_t i = 0; i < count; ++i) {
      const int64_t begin = (*first)[i];
      if (is_set(shrunk, i)) (*last)[i] = begin == -1 || begin == kEnd ? kEnd : begin + 1;
    }
    return n.ints(*last);
  }
  const ValueId is_last = n.add("Equal", {begins, n.whole(-1)});
  const ValueId one = n.add("Where", {is_last, n.whole(kEnd), n.add("Add", {begins, n.whole(1)})});
  return n.add("Where", {flags_of(n, shrunk, count), one, ends});
}

/// Entries that cut, each with its axis; axes that go behind the cut, and those of the result that are new.
struct Entries {
  Ints entries, axes, dropped, added;
};

Entries entries_of(StandardNodes& n, ValueId x, const SliceRecipe& recipe) {
  const size_t count = recipe.steps.size();
  int64_t used = 0, skipped = 0;
  for (size_t i = 0; i < count; ++i) used += !is_set(recipe.added, i) && !is_set(recipe.ellipsis, i) ? 1 : 0;
  if (any_set(recipe.ellipsis)) {
    const auto rank = n.rank(x);
    if (!rank) fail(ErrorCode::unsupported, "the rank of what is sliced with an ellipsis must be known before it runs");
    skipped = static_cast<int64_t>(*rank) - used;
    if (skipped < 0) fail(ErrorCode::bad_input, "{} entries for {} axes", used, *rank);
  }
  Entries result;
  int64_t axis = 0, out = 0;
  for (size_t i = 0; i < count; ++i) {
    if (is_set(recipe.ellipsis, i)) {
      axis += skipped;
      out += skipped;
    } else if (is_set(recipe.added, i)) {
      result.added.push_back(out++);
    } else {
      result.entries.push_back(static_cast<int64_t>(i));
      result.axes.push_back(axis);
      if (is_set(recipe.shrunk, i)) {
        result.dropped.push_back(axis);
      } else {
        ++out;
      }
      ++axis;
    }
  }
  return result;
}

}  // namespace

graph::ValueId put_strided_slice(StandardNodes& n, ValueId x, const SliceRecipe& recipe) {
  const size_t count = recipe.steps.size();
  Ints first(count), last(count);
  for (size_t i = 0; i < count; ++i) {
    first[i] = recipe.steps[i] > 0 ? 0 : kEnd;
    last[i] = recipe.steps[i] > 0 ? kEnd : kBeforeStart;
  }
  const ValueId begins = opened(n, recipe.begins, recipe.open_begin, first);
  const ValueId ends = shrunk_ends(n, begins, opened(n, recipe.ends, recipe.open_end, last), recipe.shrunk, count);
  const Entries cut = entries_of(n, x, recipe);
  if (!cut.entries.empty()) {
    const auto chosen = [&](ValueId list) {
      return cut.entries.size() == count ? list : n.add("Gather", {list, n.ints(cut.entries)});
    };
    Ints steps;
    for (const int64_t entry : cut.entries) {
      // One number is taken forwards, whatever the step.
      const auto at = static_cast<size_t>(entry);
      steps.push_back(is_set(recipe.shrunk, at) ? 1 : recipe.steps[at]);
    }
    x = n.add("Slice", {x, chosen(begins), chosen(ends), n.ints(cut.axes), n.ints(steps)});
  }
  if (!cut.dropped.empty()) x = n.squeeze(x, cut.dropped);
  return cut.added.empty() ? x : n.unsqueeze(x, cut.added);
}

}  // namespace adze::formats
