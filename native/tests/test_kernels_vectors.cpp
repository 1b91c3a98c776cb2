// Vector kernels: the portable level does what plain loops do, and every other level the same to the last
// bit.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kernels/vector_kernels.hpp"
#include "tests/check.hpp"

using namespace rocchio;
using namespace rocchio::kernels;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The same to the last bit; all NaN count as one.
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if constexpr (std::is_floating_point_v<T>) {
            if (std::isnan(a[i]) && std::isnan(b[i])) continue;
            if (std::signbit(a[i]) != std::signbit(b[i])) return false;
        }
        if (!(a[i] == b[i])) return false;
    }
    return true;
}

template <typename T>
std::vector<T> random_bytes(std::mt19937& random, std::size_t count) {
    std::vector<T> bytes(count);
    for (T& byte : bytes) byte = static_cast<T>(random());
    return bytes;
}

std::vector<float> random_floats(std::mt19937& random, std::size_t count, float size = 1.0f) {
    std::normal_distribution<float> normal(0.0f, size);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
}

// ---- sums of products
// ----------------------------------------------------------------------------------------

std::int32_t plain_dot(const std::uint8_t* codes, const std::int8_t* query, std::size_t width) {
    std::int64_t sum = 0;
    for (std::size_t j = 0; j < width; ++j) sum += std::int64_t{codes[j]} * query[j];
    return static_cast<std::int32_t>(sum);
}

void check_dots(const VectorKernels& level, const std::vector<std::uint8_t>& codes,
                const std::vector<std::int8_t>& queries, std::size_t width) {
    const std::size_t rows = codes.size() / width, query_count = queries.size() / width, stride = rows + 3;
    std::vector<std::int32_t> expected(query_count * stride, -7), tile = expected;
    for (std::size_t q = 0; q < query_count; ++q)
        for (std::size_t r = 0; r < rows; ++r)
            expected[q * stride + r] = plain_dot(&codes[r * width], &queries[q * width], width);
    level.dot_tile(codes.data(), width, rows, queries.data(), query_count, tile.data(), stride);
    CHECK(tile == expected);
    std::vector<std::int32_t> sums(rows);
    level.dot_rows(codes.data(), width, rows, queries.data(), sums.data());
    CHECK(std::equal(sums.begin(), sums.end(), expected.begin()));
    std::vector<std::uint32_t> chosen;
    for (std::size_t i = 0; i < 2 * rows + 1; ++i)
        chosen.push_back(static_cast<std::uint32_t>((i * 5 + 2) % rows));
    std::vector<std::int32_t> of_chosen(chosen.size());
    const std::size_t part = chosen.size() / 3;
    for (std::size_t first = 0, last = part; first < chosen.size(); first = last, last = chosen.size())
        level.dot_chosen(codes.data(), width, chosen.data() + first, last - first, chosen.size() - first,
                         queries.data(), of_chosen.data() + first);
    for (std::size_t i = 0; i < chosen.size(); ++i) CHECK(of_chosen[i] == expected[chosen[i]]);
}

void test_dots(const VectorKernels& level) {
    std::mt19937 random(1);
    for (const std::size_t width : {64u, 128u, 192u, 320u}) {
        for (std::size_t rows = 1; rows < 10; ++rows)
            for (const std::size_t queries : {1u, 2u, 3u, 4u, 5u, 9u})
                check_dots(level, random_bytes<std::uint8_t>(random, rows * width),
                           random_bytes<std::int8_t>(random, queries * width), width);
    }
    // the largest sums that there are fit 32 bits
    constexpr std::size_t kWidest = 65536;
    for (const int value : {127, -127, -128})
        check_dots(level, std::vector<std::uint8_t>(5 * kWidest, 255),
                   std::vector<std::int8_t>(5 * kWidest, static_cast<std::int8_t>(value)), kWidest);
}

// ---- sign codes
// ----------------------------------------------------------------------------------------------

struct SignBlock {
    std::vector<std::uint8_t> signs, tables;
    std::vector<float> factors, addends;
};

struct Scanned {
    std::vector<float> estimates;
    std::uint32_t reached = 0;
};

