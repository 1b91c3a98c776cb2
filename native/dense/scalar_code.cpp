#include "dense/scalar_code.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "dense/magnitude.hpp"

namespace rocchio::dense {

RowConstants encode(const float* values, std::size_t width, float error, std::uint8_t* code) {
    const auto [least, most] = std::minmax_element(values, values + width);
    const float low = *least, range = *most - low;
    // an almost constant vector: all codes 0, and the error says what is lost
    const float scale = range > 0.0f ? range / 255.0f : 0.0f;
    const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
    double lost = 0.0, square = 0.0;
    for (std::size_t j = 0; j < width; ++j) {
        const float place = std::isfinite(inverse) ? (values[j] - low) * inverse + 0.5f : 0.0f;
        // in this order, what is not a number becomes 0
        code[j] = static_cast<std::uint8_t>(std::min(std::max(0.0f, place), 255.0f));
        const double value = values[j];
        const double difference = value - (static_cast<double>(scale) * code[j] + static_cast<double>(low));
        lost += difference * difference;
        square += value * value;
    }
    const float bound = rounded_up((std::sqrt(lost) + static_cast<double>(error)) * (1.0 + 0x1p-20));
    return {scale, low, static_cast<float>(square / 2), bound};
}

void decode(const std::uint8_t* code, std::size_t width, const RowConstants& constants, float* values) {
    for (std::size_t j = 0; j < width; ++j)
        values[j] = constants.scale * static_cast<float>(code[j]) + constants.low;
}

SignedCode encode_signed(const float* values, std::size_t width, std::int8_t* code) {
    const auto most = std::bit_cast<float>(largest_bits({values, width}));
    const float inverse = most > 0.0f ? 127.0f / most : 0.0f;
    if (!(inverse > 0.0f) || !std::isfinite(inverse)) {
        std::fill(code, code + width, std::int8_t{0});
        return {};
    }
    SignedCode result{most / 127.0f, 0};
    for (std::size_t j = 0; j < width; ++j) {
        const float place = values[j] * inverse;
        const int rounded = static_cast<int>(place + (place < 0.0f ? -0.5f : 0.5f));
        code[j] = static_cast<std::int8_t>(std::clamp(rounded, -127, 127));
        result.sum += code[j];
    }
    return result;
}

}  // namespace rocchio::dense
