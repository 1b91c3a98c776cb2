#pragma once
// Strict UTF-8 decoding that is safe on any bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/unicode_tables.hpp"

namespace rocchio::text {

/// One decoded code point; bytes that are not UTF-8 come one by one, with the class of a separator.
struct Decoded {
    CharacterClass kind;
    std::uint32_t code_point;
    std::uint32_t length;  // in bytes, at least 1
};

inline constexpr std::uint32_t kMalformed = 0xFFFFFFFF;

namespace detail {

inline bool is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

inline Decoded decode_multibyte(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const Decoded malformed{{}, kMalformed, 1};
    const std::size_t left = text.size() - at;
    const std::uint32_t lead = byte(0);
    const std::uint32_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || left < length) {
        return malformed;
    }
    std::uint32_t code_point = lead & (0xFFU >> (length + 1));
    for (std::uint32_t i = 1; i < length; ++i) {
        if (!is_continuation(byte(i))) {
            return malformed;
        }
        code_point = code_point << 6 | (byte(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
    if (overlong || surrogate || code_point >= CharacterTable::kCodePoints) {
        return malformed;
    }
    return {kCharacters[code_point], code_point, length};
}

}  // namespace detail

/// The code point at byte `at`, which must be inside the text.
inline Decoded decode(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
        return {kCharacters[lead], lead, 1};
    }
    return detail::decode_multibyte(text, at);
}

}  // namespace rocchio::text
