// What a compiler cannot know of a loop.
#pragma once

/// In front of a loop: no round reads what an earlier one wrote, so that it may become vectors. Results may be written
/// over the numbers that they are made of.
#ifdef __clang__
#define ADZE_INDEPENDENT_ROUNDS  // its own hint is an error where other options keep it from making vectors
#else
#define ADZE_INDEPENDENT_ROUNDS _Pragma("GCC ivdep")
#endif
