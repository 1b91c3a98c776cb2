#pragma once
// BM25 in five variants, as written down by Kamphuis et al., "Which BM25 Do You Mean?" (ECIR 2020), and Lù,
// "BM25S" (2024). score(t, d) = idf(t) * tf_part(tf, length). And impacts: frequencies that are weights
// already, which a model has learned, so that idf is 1 and the term-frequency part is tf itself.

#include <cstdint>
#include <string_view>

namespace rocchio::lexical {

enum class Variant : std::uint8_t { robertson, lucene, atire, bm25l, bm25plus, impact };

/// Parameters of BM25 plus the one statistic that the term-frequency part needs.
struct Scoring {
    Variant variant = Variant::lucene;
    double k1 = 0.9;
    double b = 0.4;
    double delta = 0.5;
    double average_length = 1.0;

    /// Inverse document frequency of a term in `df` of `documents` documents.
    double idf(std::uint64_t documents, std::uint64_t df) const;

    /// The term-frequency part, less its value at tf = 0, so that an absent term adds nothing. It grows with
    /// tf and falls with length. `tf` and `length` may be fractional (boosted fields).
    double tf_part(double tf, double length) const { return tf_part_of_norm(tf, length_norm(length)); }

    /// The same, of length_norm(length).
    double tf_part_of_norm(double tf, double norm) const {
        switch (variant) {
            case Variant::robertson:
            case Variant::lucene:
                return tf / (k1 * norm + tf);
            case Variant::atire:
            case Variant::bm25plus:
                return (k1 + 1.0) * tf / (k1 * norm + tf);
            case Variant::bm25l: {
                // (k1 + 1) * ((c + delta) / (k1 + c + delta) - delta / (k1 + delta)), without the
                // cancellation
                const double c = tf / norm;
                if (delta == 0.0) return (k1 + 1.0) * c / (k1 + c);
                return (k1 + 1.0) * k1 * c / ((k1 + c + delta) * (k1 + delta));
            }
            case Variant::impact:
                return tf;
        }
        return 0.0;
    }

    /// What tf_part leaves out: the value at tf = 0, which BM25L and BM25+ give to every document.
    double absent_part() const;

    double length_norm(double length) const { return 1.0 - b + b * (length / average_length); }
};

}  // namespace rocchio::lexical
