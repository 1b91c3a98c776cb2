#pragma once
// Packed bits, least significant bit first: the layout of numpy.packbits(bitorder="little").

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace rocchio {

/// Number of bytes that hold `bits` bits.
constexpr std::size_t bitmap_bytes(std::size_t bits) {
    return (bits + 7) / 8;
}

inline bool bit_is_set(std::span<const std::uint8_t> bitmap, std::size_t index) {
    return (bitmap[index / 8] >> (index % 8)) & 1u;
}

/// Whether any bit of the bytes [first, first + count) is set; bytes past the end count as zero.
inline bool any_bit_is_set(std::span<const std::uint8_t> bitmap, std::size_t first, std::size_t count) {
    const std::size_t end = std::min(first + count, bitmap.size());
    std::size_t at = std::min(first, end);
    for (std::uint64_t word = 0; end - at >= sizeof(word); at += sizeof(word)) {
        std::memcpy(&word, bitmap.data() + at, sizeof(word));
        if (word != 0) return true;
    }
    return std::any_of(bitmap.begin() + static_cast<std::ptrdiff_t>(at),
                       bitmap.begin() + static_cast<std::ptrdiff_t>(end),
                       [](std::uint8_t byte) { return byte != 0; });
}

/// How many bits are set.
inline std::size_t count_bits(std::span<const std::uint8_t> bitmap) {
    std::size_t count = 0, at = 0;
    for (std::uint64_t word = 0; bitmap.size() - at >= sizeof(word); at += sizeof(word)) {
        std::memcpy(&word, bitmap.data() + at, sizeof(word));
        count += static_cast<std::size_t>(std::popcount(word));
    }
    for (; at < bitmap.size(); ++at) count += static_cast<std::size_t>(std::popcount(bitmap[at]));
    return count;
}

/// Calls use(index) for each set bit, in order.
template <typename Use>
void for_each_set_bit(std::span<const std::uint8_t> bitmap, Use use) {
    const auto each = [&](std::uint64_t bits, std::size_t byte) {
        for (; bits != 0; bits &= bits - 1) use(byte * 8 + static_cast<std::size_t>(std::countr_zero(bits)));
    };
    std::size_t at = 0;
    for (std::uint64_t word = 0; bitmap.size() - at >= sizeof(word); at += sizeof(word)) {
        std::memcpy(&word, bitmap.data() + at, sizeof(word));
        each(word, at);
    }
    for (; at < bitmap.size(); ++at) each(bitmap[at], at);
}

}  // namespace rocchio
