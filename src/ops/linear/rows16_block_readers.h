// What rows16_packing.cpp reads from blocks whose codes are not fields that lie side by side: points of codebooks,
// digits to the base of three, and scales that are spread over a block.
//
// read_<type>_codes writes a byte for each number: its code as the layout has it. read_<type>_scales writes the group
// scales of a record.
#pragma once

#include <cstdint>

namespace adze::ops {

void read_iq1_s_codes(const uint8_t* block, uint8_t* codes);
void read_iq1_m_codes(const uint8_t* block, uint8_t* codes);
void read_iq2_xxs_codes(const uint8_t* block, uint8_t* codes);
void read_iq2_xs_codes(const uint8_t* block, uint8_t* codes);
void read_iq2_s_codes(const uint8_t* block, uint8_t* codes);
void read_iq3_xxs_codes(const uint8_t* block, uint8_t* codes);
void read_iq3_s_codes(const uint8_t* block, uint8_t* codes);
void read_tq1_0_codes(const uint8_t* block, uint8_t* codes);
void read_q2_0_codes(const uint8_t* block, uint8_t* codes);
void read_nvfp4_codes(const uint8_t* block, uint8_t* codes);

void read_iq1_s_scales(const uint8_t* block, uint8_t* scales);
void read_iq1_m_scales(const uint8_t* block, uint8_t* scales);
void read_iq2_xxs_scales(const uint8_t* block, uint8_t* scales);
void read_iq2_xs_scales(const uint8_t* block, uint8_t* scales);
void read_iq2_s_scales(const uint8_t* block, uint8_t* scales);
void read_iq3_xxs_scales(const uint8_t* block, uint8_t* scales);
void read_iq3_s_scales(const uint8_t* block, uint8_t* scales);
void read_iq4_xs_scales(const uint8_t* block, uint8_t* scales);
void read_mxfp4_scales(const uint8_t* block, uint8_t* scales);
void read_nvfp4_scales(const uint8_t* block, uint8_t* scales);

/// The f16 of a block, which lies in the upper nibbles of its scales.
uint16_t read_iq1_m_scale(const uint8_t* block);

}  // namespace adze::ops