Scanned plain_scan(const SignBlock& block, bool with_addends, const SignEstimate& estimate) {
    Scanned result{std::vector<float>(kSignRows)};
    for (std::size_t row = 0; row < kSignRows; ++row) {
        std::int32_t sum = 0;
        for (std::size_t group = 0; group < block.signs.size() / 16; ++group) {
            const unsigned byte = block.signs[group * 16 + row % 16];
            sum += block.tables[group * 16 + (row < 16 ? byte & 15u : byte >> 4)];
        }
        const float product = static_cast<float>(sum) * estimate.slope;
        float value = estimate.base + block.factors[row] * (product + estimate.offset);
        if (with_addends) value += block.addends[row];
        result.estimates[row] = value;
        if (value >= estimate.threshold) result.reached |= std::uint32_t{1} << row;
    }
    return result;
}

void check_scan(const VectorKernels& level, const SignBlock& block, SignEstimate estimate) {
    for (const bool with_addends : {false, true}) {
        estimate.threshold = 0.0f;
        const std::vector<float> values = plain_scan(block, with_addends, estimate).estimates;
        for (const float threshold : {-kInfinity, values[3], values[31], 0.0f, kInfinity}) {
            estimate.threshold = threshold;
            const Scanned expected = plain_scan(block, with_addends, estimate);
            Scanned found{std::vector<float>(kSignRows)};
            found.reached =
                level.scan_signs(block.signs.data(), block.signs.size() / 16, block.tables.data(),
                                 block.factors.data(), with_addends ? block.addends.data() : nullptr,
                                 estimate, block.signs.data(), found.estimates.data());
            CHECK(same(found.estimates, expected.estimates));
            CHECK(found.reached == expected.reached);
        }
    }
}

void test_scan(const VectorKernels& level) {
    std::mt19937 random(2);
    for (const std::size_t groups : {16u, 32u, 48u, 240u, 256u, 272u, 1040u}) {
        SignBlock block{random_bytes<std::uint8_t>(random, groups * 16),
                        random_bytes<std::uint8_t>(random, groups * 16), random_floats(random, kSignRows),
                        random_floats(random, kSignRows, 50.0f)};
        for (std::uint8_t& entry : block.tables) entry = std::min(entry, kMaxTableEntry);
        check_scan(level, block, {0.25f, 0.013f, -7.5f, 0.0f});
        block.factors[4] = block.factors[20] = 0.0f;
        block.factors[5] = std::numeric_limits<float>::max();
        block.factors[21] = -std::numeric_limits<float>::max();
        block.addends[21] = std::numeric_limits<float>::max();
        check_scan(level, block, {0.25f, 0.013f, -7.5f, 0.0f});
        check_scan(level, block, {-kInfinity, 1e30f, 1e38f, 0.0f});
    }
    // the largest sums that there are
    constexpr std::size_t kMostGroups = 65536 / kSignGroup;
    SignBlock largest{random_bytes<std::uint8_t>(random, kMostGroups * 16),
                      std::vector<std::uint8_t>(kMostGroups * 16, kMaxTableEntry),
                      random_floats(random, kSignRows), random_floats(random, kSignRows)};
    check_scan(level, largest, {1.0f, 1e-3f, -2000.0f, 0.0f});
}

// ---- bounds
// --------------------------------------------------------------------------------------------------

void check_bounds(const VectorKernels& level, std::mt19937& random, std::size_t count, float size) {
    const std::vector<float> numbers = random_floats(random, 4 * count, size);
    std::vector<RowConstants> rows(count);
    for (std::size_t r = 0; r < count; ++r)
        rows[r] = {numbers[4 * r], numbers[4 * r + 1], std::fabs(numbers[4 * r + 2]),
                   std::fabs(numbers[4 * r + 3])};
    rows[count / 2].half_square = 0.0f;
    std::vector<std::int32_t> dots(count);
    for (std::int32_t& dot : dots) dot = static_cast<std::int32_t>(random());
    for (const RowRanking& query : {RowRanking{0.37f, -1234.0f, -1.0f, 3.0f, 0.02f, 1e-5f},
                                    RowRanking{0.37f, 99.0f, 0.0f, -3.0f, -0.02f, -1e-5f},
                                    RowRanking{0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f}}) {
        std::vector<float> expected;
        for (std::size_t r = 0; r < count; ++r) {
            const RowConstants& row = rows[r];
            const float product = row.scale * static_cast<float>(dots[r]) + row.low * query.sum;
            const float length = std::sqrt(2.0f * row.half_square + 0x1p-125f) + row.error;
            const float slack = query.norm * row.error + query.error * length + query.slack;
            expected.push_back(query.scale * product + query.half_squares * row.half_square + slack);
        }
        for (const float threshold : {-kInfinity, expected[0], expected[count / 2], 0.0f, kInfinity}) {
            std::uint64_t reached = 0;
            for (std::size_t r = 0; r < count; ++r)
                reached |= std::uint64_t{expected[r] >= threshold ? 1u : 0u} << r;
            std::vector<float> uppers(count);
            CHECK(level.bound_rows(dots.data(), rows.data(), count, query, threshold, uppers.data()) ==
                  reached);
            CHECK(same(uppers, expected));
        }
    }
}

