// Where blocks with known lifetimes lie in one arena, so that those that live together never overlap.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace adze {

struct BlockLife {
  size_t bytes;
  size_t first, last;  // moments at which it is needed, both included
};

struct ArenaPlaces {
  std::vector<size_t> offsets;  // of each block; multiples of 64
  size_t bytes = 0;
};

/// The largest first, each into the smallest gap that holds it among those that live at the same time.
ArenaPlaces places_in_arena(std::span<const BlockLife> lives);

}  // namespace adze
