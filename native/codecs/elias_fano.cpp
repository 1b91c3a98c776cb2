#include "codecs/elias_fano.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace rocchio::codecs {
namespace {

constexpr std::uint64_t kHeaderWords = 2;
constexpr std::uint64_t kSampled = 256;  // every so many ones

constexpr std::uint64_t words_for(std::uint64_t bits) {
    return bits / 64 + (bits % 64 != 0 ? 1 : 0);
}

/// Position of the one that has `before` ones below it; there must be one.
unsigned select_in_word(std::uint64_t word, unsigned before) {
    for (; before > 0; --before) word &= word - 1;
    return static_cast<unsigned>(std::countr_zero(word));
}

}  // namespace

// `count` must be below 2^58: then no sum here overflows, whatever `largest` is.
EliasFanoShape::EliasFanoShape(std::uint64_t count_, std::uint64_t largest_)
    : count(count_), largest(largest_) {
    const std::uint64_t spread = count > 0 ? largest / count : 0;
    low_width = spread > 0 ? static_cast<unsigned>(std::bit_width(spread)) - 1 : 0;
    low_begin = kHeaderWords;
    high_begin = low_begin + count / 64 * low_width + words_for(count % 64 * low_width);
    const std::uint64_t high_bits = count > 0 ? count + (largest >> low_width) : 0;
    samples_begin = high_begin + words_for(high_bits);
    end = samples_begin + count / kSampled + (count % kSampled != 0 ? 1 : 0);
}

std::vector<std::uint64_t> encode_elias_fano(std::span<const std::uint64_t> values) {
    if (!std::ranges::is_sorted(values)) throw std::invalid_argument("expected numbers that do not decrease");
    const EliasFanoShape shape(values.size(), values.empty() ? 0 : values.back());
    std::vector<std::uint64_t> words(shape.end, 0);
    words[0] = shape.count;
    words[1] = shape.largest;
    const std::uint64_t low_mask = (std::uint64_t{1} << shape.low_width) - 1;
    for (std::uint64_t i = 0; i < shape.count; ++i) {
        const std::uint64_t low = values[i] & low_mask;
        const std::uint64_t bit = i * shape.low_width;
        if (low != 0) {
            words[shape.low_begin + bit / 64] |= low << (bit % 64);
            if (bit % 64 + shape.low_width > 64)
                words[shape.low_begin + bit / 64 + 1] |= low >> (64 - bit % 64);
        }
        const std::uint64_t one = (values[i] >> shape.low_width) + i;
        words[shape.high_begin + one / 64] |= std::uint64_t{1} << (one % 64);
        if (i % kSampled == 0) words[shape.samples_begin + i / kSampled] = one;
    }
    return words;
}

EliasFano::EliasFano(CheckedArray<std::uint64_t> words) : words_(std::move(words)) {
    if (words_.size() < kHeaderWords) words_.fail(0, "a sequence of numbers is cut short");
    const auto header = words_.view(0, kHeaderWords);
    const std::uint64_t room = words_.size();
    // a number takes at least a bit
    if (header[0] / 64 > room) words_.fail(0, "a sequence has more numbers than fit into its words");
    shape_ = EliasFanoShape(header[0], header[1]);
    if (shape_.end != room) words_.fail(0, "the size of a sequence does not fit its header");
}

// The position of one number `index` among the high bits.
std::uint64_t EliasFano::find_one(std::uint64_t index) const {
    if (index >= shape_.count) words_.fail(0, "an index points outside its sequence");
    const std::uint64_t start = words_.at(shape_.samples_begin + index / kSampled);
    std::uint64_t left = index % kSampled;
    std::uint64_t word_index = start / 64;
    if (word_index >= shape_.samples_begin - shape_.high_begin) {
        words_.fail(shape_.samples_begin + index / kSampled, "a sample points outside the high bits");
    }
    std::uint64_t word = words_.at(shape_.high_begin + word_index) & (~std::uint64_t{0} << (start % 64));
    for (;;) {
        const auto ones = static_cast<std::uint64_t>(std::popcount(word));
        if (left < ones) return 64 * word_index + select_in_word(word, static_cast<unsigned>(left));
        left -= ones;
        if (++word_index == shape_.samples_begin - shape_.high_begin) {
            words_.fail(shape_.high_begin, "a sequence has too few ones");
        }
        word = words_.at(shape_.high_begin + word_index);
    }
}

// The first one after `position`.
std::uint64_t EliasFano::next_one(std::uint64_t position) const {
    const std::uint64_t start = position + 1;
    for (std::uint64_t w = start / 64; w < shape_.samples_begin - shape_.high_begin; ++w) {
        std::uint64_t word = words_.at(shape_.high_begin + w);
        if (w == start / 64) word &= ~std::uint64_t{0} << (start % 64);
        if (word != 0) return 64 * w + static_cast<unsigned>(std::countr_zero(word));
    }
    words_.fail(shape_.high_begin, "a sequence has too few ones");
}

std::uint64_t EliasFano::value_of(std::uint64_t index, std::uint64_t one) const {
    std::uint64_t low = 0;
    if (shape_.low_width > 0) {
        const std::uint64_t bit = index * shape_.low_width;
        const std::uint64_t place = shape_.low_begin + bit / 64;
        low = words_.at(place) >> (bit % 64);
        if (bit % 64 + shape_.low_width > 64) low |= words_.at(place + 1) << (64 - bit % 64);
        low &= (std::uint64_t{1} << shape_.low_width) - 1;
    }
    const std::uint64_t high = one - index;
    if (one < index || high > shape_.largest >> shape_.low_width) {
        words_.fail(shape_.high_begin, "a number of a sequence is out of range");
    }
    const std::uint64_t value = high << shape_.low_width | low;
    if (value > shape_.largest) words_.fail(shape_.low_begin, "a number of a sequence is out of range");
    return value;
}

std::uint64_t EliasFano::at(std::size_t index) const {
    return value_of(index, find_one(index));
}

std::pair<std::uint64_t, std::uint64_t> EliasFano::pair(std::size_t index) const {
    if (index + 1 >= shape_.count) words_.fail(0, "an index points outside its sequence");
    const std::uint64_t one = find_one(index);
    const std::uint64_t first = value_of(index, one);
    const std::uint64_t second = value_of(index + 1, next_one(one));
    if (first > second) words_.fail(shape_.low_begin, "numbers of a sequence decrease");
    return {first, second};
}

}  // namespace rocchio::codecs