void test_bounds(const VectorKernels& level) {
    std::mt19937 random(3);
    for (std::size_t count = 1; count <= kBoundRows; ++count) check_bounds(level, random, count, 1.0f);
    for (const float size : {1e-38f, 1e15f, 1e30f}) check_bounds(level, random, kBoundRows, size);
}

// ---- nearness of lists
// --------------------------------------------------------------------------------------------------

float plain_nearness(std::int32_t dot, const RowConstants& list, const ListRanking& query) {
    const float product = query.scale * (list.scale * static_cast<float>(dot) + list.low * query.sum);
    const float near = product + query.half_squares * list.half_square;
    const float square = query.square + 2.0f * query.half_squares * near;
    const float distance = std::sqrt(square > 0.0f ? square : 0.0f);
    const float value =
        near + 0.5f * query.half_squares * (list.error * list.error) + query.spread * list.error * distance;
    return value > std::numeric_limits<float>::lowest() ? value : std::numeric_limits<float>::lowest();
}

void test_nearness(const VectorKernels& level) {
    std::mt19937 random(6);
    for (const std::size_t count : {1u, 2u, 15u, 16u, 17u, 63u, 64u, 65u, 1000u}) {
        for (const float size : {1e-38f, 1.0f, 1e15f, 1e30f, 1e38f}) {
            const std::vector<float> numbers = random_floats(random, 4 * count, size);
            std::vector<RowConstants> lists(count);
            for (std::size_t l = 0; l < count; ++l)
                lists[l] = {numbers[4 * l], numbers[4 * l + 1], std::fabs(numbers[4 * l + 2]),
                            l % 5 == 0 ? 0.0f : std::fabs(numbers[4 * l + 3])};
            std::vector<std::int32_t> dots(count);
            for (std::int32_t& dot : dots) dot = static_cast<std::int32_t>(random());
            // the square of a query that is no number is infinite
            for (const ListRanking& query :
                 {ListRanking{0.37f, -1234.0f, -1.0f, 3.0f, 0.2f},
                  ListRanking{0.37f, 99.0f, 0.0f, 1.0f, 0.2f}, ListRanking{0.0f, 0.0f, 0.0f, kInfinity, 0.2f},
                  ListRanking{0.0f, 0.0f, -1.0f, 0.0f, 0.2f}}) {
                std::vector<float> expected, found(count);
                for (std::size_t l = 0; l < count; ++l)
                    expected.push_back(plain_nearness(dots[l], lists[l], query));
                level.rank_lists(dots.data(), lists.data(), count, query, found.data());
                CHECK(same(found, expected));
                CHECK(std::ranges::all_of(found, [](float value) { return value > -kInfinity; }));
            }
        }
    }
}

void test_reaching(const VectorKernels& level) {
    std::mt19937 random(7);
    for (std::size_t count = 0; count <= kBoundRows; ++count) {
        std::vector<float> values = random_floats(random, count);
        if (count > 2) values[1] = std::numeric_limits<float>::quiet_NaN();
        for (const float threshold : {-kInfinity, count > 0 ? values[0] : 0.0f, 0.0f, kInfinity}) {
            std::uint64_t expected = 0;
            for (std::size_t i = 0; i < count; ++i)
                expected |= std::uint64_t{values[i] >= threshold ? 1u : 0u} << i;
            CHECK(level.reaching(values.data(), count, threshold) == expected);
        }
    }
}

