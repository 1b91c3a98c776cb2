// The formulas of Kamphuis et al. (ECIR 2020) and Lù (2024), against values computed by hand.

#include <bit>
#include <cmath>
#include <cstdint>

#include "lexical/scoring.hpp"
#include "tests/check.hpp"

using namespace rocchio::lexical;

namespace {

bool near(double a, double b) {
    return std::abs(a - b) <= 1e-12 * std::max(1.0, std::abs(b));
}

void test_idf() {
    const auto idf = [](Variant variant, std::uint64_t n, std::uint64_t df) {
        return Scoring{variant}.idf(n, df);
    };
    CHECK(near(idf(Variant::lucene, 100, 10), std::log(1 + 90.5 / 10.5)));
    CHECK(near(idf(Variant::robertson, 100, 10), std::log(90.5 / 10.5)));
    CHECK(idf(Variant::robertson, 100, 90) == 0.0);  // never negative
    CHECK(near(idf(Variant::atire, 100, 10), std::log(10.0)));
    CHECK(near(idf(Variant::bm25l, 100, 10), std::log(101 / 10.5)));
    CHECK(near(idf(Variant::bm25plus, 100, 10), std::log(10.1)));
    for (const auto v : {Variant::robertson, Variant::lucene, Variant::atire, Variant::bm25l,
                         Variant::bm25plus, Variant::anserini}) {
        for (std::uint64_t df = 1; df <= 50; ++df) {
            CHECK(idf(v, 50, df) >= 0.0);
            if (df > 1) CHECK(idf(v, 50, df) <= idf(v, 50, df - 1));
        }
    }
}

void test_tf_part() {
    const double norm = 1 - 0.4 + 0.4 * (8.0 / 5.0);
    const auto part = [](Variant variant, double tf, double length) {
        return Scoring{variant, 0.9, 0.4, 0.5, 5.0}.tf_part(tf, length);
    };
    CHECK(near(part(Variant::lucene, 3, 8), 3 / (0.9 * norm + 3)));
    CHECK(near(part(Variant::robertson, 3, 8), 3 / (0.9 * norm + 3)));
    CHECK(near(part(Variant::atire, 3, 8), 1.9 * 3 / (0.9 * norm + 3)));
    CHECK(near(part(Variant::bm25plus, 3, 8), 1.9 * 3 / (0.9 * norm + 3)));
    const double c = 3 / norm + 0.5;
    CHECK(near(part(Variant::bm25l, 3, 8) + 1.9 * 0.5 / (0.9 + 0.5), 1.9 * c / (0.9 + c)));
    for (const auto v :
         {Variant::robertson, Variant::lucene, Variant::atire, Variant::bm25l, Variant::bm25plus}) {
        CHECK(std::abs(part(v, 0, 8)) < 1e-15);  // an absent term adds nothing
        for (double tf = 1; tf < 20; ++tf) {
            CHECK(part(v, tf + 1, 8) > part(v, tf, 8));
            CHECK(part(v, tf, 9) < part(v, tf, 8));
        }
    }
}

/// SmallFloat.longToInt4: four significant bits, the first of them hidden but below 8.
std::uint32_t float_of_four_bits(std::uint64_t value) {
    if (value < 8) return static_cast<std::uint32_t>(value);
    const auto shift = static_cast<std::uint32_t>(std::bit_width(value)) - 4;
    return static_cast<std::uint32_t>(value >> shift & 7) | (shift + 1) << 3;
}

/// SmallFloat.int4ToLong.
std::uint64_t value_of_four_bits(std::uint32_t code) {
    const std::uint64_t bits = code & 7;
    return code < 8 ? bits : (bits | 8) << ((code >> 3) - 1);
}

void test_lengths_of_a_byte() {
    const std::uint32_t exact = 255 - float_of_four_bits(2147483647);
    CHECK(exact == 24);
    const auto kept = [&](std::uint64_t length) -> std::uint64_t {
        if (length < exact) return length;
        const std::uint32_t byte = exact + float_of_four_bits(length - exact);
        CHECK(byte <= 255);
        return exact + value_of_four_bits(byte - exact);
    };
    for (std::uint64_t length = 0; length < 100000; ++length) {
        CHECK(length_of_a_byte(static_cast<double>(length)) == static_cast<double>(kept(length)));
    }
    for (std::uint64_t length = 1; length < (std::uint64_t{1} << 31); length = length * 3 / 2 + 1) {
        for (const std::uint64_t near : {length - 1, length, length + 1}) {
            if (near > 2147483647) continue;
            CHECK(length_of_a_byte(static_cast<double>(near)) == static_cast<double>(kept(near)));
        }
    }
    // from the definition by hand: 16 above 24 is 8 << 1, 17 too; 100 is 24 + 76, 76 = 0b1001100 keeps 0b1001
    CHECK(length_of_a_byte(39) == 39);
    CHECK(length_of_a_byte(40) == 40);
    CHECK(length_of_a_byte(41) == 40);
    CHECK(length_of_a_byte(100) == 24 + 72);
    CHECK(length_of_a_byte(40.9) == 40);  // lengths with boosts are cut
    CHECK(length_of_a_byte(1e300) == length_of_a_byte(2147483647));
    CHECK(length_of_a_byte(2147483647) == 24 + (15.0 * (1 << 27)));
}

void test_impacts() {
    const Scoring scoring{Variant::impact, 0.9, 0.4, 0.5, 5.0};
    CHECK(scoring.idf(1000, 3) == 1.0);
    CHECK(scoring.absent_part() == 0.0);
    for (const double tf : {0.0, 1.0, 250.0, 2147483648.0}) CHECK(scoring.tf_part(tf, 77) == tf);
}

void test_absent_part() {
    CHECK(Scoring{Variant::lucene}.absent_part() == 0.0);
    CHECK(Scoring{Variant::bm25plus}.absent_part() == 0.5);
    CHECK(near(Scoring{Variant::bm25l}.absent_part(), 1.9 * 0.5 / 1.4));
    CHECK((Scoring{Variant::bm25l, 0.0, 0.4, 0.0}.absent_part()) == 0.0);
}

}  // namespace

int main() {
    test_idf();
    test_tf_part();
    test_lengths_of_a_byte();
    test_impacts();
    test_absent_part();
    return rocchio::failures();
}
