#pragma once
// What the tokenizers know about each Unicode code point: one byte.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rocchio::text {

/// Word break class (Unicode Standard Annex 29), with the scripts that the tokenizers treat on their own
/// split off.
enum class Break : std::uint8_t {
    other,
    letter,
    hebrew,
    numeric,
    katakana,
    extend_num_let,
    mid_letter,
    mid_num,
    mid_num_let,
    single_quote,
    double_quote,
    extend,  // Extend, Format and zero width joiner: belong to what stands before them
    ideograph,
    hiragana,
    southeast_asian,  // scripts without spaces between words (line break class SA)
    hangul,
};

/// A code point's break class and flags.
struct CharacterClass {
    std::uint8_t bits = 0;

    constexpr Break breaks() const { return static_cast<Break>(bits & 15); }
    constexpr bool is_word() const { return (bits & 16) != 0; }   // Python's \w
    constexpr bool is_space() const { return (bits & 32) != 0; }  // Unicode's White_Space
};

/// One byte per code point. The file holds runs (25 KB of source); the flat table is filled when the library
/// is loaded, and as most of Unicode is class 0, the operating system backs only some 250 KB of it.
class CharacterTable {
  public:
    static constexpr std::size_t kCodePoints = 0x110000;

    explicit CharacterTable(std::span<const std::uint32_t> runs) {
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const std::size_t end = i + 1 < runs.size() ? runs[i + 1] >> 8 : kCodePoints;
            const auto value = static_cast<std::uint8_t>(runs[i] & 255);
            for (std::size_t c = runs[i] >> 8; value != 0 && c < end; ++c) {
                bytes_[c] = value;
            }
        }
    }

    /// `code_point` must be below kCodePoints.
    CharacterClass operator[](std::uint32_t code_point) const { return {bytes_[code_point]}; }

  private:
    std::array<std::uint8_t, kCodePoints> bytes_{};
};

extern const CharacterTable kCharacters;

}  // namespace rocchio::text
