"""What GPTQ, AWQ and compressed-tensors define, in numpy: how arrays are packed, and the values that they stand for.

Written after the packing loops of AutoGPTQ (qlinear_cuda_old.py, GPTQModel's v2), AutoAWQ (WQLinear_GEMM) and the
compressed-tensors package (pack_quantized/helpers.py). Matrices are [outputs, inputs].
"""
import numpy as np


def gptq_words(codes, bits):
    """[rows, columns] -> [rows * bits / 32, columns], as AutoGPTQ packs along the first axis."""
    codes = codes.astype(np.uint32)
    words = np.zeros((len(codes) * bits // 32, codes.shape[1]), np.uint32)
    i = row = 0
    while row < len(words):
        if bits in (2, 4, 8):
            for j in range(i, i + 32 // bits):
                words[row] |= codes[j] << np.uint32(bits * (j - i))
            i += 32 // bits
            row += 1
            continue
        for first, straddling, shift in ((0, 30, 2), (1, 31, 1), (2, None, None)):
            for j in range(i, i + 10):
                words[row] |= codes[j] << np.uint32(3 * (j - i) + first)
            i += 10
            if straddling is not None:
                words[row] |= codes[i] << np.uint32(straddling)
                words[row + 1] |= codes[i] >> np.uint32(shift)
                i += 1
                row += 1
        row += 1
    return words


def awq_words(codes):
    """[rows, columns] -> [rows, columns / 8], as AutoAWQ packs along the second axis."""
    words = np.zeros((len(codes), codes.shape[1] // 8), np.uint32)
    for i, place in enumerate([0, 2, 4, 6, 1, 3, 5, 7]):
        words |= codes[:, place::8].astype(np.uint32) << np.uint32(4 * i)
    return words


def dense_words(codes, bits):
    """[rows, columns] -> [rows, ceil(columns * bits / 32)]: a stream of bits, as compressed-tensors packs now."""
    rows, columns = codes.shape
    stream = (codes.astype(np.uint8)[:, :, None] >> np.arange(bits, dtype=np.uint8)) & 1
    padded = np.zeros((rows, -(-columns * bits // 32) * 32), np.uint8)
    padded[:, :columns * bits] = stream.reshape(rows, -1)
    return np.packbits(padded, axis=1, bitorder="little").view("<u4")


def padded_words(codes, bits):
    """As compressed-tensors packed before: 32 // bits codes to a word."""
    rows, columns = codes.shape
    each = 32 // bits
    padded = np.zeros((rows, -(-columns // each) * each), np.uint32)
    padded[:, :columns] = codes
    words = np.zeros((rows, padded.shape[1] // each), np.uint32)
    for i in range(each):
        words |= padded[:, i::each] << np.uint32(bits * i)
    return words


def streamed(words, bits, columns):
    """The way back of a stream of bits along the second axis."""
    stream = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[:, :columns * bits]
    return (stream.reshape(len(words), columns, bits) << np.arange(bits)).sum(axis=2)


def awq_unpacked(words, bits, columns):
    codes = np.zeros((len(words), columns), np.int64)
    for i, place in enumerate([0, 2, 4, 6, 1, 3, 5, 7]):
        codes[:, place::8] = words >> np.uint32(bits * i) & 15
    return codes


def values(codes, zeros, scales, groups):
    """scale * (code - zero) in float32; `groups` has the group of every input."""
    steps = codes.astype(np.int32) - zeros.astype(np.int32)[:, groups]
    return scales.astype(np.float32)[:, groups] * steps.astype(np.float32)


def rounded(matrix, bits, groups, symmetric, scale_type=np.float16):
    """Codes, zero points and scales by rounding to nearest; `groups` has the group of every input."""
    outputs, count, top = len(matrix), int(groups.max()) + 1, 2**bits - 1
    low, high = np.zeros((outputs, count), np.float32), np.zeros((outputs, count), np.float32)
    for group in range(count):
        part = matrix[:, groups == group]
        low[:, group], high[:, group] = np.minimum(part.min(axis=1), 0), np.maximum(part.max(axis=1), 0)
    if symmetric:
        scales = np.maximum(-low, high) * 2 / top
        zeros = np.full((outputs, count), 2**(bits - 1))
    else:
        scales = (high - low) / top
        zeros = None
    scales = np.maximum(scales, 1e-4).astype(scale_type)
    if zeros is None:
        zeros = np.clip(np.round(-low / scales.astype(np.float32)), 1, top)
    codes = np.round(matrix / scales.astype(np.float32)[:, groups]) + zeros[:, groups]
    return np.clip(codes, 0, top).astype(np.uint8), zeros.astype(np.uint8), scales


def e4m3_levels():
    """The number of each of the 256 codes: four bits of exponent, three of mantissa, no infinity."""
    codes = np.arange(256)
    exponent, mantissa = codes >> 3 & 15, codes & 7
    sizes = np.where(exponent == 0, mantissa * 2.0**-9, (8 + mantissa) * 2.0**(exponent - 10))
    sizes = np.where((exponent == 15) & (mantissa == 7), np.nan, sizes)
    return np.where(codes >> 7, -sizes, sizes).astype(np.float32)
