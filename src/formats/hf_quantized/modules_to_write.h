// What a folder that is being written has to say about its modules.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codecs/group_codecs.h"
#include "model/tensor.h"

namespace adze::formats {

struct QuantizedModule {
  std::string name;
  codecs::GroupLayout layout;
  int64_t inputs;

  bool is_symmetric() const { return layout.offset == codecs::GroupOffset::none; }
  bool has_one_group() const { return layout.group == inputs; }
};

struct ModulesToWrite {
  std::vector<QuantizedModule> quantized;
  std::vector<std::string> plain;  // of layers, whose matrices stay floats
};

/// Of tensors under Hugging Face's names.
ModulesToWrite modules_to_write(std::span<const model::Tensor> tensors);

/// Bits, and inputs that share a scale (-1: all).
struct GroupRule {
  int bits = 4;
  int64_t group = 128;

  bool holds(const QuantizedModule& module) const {
    return module.layout.bits == bits && (module.layout.group == group || (group < 0 && module.has_one_group()));
  }
};

/// What most modules have. REQUIRES: at least one.
GroupRule usual_rule(std::span<const QuantizedModule> modules);

}  // namespace adze::formats
