#include "codecs/packed.hpp"

#include <algorithm>
#include <bit>

#include "base/bitmap.hpp"
#include "codecs/bit_writer.hpp"

namespace rocchio::codecs {

std::vector<std::uint8_t> encode_packed(std::span<const std::uint32_t> values) {
    const std::uint32_t largest = values.empty() ? 0 : *std::ranges::max_element(values);
    const auto width = static_cast<unsigned>(std::bit_width(largest));
    std::vector<std::uint8_t> bytes;
    bytes.reserve(1 + bitmap_bytes(values.size() * width));
    BitWriter out(bytes);
    out.write(width, 8);
    for (std::uint32_t value : values) out.write(value, width);
    out.finish();
    return bytes;
}

Packed::Packed(CheckedArray<std::uint8_t> bytes, std::size_t begin, std::size_t count)
    : bytes_(std::move(bytes)), begin_(begin + 1), count_(count) {
    width_ = bytes_.at(begin);
    if (width_ > 32) bytes_.fail(begin, "packed numbers are wider than 32 bits");
    const std::uint64_t room = 8 * std::uint64_t{bytes_.size() - begin_};
    if (width_ > 0 && count_ > room / width_) bytes_.fail(begin, "packed numbers reach past their array");
}

std::size_t Packed::end() const {
    return begin_ + bitmap_bytes(count_ * width_);
}

std::uint32_t Packed::at(std::size_t index) const {
    if (index >= count_) fail(index, "an index points outside its packed numbers");
    const std::uint64_t first = std::uint64_t{index} * width_;
    const auto view = bytes_.view(begin_ + first / 8, begin_ + bitmap_bytes(first + width_));
    return static_cast<std::uint32_t>(BitReader(view, first % 8).read(width_));
}

std::vector<std::uint32_t> Packed::all() const {
    BitReader in(bytes_.view(begin_, end()));
    std::vector<std::uint32_t> values(count_);
    for (std::uint32_t& value : values) value = static_cast<std::uint32_t>(in.read(width_));
    return values;
}

void Packed::fail(std::size_t index, const std::string& reason) const {
    bytes_.fail(begin_ + std::min(index, count_) * width_ / 8, reason);
}

}  // namespace rocchio::codecs
