#include "base/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <nmmintrin.h>
#define ROCCHIO_CRC32C_SSE42 1
#endif

namespace rocchio {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1u)));
        table[byte] = crc;
    }
    return table;
}

constexpr auto kTable = make_table();

#ifdef ROCCHIO_CRC32C_SSE42
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::uint8_t> bytes,
                                                             std::uint32_t crc) {
    std::uint64_t state = ~crc;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        state = _mm_crc32_u64(state, word);
    }
    auto tail = static_cast<std::uint32_t>(state);
    for (; left > 0; --left, ++at) tail = _mm_crc32_u8(tail, *at);
    return ~tail;
}
#endif

}  // namespace

std::uint32_t crc32c_reference(std::span<const std::uint8_t> bytes, std::uint32_t crc) {
    crc = ~crc;
    for (std::uint8_t byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xFFu];
    return ~crc;
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t crc) {
#ifdef ROCCHIO_CRC32C_SSE42
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
    if (has_sse42) return crc32c_sse42(bytes, crc);
#endif
    return crc32c_reference(bytes, crc);
}

}  // namespace rocchio
