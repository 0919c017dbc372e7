// Members of the family of group codecs as lattices.
#pragma once

#include "codecs/group_codecs.h"

namespace adze::codecs {

/// `layout` and `storage` are those of one member, which outlives the lattice.
CodeLattice group_lattice(const GroupLayout& layout, StorageType storage);

}  // namespace adze::codecs
