// Codes of vectors: the rotation keeps angles, eight-bit codes keep what they promise, signs estimate without
// bias.

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "dense/magnitude.hpp"
#include "dense/rotation.hpp"
#include "dense/scalar_code.hpp"
#include "dense/sign_code.hpp"
#include "dense/transform.hpp"
#include "tests/check.hpp"

using namespace rocchio;
using namespace rocchio::dense;

namespace {

using Values = std::vector<float>;

Values random_values(std::mt19937& random, std::size_t count, float size = 1.0f) {
    std::normal_distribution<float> normal(0.0f, size);
    Values values(count);
    for (float& value : values) value = normal(random);
    return values;
}

double dot(const Values& a, const Values& b) {
    double sum = 0.0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += double{a[j]} * double{b[j]};
    return sum;
}

double length(const Values& a) {
    return std::sqrt(dot(a, a));
}

Values rotated(const Rotation& rotation, const Values& values) {
    Values to(rotation.width());
    rotation.apply(values.data(), to.data());
    return to;
}

// ---- rotation
// ------------------------------------------------------------------------------------------------

void test_rotation_is_orthogonal() {
    for (const std::size_t dim : {1u, 2u, 63u, 64u, 65u, 100u, 192u, 200u}) {
        const Rotation rotation(dim, 7);
        CHECK(rotation.dim() == dim);
        CHECK(rotation.width() % 64 == 0 && rotation.width() >= dim && rotation.width() < dim + 64);
        std::vector<Values> columns;
        for (std::size_t j = 0; j < dim; ++j) {
            Values unit(dim);
            unit[j] = 1.0f;
            columns.push_back(rotated(rotation, unit));
        }
        for (std::size_t i = 0; i < dim; ++i)
            for (std::size_t j = 0; j <= i; ++j)
                CHECK(std::fabs(dot(columns[i], columns[j]) - (i == j ? 1.0 : 0.0)) < 1e-6);
    }
}

void test_rotation_keeps_lengths_and_spreads_energy() {
    std::mt19937 random(1);
    for (const std::size_t dim : {384u, 768u, 1000u, 4096u, 65536u}) {
        const Rotation rotation(dim, 7);
        for (const float size : {1e-15f, 1.0f, 1e15f}) {
            const Values values = random_values(random, dim, size);
            CHECK(std::fabs(length(rotated(rotation, values)) / length(values) - 1.0) < 1e-5);
        }
        Values spike(dim);
        spike[dim / 3] = 1.0f;
        const Values to = rotated(rotation, spike);
        const float largest =
            std::fabs(*std::ranges::max_element(to, {}, [](float x) { return std::fabs(x); }));
        CHECK(largest < 8.0f / std::sqrt(static_cast<float>(rotation.width())));
    }
}

/// The format goes by these numbers (docs/formats/vector-index.md).
void test_rotation_is_the_same_everywhere() {
    Values unit(64);
    unit[0] = 1.0f;
    const Values first = rotated(Rotation(64, 7), unit);
    CHECK(first == rotated(Rotation(64, 7), unit));
    CHECK(first != rotated(Rotation(64, 8), unit));
}

void test_transform() {
    std::mt19937 random(2);
    const std::size_t dim = 70;
    const Values mean = random_values(random, dim), x = random_values(random, dim),
                 q = random_values(random, dim);
    const Rotation rotation(dim, 7);
    for (const Metric metric : {Metric::inner_product, Metric::cosine, Metric::l2}) {
        const Transform transform(metric, dim, 7, mean);
        Values row(transform.width()), query(transform.width()), shifted = x, expected_query = q;
        const double row_length = metric == Metric::cosine ? length(x) : 1.0,
                     query_length = metric == Metric::cosine ? length(q) : 1.0;
        for (std::size_t j = 0; j < dim; ++j) {
            shifted[j] = static_cast<float>(shifted[j] / row_length - double{mean[j]});
            expected_query[j] = static_cast<float>(q[j] / query_length);
            if (metric == Metric::l2) expected_query[j] = q[j] - mean[j];
        }
        const float row_error = transform.row(x.data(), row.data()),
                    query_error = transform.query(q.data(), query.data());
        const Values expected = rotated(rotation, shifted), of_query = rotated(rotation, expected_query);
        for (std::size_t j = 0; j < transform.width(); ++j) {
            CHECK(std::fabs(row[j] - expected[j]) <= row_error);
            CHECK(std::fabs(query[j] - of_query[j]) <= query_error);
        }
        CHECK(row_error > 0.0f && row_error < 1e-3f);
        const Values zeros(dim);
        Values of_zeros(transform.width());
        CHECK(std::isfinite(transform.query(zeros.data(), of_zeros.data())));
        CHECK(std::isfinite(length(of_zeros)));
    }
    CHECK_THROWS(std::invalid_argument, Transform(Metric::l2, 3, 7, Values(2)));
    CHECK_THROWS(std::invalid_argument, Transform(Metric::l2, 0, 7, {}));
    CHECK_THROWS(std::invalid_argument, Transform(Metric::l2, 65537, 7, Values(65537)));
}

// ---- eight-bit codes
// -----------------------------------------------------------------------------------------

void check_code(const Values& values, float error) {
    std::vector<std::uint8_t> code(values.size());
    const RowConstants row = encode(values.data(), values.size(), error, code.data());
    Values decoded(values.size());
    decode(code.data(), code.size(), row, decoded.data());
    double lost = 0.0, rounded = 0.0;
    for (std::size_t j = 0; j < values.size(); ++j) {
        const double exactly = double{row.scale} * code[j] + double{row.low};
        lost += (values[j] - exactly) * (values[j] - exactly);
        rounded = std::max(
            rounded, std::fabs(decoded[j] - exactly) / (std::fabs(exactly) + std::fabs(double{row.low})));
    }
    CHECK(std::sqrt(lost) + double{error} <= double{row.error});
    CHECK(!(rounded > 0x1p-22));
    const auto [least, most] = std::ranges::minmax(values);
    // at most half a step is lost in each dimension, but where steps are too small for their inverse
    const double half_step =
        (double{most} - double{least}) / 255.0 * (most - least < 1e-35f ? 255.0 : 0.5001);
    CHECK(row.error <= (half_step * std::sqrt(static_cast<double>(values.size())) + double{error}) * 1.0001 +
                           1e-6 * length(values));
    const double half_square = dot(values, values) / 2;
    CHECK(std::fabs(row.half_square - half_square) <= 1e-6 * half_square + 2e-45);
    CHECK(addend_of(row, Metric::l2) == -row.half_square);
    CHECK(addend_of(row, Metric::cosine) == 0.0f && addend_of(row, Metric::inner_product) == 0.0f);
}

void test_errors_of_codes_are_bounded() {
    std::mt19937 random(3);
    for (const std::size_t width : {64u, 128u, 768u}) {
        for (const float size : {1e-42f, 1e-36f, 1e-15f, 1.0f, 1e15f}) {
            for (int round = 0; round < 20; ++round) {
                Values values = random_values(random, width, size);
                check_code(values, 0.0f);
                check_code(values, size / 4);
                for (float& value : values) value += 100.0f * size;  // far from zero
                check_code(values, 0.0f);
                values[5] = -1e3f * size;
                check_code(values, 0.0f);
            }
        }
        check_code(Values(width), 0.0f);
        check_code(Values(width, 0.3f), 0.0f);
        check_code(Values(width, -1e15f), 0.0f);
    }
}

void test_signed_codes() {
    std::mt19937 random(4);
    for (const float size : {1e-30f, 1.0f, 1e15f}) {
        const Values values = random_values(random, 128, size);
        std::vector<std::int8_t> code(values.size());
        const SignedCode found = encode_signed(values.data(), values.size(), code.data());
        std::int32_t sum = 0;
        for (std::size_t j = 0; j < values.size(); ++j) {
            CHECK(std::fabs(values[j] - found.scale * static_cast<float>(code[j])) <= found.scale * 0.5001f);
            CHECK(code[j] >= -127);
            sum += code[j];
        }
        CHECK(found.sum == sum);
        CHECK(*std::ranges::max_element(code, {}, [](int x) { return std::abs(x); }) != 0);
        // the product is that of the decoded vectors
        const Values other = random_values(random, 128);
        std::vector<std::uint8_t> row_code(other.size());
        const RowConstants row = encode(other.data(), other.size(), 0.0f, row_code.data());
        std::int32_t dots = 0;
        double expected = 0.0;
        for (std::size_t j = 0; j < other.size(); ++j) {
            dots += row_code[j] * code[j];
            expected += (double{row.scale} * row_code[j] + double{row.low}) * (double{found.scale} * code[j]);
        }
        CHECK(std::fabs(found.product(dots, row) - expected) <= 1e-4 * double{size} * 128);
    }
    for (const Values& nothing : {Values(64), Values(64, 1e-45f)}) {
        std::vector<std::int8_t> code(64, 5);
        const SignedCode found = encode_signed(nothing.data(), 64, code.data());
        CHECK(found.scale == 0.0f && found.sum == 0);
        CHECK(std::ranges::count(code, 0) == 64);
    }
}

// ---- signs
// ---------------------------------------------------------------------------------------------------

void test_signs_of_a_block() {
    std::mt19937 random(5);
    const std::size_t width = 128;
    std::vector<std::uint8_t> block(sign_bytes(width));
    std::vector<Values> residuals;
    for (std::size_t place = 0; place < kernels::kSignRows; ++place) {
        residuals.push_back(random_values(random, width));
        if (place == 9) std::ranges::fill(residuals[9], 0.0f);
        const float factor = pack_signs(residuals[place].data(), width, place, block.data());
        double absolute = 0.0;
        for (const float value : residuals[place]) absolute += std::fabs(value);
        const double expected = place == 9 ? 0.0 : dot(residuals[place], residuals[place]) / absolute;
        CHECK(std::fabs(factor - expected) <= 1e-6);
    }
    for (std::size_t place = 0; place < kernels::kSignRows; ++place) {
        for (std::size_t j = 0; j < width; ++j) {
            const unsigned byte = block[j / 4 * 16 + place % 16];
            CHECK(((byte >> (j % 4 + (place < 16 ? 0 : 4))) & 1u) == (residuals[place][j] > 0.0f ? 1u : 0u));
        }
    }
}

void test_tables_hold_the_sums_of_a_query() {
    std::mt19937 random(6);
    const std::size_t width = 192;
    SignTables tables;
    for (const float size : {1e-30f, 1.0f, 1e15f}) {
        const Values query = random_values(random, width, size);
        tables.set(query.data(), width);
        float most = 0.0f;
        for (const float value : query) most = std::max(most, std::fabs(value));
        std::vector<int> steps;
        for (const float value : query)
            steps.push_back(static_cast<int>(std::lround(double{value} / double{most} * 15)));
        for (std::size_t group = 0; group < width / 4; ++group) {
            int below = 0;
            for (std::size_t i = 0; i < 4; ++i) below += std::min(0, steps[group * 4 + i]);
            for (unsigned bits = 0; bits < 16; ++bits) {
                int sum = -below;
                for (unsigned i = 0; i < 4; ++i) sum += (bits >> i & 1u) != 0 ? steps[group * 4 + i] : 0;
                CHECK(tables.tables()[group * 16 + bits] == sum);
                CHECK(sum <= kernels::kMaxTableEntry);
            }
        }
        // all bits set: the estimate of a factor of one is the sum of the query
        const kernels::SignEstimate estimate = tables.estimate(3.0f, -1.0f);
        CHECK(estimate.base == 3.0f && estimate.threshold == -1.0f);
        int entries = 0, sum = 0;
        for (std::size_t group = 0; group < width / 4; ++group) entries += tables.tables()[group * 16 + 15];
        for (const int step : steps) sum += step;
        const double expected = double{most} / 15 * sum;
        CHECK(std::fabs(static_cast<float>(entries) * estimate.slope + estimate.offset - expected) <=
              1e-4 * double{most} * width);
    }
    const Values nothing(width);
    tables.set(nothing.data(), width);
    CHECK(tables.estimate(0.0f, 0.0f).slope == 0.0f && tables.estimate(0.0f, 0.0f).offset == 0.0f);
}

/// The estimates of one pair of vectors under many rotations: their mean is the product, they vary by about
/// |q| |r| / root(width).
void test_estimates_are_without_bias() {
    std::mt19937 random(7);
    const std::size_t dim = 128, rounds = 1500;
    Values residual = random_values(random, dim), query = random_values(random, dim);
    for (std::size_t j = 0; j < dim; ++j) query[j] += 0.7f * residual[j];
    const double truth = dot(query, residual),
                 deviation = length(query) * length(residual) / std::sqrt(128.0);
    double sum = 0.0, squares = 0.0;
    SignTables tables;
    for (std::size_t seed = 0; seed < rounds; ++seed) {
        const Rotation rotation(dim, seed);
        const Values r = rotated(rotation, residual), q = rotated(rotation, query);
        std::vector<std::uint8_t> block(sign_bytes(dim));
        const std::size_t place = seed % kernels::kSignRows;
        std::vector<float> factors(kernels::kSignRows), estimates(kernels::kSignRows);
        factors[place] = pack_signs(r.data(), dim, place, block.data());
        tables.set(q.data(), dim);
        kernels::vector_kernels().scan_signs(block.data(), dim / 4, tables.tables(), factors.data(), nullptr,
                                             tables.estimate(0.0f, 0.0f), block.data(), estimates.data());
        sum += estimates[place] - truth;
        squares += (estimates[place] - truth) * (estimates[place] - truth);
    }
    CHECK(std::sqrt(squares / rounds) < deviation);
    CHECK(std::fabs(sum / rounds) < 4.0 * deviation / std::sqrt(static_cast<double>(rounds)));
}

// ---- bounds of numbers

void test_vectors_out_of_bounds() {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
    const Values values{1, -2, 0, -0.0f, 3, kNone, kInfinity, 0, -4, 1e-30f, -1e-30f, 0};
    CHECK((out_of_bounds(values, 2, 1e-20f, 3.0f) == std::vector<std::uint32_t>{1, 2, 3, 4, 5}));
    CHECK((out_of_bounds(values, 2, 0.0f, 4.0f) == std::vector<std::uint32_t>{2, 3}));
    CHECK(out_of_bounds({}, 2, 0.0f, 4.0f).empty());
    const float edge = 1e15f;
    CHECK(out_of_bounds({&edge, 1}, 1, edge, edge).empty());
    CHECK(out_of_bounds({&edge, 1}, 1, std::nextafter(edge, kInfinity), kInfinity).size() == 1);
    CHECK(out_of_bounds({&edge, 1}, 1, 0.0f, std::nextafter(edge, 0.0f)).size() == 1);
}

}  // namespace

int main() {
    test_rotation_is_orthogonal();
    test_rotation_keeps_lengths_and_spreads_energy();
    test_rotation_is_the_same_everywhere();
    test_transform();
    test_errors_of_codes_are_bounded();
    test_signed_codes();
    test_signs_of_a_block();
    test_tables_hold_the_sums_of_a_query();
    test_estimates_are_without_bias();
    test_vectors_out_of_bounds();
    return rocchio::failures();
}
