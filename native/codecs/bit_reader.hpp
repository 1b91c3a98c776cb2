#pragma once
// Reads a stream of bits out of bytes, least significant bit first, and never a byte beyond them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace rocchio::codecs {

/// Past the end there are only zeros: who reads values of a stream that may be damaged asks `overrun` at the
/// end, or has a value that zeros cannot be (exp_golomb.hpp).
class BitReader {
  public:
    /// Bits of one `peek` that count.
    static constexpr unsigned kPeekBits = 57;

    explicit BitReader(std::span<const std::uint8_t> bytes, std::uint64_t position = 0)
        : data_(bytes.data()), size_(bytes.size()), position_(position) {}

    /// The next bits: the lowest kPeekBits of them count.
    std::uint64_t peek() const {
        const std::uint64_t first = position_ / 8;
        const unsigned shift = position_ % 8;
        if (first + 8 <= size_) [[likely]] {
            std::uint64_t word;
            std::memcpy(&word, data_ + first, 8);
            return word >> shift;
        }
        return first < size_ ? peek_at_end(first) >> shift : 0;
    }

    void skip(unsigned bits) { position_ += bits; }
    void seek(std::uint64_t position) { position_ = position; }

    /// The next `width` (at most kPeekBits) bits as a number.
    std::uint64_t read(unsigned width) {
        const std::uint64_t value = peek() & ((std::uint64_t{1} << width) - 1);
        skip(width);
        return value;
    }

    std::uint64_t position() const { return position_; }
    bool overrun() const { return position_ > 8 * std::uint64_t{size_}; }

    /// Whether less than a byte is left and all of it is 0, as BitWriter::finish leaves it.
    bool at_padding() const { return position_ + 8 > 8 * std::uint64_t{size_} && !overrun() && peek() == 0; }

  private:
    std::uint64_t peek_at_end(std::uint64_t first) const {
        std::uint64_t word = 0;
        if (size_ >= 8) {
            std::memcpy(&word, data_ + size_ - 8, 8);
            return word >> (8 * (first + 8 - size_));
        }
        std::memcpy(&word, data_ + first, size_ - first);
        return word;
    }

    const std::uint8_t* data_;
    std::size_t size_;
    std::uint64_t position_;
};

}  // namespace rocchio::codecs
