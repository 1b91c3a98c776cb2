#include "lexical/scoring.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace rocchio::lexical {

double Scoring::idf(std::uint64_t documents, std::uint64_t df) const {
    const auto n = static_cast<double>(documents);
    const auto f = static_cast<double>(df);
    switch (variant) {
        case Variant::robertson:
            return std::log(std::max(1.0, (n - f + 0.5) / (f + 0.5)));
        case Variant::lucene:
        case Variant::anserini:
            return std::log(1.0 + (n - f + 0.5) / (f + 0.5));
        case Variant::atire:
            return std::log(n / f);
        case Variant::bm25l:
            return std::log((n + 1.0) / (f + 0.5));
        case Variant::bm25plus:
            return std::log((n + 1.0) / f);
        case Variant::impact:
            return 1.0;
    }
    return 0.0;
}

double length_of_a_byte(double length) {
    constexpr std::uint64_t kExact = 24;  // 255 less the largest code of a float of four bits
    const auto tokens = static_cast<std::uint64_t>(std::min(length, 2147483647.0));
    if (tokens < kExact) return static_cast<double>(tokens);
    const std::uint64_t above = tokens - kExact;
    const int shift = std::max(0, static_cast<int>(std::bit_width(above)) - 4);
    return static_cast<double>(kExact + (above >> shift << shift));
}

double Scoring::absent_part() const {
    if (variant == Variant::bm25l) return delta > 0 ? (k1 + 1.0) * delta / (k1 + delta) : 0.0;
    return variant == Variant::bm25plus ? delta : 0.0;
}

}  // namespace rocchio::lexical
