// Names in files of activation statistics. docs/formats/imatrix.md has the layout.
#pragma once

namespace adze::formats::imatrix {

// What llama.cpp defines.
inline constexpr const char* kType = "imatrix";  // general.type
inline constexpr const char* kDatasets = "imatrix.datasets";
inline constexpr const char* kChunkCount = "imatrix.chunk_count";
inline constexpr const char* kChunkSize = "imatrix.chunk_size";
inline constexpr const char* kSquareSums = ".in_sum2";
inline constexpr const char* kSums = ".in_sum";
inline constexpr const char* kCounts = ".counts";

// What is added to that. It lies under the first weight that reads the inputs; other readers name that one.
inline constexpr const char* kSharedInputs = "adze.statistics.shared_inputs";  // "weight=first weight"
inline constexpr const char* kQuantileShares = "adze.statistics.quantile_shares";
inline constexpr const char* kMinima = ".in_min";
inline constexpr const char* kMaxima = ".in_max";
inline constexpr const char* kQuantiles = ".in_quantiles";
inline constexpr const char* kHessian = ".in_hessian";

}  // namespace adze::formats::imatrix
