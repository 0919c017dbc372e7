#include "codecs/codebooks.h"

namespace adze::codecs {

const Codebook<2048, 8>& iq1_codebook() {
  static const auto codebook = unpack_codebook(kPackedIq1, kIq1Levels);
  return codebook;
}

const Codebook<256, 8>& iq2_xxs_codebook() {
  static const auto codebook = unpack_codebook(kPackedIq2Xxs, kIq2Levels);
  return codebook;
}

const Codebook<512, 8>& iq2_xs_codebook() {
  static const auto codebook = unpack_codebook(kPackedIq2Xs, kIq2Levels);
  return codebook;
}

const Codebook<1024, 8>& iq2_s_codebook() {
  static const auto codebook = unpack_codebook(kPackedIq2S, kIq2Levels);
  return codebook;
}

const Codebook<256, 4>& iq3_xxs_codebook() {
  static const auto codebook = unpack_codebook(kPackedIq3Xxs, kIq3XxsLevels);
  return codebook;
}

const Codebook<512, 4>& iq3_s_codebook() {
  static const auto codebook = unpack_codebook(kPackedIq3S, kIq3SLevels);
  return codebook;
}

}  // namespace adze::codecs
