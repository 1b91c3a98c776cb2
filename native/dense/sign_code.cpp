#include "dense/sign_code.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "dense/magnitude.hpp"

namespace rocchio::dense {

namespace {

/// Four of these fit a table's entry.
constexpr int kLargest = kernels::kMaxTableEntry / static_cast<int>(kernels::kSignGroup);

/// A number whose byte i is `value` where bit `bit` of i is set, if all bytes of the sum that it is added to
/// are from 0 to 255 in the end.
std::uint64_t at_set_bits(int value, unsigned bit) {
    constexpr std::uint64_t kBytes[] = {0x0100010001000100u, 0x0101000001010000u, 0x0101010100000000u};
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) * kBytes[bit];
}

/// Writes the sums of all subsets of four values, plus what makes the least of them 0; returns that.
int write_table(const int* values, std::uint8_t* table) {
    static_assert(kernels::kSignGroup == 4 && std::endian::native == std::endian::little);
    constexpr std::uint64_t kAll = 0x0101010101010101u;
    int below = 0;
    for (std::size_t i = 0; i < kernels::kSignGroup; ++i) below -= std::min(0, values[i]);
    const std::uint64_t without = static_cast<std::uint64_t>(below) * kAll + at_set_bits(values[0], 0) +
                                  at_set_bits(values[1], 1) + at_set_bits(values[2], 2);
    const std::uint64_t with =
        without + static_cast<std::uint64_t>(static_cast<std::int64_t>(values[3])) * kAll;
    std::memcpy(table, &without, sizeof without);
    std::memcpy(table + 8, &with, sizeof with);
    return below;
}

}  // namespace

float pack_signs(const float* residual, std::size_t width, std::size_t place, std::uint8_t* block) {
    double square = 0.0, length = 0.0;
    for (std::size_t j = 0; j < width; ++j) {
        const double value = residual[j];
        square += value * value;
        length += std::fabs(value);
        if (residual[j] > 0.0f) {
            const auto bit = static_cast<unsigned>(j % kernels::kSignGroup + (place >= 16 ? 4 : 0));
            block[j / kernels::kSignGroup * 16 + place % 16] |= static_cast<std::uint8_t>(1u << bit);
        }
    }
    return length > 0.0 ? static_cast<float>(square / length) : 0.0f;
}

void SignTables::set(const float* query, std::size_t width) {
    tables_.assign(width / kernels::kSignGroup * 16, 0);
    slope_ = offset_ = 0.0f;
    const auto most = std::bit_cast<float>(largest_bits({query, width}));
    const float inverse = most > 0.0f ? static_cast<float>(kLargest) / most : 0.0f;
    if (!(inverse > 0.0f) || !std::isfinite(inverse)) return;
    int sum = 0, negative = 0;
    for (std::size_t first = 0; first < width; first += kernels::kCodeAlignment) {
        int values[kernels::kCodeAlignment];
        for (std::size_t i = 0; i < kernels::kCodeAlignment; ++i) {
            const float place = query[first + i] * inverse;
            values[i] = static_cast<int>(place + (place < 0.0f ? -0.5f : 0.5f));
            sum += values[i];
        }
        for (std::size_t i = 0; i < kernels::kCodeAlignment; i += kernels::kSignGroup)
            negative += write_table(values + i, tables_.data() + (first + i) / kernels::kSignGroup * 16);
    }
    // <signs, q> = 2 <bits, q> - sum(q), and the sums of entries are <bits, q> + negative
    const float step = most / static_cast<float>(kLargest);
    slope_ = 2.0f * step;
    offset_ = -step * static_cast<float>(2 * negative + sum);
}

}  // namespace rocchio::dense
