#pragma once
// BM25 in five variants, as written down by Kamphuis et al., "Which BM25 Do You Mean?" (ECIR 2020), and Lù,
// "BM25S" (2024). score(t, d) = idf(t) * tf_part(tf, length). And impacts: frequencies that are weights
// already, which a model has learned, so that idf is 1 and the term-frequency part is tf itself.

#include <cstdint>
#include <string_view>

namespace rocchio::lexical {

/// `anserini` is `lucene` with lengths as Lucene's index keeps them, in a byte ("Lucene (default)" of the
/// table).
enum class Variant : std::uint8_t { robertson, lucene, atire, bm25l, bm25plus, impact, anserini };

/// A length as it comes back from a byte of Lucene's SmallFloat: exact below 40, then four significant bits
/// of what is above 24, rounded down.
double length_of_a_byte(double length);

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
            case Variant::anserini:
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

    double length_norm(double length) const {
        const double kept = variant == Variant::anserini ? length_of_a_byte(length) : length;
        return 1.0 - b + b * (kept / average_length);
    }
};

}  // namespace rocchio::lexical
