#pragma once
// Numbers that never decrease, in about 2 + log2(largest / count) bits each, with access to any of them
// (Elias, "Efficient storage and retrieval by content and address of static files", JACM 1974; Fano, 1971).
//
// The low bits of each number stand packed; the high parts stand in unary, as the gaps between ones. Every
// 256th one is noted, so that the i-th is found by counting through a few words.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/checked_file.hpp"

namespace rocchio::codecs {

/// `values`, which must not decrease, as words (docs/formats/codecs.md). Throws std::invalid_argument.
std::vector<std::uint64_t> encode_elias_fano(std::span<const std::uint64_t> values);

/// Where the parts of a sequence lie, in words; follows from its first two.
struct EliasFanoShape {
    std::uint64_t count = 0;
    std::uint64_t largest = 0;
    unsigned low_width = 0;
    std::uint64_t low_begin = 0;
    std::uint64_t high_begin = 0;
    std::uint64_t samples_begin = 0;
    std::uint64_t end = 0;

    EliasFanoShape() = default;
    EliasFanoShape(std::uint64_t count_, std::uint64_t largest_);
};

/// A sequence over mapped words. A number that is returned is at most `largest()`, whatever the words are.
class EliasFano {
  public:
    EliasFano() = default;
    /// Throws Corruption when the words do not have the size that the first two of them say.
    explicit EliasFano(CheckedArray<std::uint64_t> words);

    std::size_t size() const { return shape_.count; }
    /// The last number, or 0.
    std::uint64_t largest() const { return shape_.largest; }

    /// One number. Throws Corruption when out of range or damaged.
    std::uint64_t at(std::size_t index) const;

    /// (at(index), at(index + 1)): where an item begins and ends. Throws Corruption also when they decrease.
    std::pair<std::uint64_t, std::uint64_t> pair(std::size_t index) const;

    /// Throws Corruption, naming this sequence.
    [[noreturn]] void fail(const std::string& reason) const { words_.fail(0, reason); }

  private:
    std::uint64_t find_one(std::uint64_t index) const;
    std::uint64_t next_one(std::uint64_t position) const;
    std::uint64_t value_of(std::uint64_t index, std::uint64_t one) const;

    CheckedArray<std::uint64_t> words_;
    EliasFanoShape shape_;
};

}  // namespace rocchio::codecs
