#include "lexical/scoring.hpp"

#include <algorithm>
#include <cmath>

namespace rocchio::lexical {

double Scoring::idf(std::uint64_t documents, std::uint64_t df) const {
    const auto n = static_cast<double>(documents);
    const auto f = static_cast<double>(df);
    switch (variant) {
        case Variant::robertson:
            return std::log(std::max(1.0, (n - f + 0.5) / (f + 0.5)));
        case Variant::lucene:
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

double Scoring::absent_part() const {
    if (variant == Variant::bm25l) return delta > 0 ? (k1 + 1.0) * delta / (k1 + delta) : 0.0;
    return variant == Variant::bm25plus ? delta : 0.0;
}

}  // namespace rocchio::lexical
