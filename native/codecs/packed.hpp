#pragma once
// Numbers of one fixed width, packed: a byte with the width, then the numbers, lowest bits first.

#include <cstdint>
#include <span>
#include <vector>

#include "base/checked_file.hpp"
#include "codecs/bit_reader.hpp"

namespace rocchio::codecs {

/// `values` as one packed sequence, with the width that the largest of them needs.
std::vector<std::uint8_t> encode_packed(std::span<const std::uint32_t> values);

/// A packed sequence inside an array of bytes. The number of items is known from elsewhere.
class Packed {
  public:
    Packed() = default;

    /// `begin` is the byte of the width. Throws Corruption when the items do not lie in the bytes.
    Packed(CheckedArray<std::uint8_t> bytes, std::size_t begin, std::size_t count);

    std::size_t size() const { return count_; }
    /// The first byte after the sequence.
    std::size_t end() const;
    /// Whether nothing follows the sequence.
    bool ends_array() const { return end() == bytes_.size(); }

    /// One item. Throws Corruption when out of range or damaged.
    std::uint32_t at(std::size_t index) const;
    std::vector<std::uint32_t> all() const;

    [[noreturn]] void fail(std::size_t index, const std::string& reason) const;

  private:
    CheckedArray<std::uint8_t> bytes_;
    std::size_t begin_ = 0;  // of the items
    std::size_t count_ = 0;
    unsigned width_ = 0;
};

}  // namespace rocchio::codecs
