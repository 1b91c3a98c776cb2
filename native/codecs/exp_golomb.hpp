#pragma once
// Exponential-Golomb codes (Teuhola, "A compression method for clustered bit-vectors", 1978): small numbers
// take few bits, and no number is too large. With order k, a number v is written as w = v + 2^k: as many
// zeros as w has bits more than k + 1, a one, then w without its highest bit.

#include <bit>
#include <cstdint>

#include "codecs/bit_reader.hpp"
#include "codecs/bit_writer.hpp"

namespace rocchio::codecs {

/// Orders fit five bits.
inline constexpr unsigned kMaxOrder = 31;

/// What is read where no code stands: larger than any number that can be written, and small enough to be
/// added to one.
inline constexpr std::uint64_t kNoNumber = std::uint64_t{1} << 62;

/// Bits that `value` takes with order `order` (at most kMaxOrder).
inline unsigned exp_golomb_bits(std::uint32_t value, unsigned order) {
    const auto width = static_cast<unsigned>(std::bit_width(value + (std::uint64_t{1} << order)));
    return 2 * width - 1 - order;
}

inline void write_exp_golomb(BitWriter& out, std::uint32_t value, unsigned order) {
    const std::uint64_t shifted = value + (std::uint64_t{1} << order);
    const auto tail = static_cast<unsigned>(std::bit_width(shifted)) - 1;
    const unsigned zeros = tail - order;
    out.write(std::uint64_t{1} << zeros, zeros + 1);
    out.write(shifted ^ (std::uint64_t{1} << tail), tail);
}

/// The next number, or kNoNumber. A number read from zeros past the end is kNoNumber or leaves the reader
/// overrun.
inline std::uint64_t read_exp_golomb(BitReader& in, unsigned order) {
    const std::uint64_t word = in.peek();
    const auto zeros = static_cast<unsigned>(std::countr_zero(word));
    const unsigned tail = zeros + order;
    if (tail > 32) [[unlikely]]
        return kNoNumber;
    const std::uint64_t highest = std::uint64_t{1} << tail;
    if (zeros + 1 + tail <= BitReader::kPeekBits) [[likely]] {
        in.skip(zeros + 1 + tail);
        return (highest | ((word >> zeros >> 1) & (highest - 1))) - (std::uint64_t{1} << order);
    }
    in.skip(zeros + 1);
    return (highest | in.read(tail)) - (std::uint64_t{1} << order);
}

/// A number of the given order, then one of order 0.
struct NumberPair {
    std::uint64_t first;
    std::uint64_t second;
};

/// What two calls of read_exp_golomb return; faster, because most pairs fit one `peek`.
inline NumberPair read_exp_golomb_pair(BitReader& in, unsigned order) {
    const std::uint64_t word = in.peek();
    const auto zeros = static_cast<unsigned>(std::countr_zero(word));
    const unsigned tail = zeros + order;
    const unsigned first_bits = zeros + 1 + tail;
    if (first_bits < BitReader::kPeekBits) [[likely]] {
        const std::uint64_t rest = word >> first_bits;
        const auto second_zeros = static_cast<unsigned>(std::countr_zero(rest));
        const unsigned bits = first_bits + 2 * second_zeros + 1;
        if (bits <= BitReader::kPeekBits && tail <= 32) [[likely]] {
            in.skip(bits);
            const std::uint64_t highest = std::uint64_t{1} << tail;
            const std::uint64_t second_highest = std::uint64_t{1} << second_zeros;
            return {(highest | ((word >> (zeros + 1)) & (highest - 1))) - (std::uint64_t{1} << order),
                    (second_highest | ((rest >> second_zeros >> 1) & (second_highest - 1))) - 1};
        }
    }
    const std::uint64_t first = read_exp_golomb(in, order);
    return {first, read_exp_golomb(in, 0)};
}

}  // namespace rocchio::codecs
