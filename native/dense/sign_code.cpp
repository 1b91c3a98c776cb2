#include "dense/sign_code.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "dense/magnitude.hpp"

namespace rocchio::dense {

namespace {

/// Four of these fit a table's entry.
constexpr int kLargest = kernels::kMaxTableEntry / static_cast<int>(kernels::kSignGroup);

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
    for (std::size_t first = 0; first < width; first += kernels::kSignGroup) {
        int values[kernels::kSignGroup];
        int below = 0;  // makes the least of the group's sums 0
        for (std::size_t i = 0; i < kernels::kSignGroup; ++i) {
            const float place = query[first + i] * inverse;
            values[i] = static_cast<int>(place + (place < 0.0f ? -0.5f : 0.5f));
            sum += values[i];
            below -= std::min(0, values[i]);
        }
        negative += below;
        std::uint8_t* table = tables_.data() + first / kernels::kSignGroup * 16;
        table[0] = static_cast<std::uint8_t>(below);
        for (unsigned bit = 0; bit < kernels::kSignGroup; ++bit)
            for (unsigned bits = 0; bits < 1u << bit; ++bits)
                table[bits | 1u << bit] = static_cast<std::uint8_t>(table[bits] + values[bit]);
    }
    // <signs, q> = 2 <bits, q> - sum(q), and the sums of entries are <bits, q> + negative
    const float step = most / static_cast<float>(kLargest);
    slope_ = 2.0f * step;
    offset_ = -step * static_cast<float>(2 * negative + sum);
}

}  // namespace rocchio::dense
