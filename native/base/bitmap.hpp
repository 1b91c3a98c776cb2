#pragma once
// Packed bits, least significant bit first: the layout of numpy.packbits(bitorder="little").

#include <cstddef>
#include <cstdint>
#include <span>

namespace rocchio {

/// Number of bytes that hold `bits` bits.
constexpr std::size_t bitmap_bytes(std::size_t bits) {
    return (bits + 7) / 8;
}

inline bool bit_is_set(std::span<const std::uint8_t> bitmap, std::size_t index) {
    return (bitmap[index / 8] >> (index % 8)) & 1u;
}

}  // namespace rocchio
