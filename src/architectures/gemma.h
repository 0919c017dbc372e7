#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Gemma 1: norms stored as what they differ from 1, embeddings times the root of their width, GeGLU.
extern const Architecture gemma;
/// Gemma 2: norms behind blocks too, every other layer with a window, soft caps.
extern const Architecture gemma2;
/// Gemma 3 (text): norms of queries and keys, five layers in six with a window and another rotary base.
extern const Architecture gemma3;

}  // namespace adze::architectures