// ---- floats
// --------------------------------------------------------------------------------------------------

void test_hadamard(const VectorKernels& level, const VectorKernels& portable) {
    std::mt19937 random(4);
    for (std::size_t count = 1; count <= 256; count *= 2) {
        std::vector<float> values(count), expected(count);  // small whole numbers: sums are exact
        for (float& value : values) value = static_cast<float>(static_cast<int>(random() % 201) - 100);
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = 0; j < count; ++j)
                expected[i] += std::popcount(i & j) % 2 != 0 ? -values[j] : values[j];
        level.hadamard(values.data(), count);
        CHECK(same(values, expected));
    }
    for (std::size_t count = 1; count <= 65536; count *= 4) {
        std::vector<float> values = random_floats(random, count, 1e10f), expected = values;
        level.hadamard(values.data(), count);
        portable.hadamard(expected.data(), count);
        CHECK(same(values, expected));
    }
}

/// Sixteen interleaved sums, each added to the one half of them further on, until one is left.
template <typename Term>
double plain_sum(std::size_t count, Term term) {
    std::vector<double> sums(16);
    for (std::size_t i = 0; i < count; ++i) sums[i % 16] += term(i);
    for (; sums.size() > 1; sums.resize(sums.size() / 2))
        for (std::size_t lane = 0; lane < sums.size() / 2; ++lane) sums[lane] += sums[lane + sums.size() / 2];
    return sums[0];
}

void test_sums_of_floats(const VectorKernels& level) {
    std::mt19937 random(5);
    for (std::size_t count = 0; count < 70; ++count) {
        for (const float size : {1e-40f, 1.0f, 1e15f, 1e38f}) {
            const std::vector<float> a = random_floats(random, count, size),
                                     b = random_floats(random, count, size);
            CHECK(level.dot_float(a.data(), b.data(), count) ==
                  plain_sum(count, [&](std::size_t i) { return double{a[i]} * double{b[i]}; }));
            double square = -1.0;
            CHECK(level.dot_and_square(a.data(), b.data(), count, &square) ==
                  level.dot_float(a.data(), b.data(), count));
            CHECK(square == plain_sum(count, [&](std::size_t i) { return double{b[i]} * double{b[i]}; }));
            CHECK(level.distance_float(a.data(), b.data(), count) == plain_sum(count, [&](std::size_t i) {
                      const double difference = double{a[i]} - double{b[i]};
                      return difference * difference;
                  }));
        }
    }
}

float plain_widened(std::uint16_t half) {
    const float sign = (half & 0x8000u) != 0 ? -1.0f : 1.0f;
    const int exponent = half >> 10 & 31;
    const auto fraction = static_cast<float>(half & 1023u);
    if (exponent == 31) return fraction == 0.0f ? sign * kInfinity : std::numeric_limits<float>::quiet_NaN();
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024.0f + fraction, exponent - 25);
}

void test_widening(const VectorKernels& level) {
    std::vector<std::uint16_t> halves(65536);
    std::vector<float> expected(halves.size());
    for (std::size_t i = 0; i < halves.size(); ++i) {
        halves[i] = static_cast<std::uint16_t>(i);
        expected[i] = plain_widened(halves[i]);
    }
    std::vector<float> floats(halves.size());
    level.widen(halves.data(), halves.size(), floats.data());
    CHECK(same(floats, expected));
    for (std::size_t count = 0; count < 20; ++count) {  // beginnings and ends that are not whole registers
        std::vector<float> few(count);
        level.widen(halves.data() + 15350, count, few.data());
        CHECK(std::equal(few.begin(), few.end(), expected.begin() + 15350));
    }
}

}  // namespace

int main() {
    const std::vector<const VectorKernels*> levels = available_vector_kernels();
    CHECK(levels.front()->name == std::string_view("portable"));
    for (const VectorKernels* level : levels) {
        test_dots(*level);
        test_scan(*level);
        test_bounds(*level);
        test_nearness(*level);
        test_reaching(*level);
        test_hadamard(*level, *levels.front());
        test_sums_of_floats(*level);
        test_widening(*level);
    }
    return rocchio::failures();
}
