#pragma once
// Writes a stream of bits into bytes, least significant bit first.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace rocchio::codecs {

/// Appends to `bytes`, which must outlive the writer. The last bits are there once `finish` was called.
class BitWriter {
  public:
    explicit BitWriter(std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}

    /// Appends the lowest `width` (at most 64) bits of `value`; the bits above them must be 0.
    void write(std::uint64_t value, unsigned width) {
        pending_ |= value << filled_;
        filled_ += width;
        if (filled_ < 64) return;
        append(pending_, 8);
        filled_ -= 64;
        const unsigned written = width - filled_;
        pending_ = written < 64 ? value >> written : 0;
    }

    /// Fills the last byte up with zeros; the next bit begins a byte.
    void finish() {
        if (filled_ > 0) append(pending_, (filled_ + 7) / 8);
        pending_ = 0;
        filled_ = 0;
    }

  private:
    void append(std::uint64_t word, std::size_t count) {
        const std::size_t size = bytes_.size();
        bytes_.resize(size + count);
        std::memcpy(bytes_.data() + size, &word, count);
    }

    std::vector<std::uint8_t>& bytes_;
    std::uint64_t pending_ = 0;
    unsigned filled_ = 0;  // bits in `pending_`, at most 63
};

}  // namespace rocchio::codecs
