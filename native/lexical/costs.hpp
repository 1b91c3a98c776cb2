#pragma once
// What searching one segment costs, in units of adding one posting to a window of sums. Fitted by least squares to
// 24,000 searches of segments that were not in the caches (docs/decisions/0009-block-max-pruning.md); the
// median error is 15 to 20 percent.

#include <cstddef>

namespace rocchio::lexical {

/// What is known of a query and a segment before searching.
struct SearchSize {
    double postings;     // in windows that hold a row that may be returned
    double rows;         // of these windows
    double terms;
    double dense_terms;  // with an array of block maxima
    double entries;      // block maxima of the other terms
};

/// Adding all postings and going over all sums.
inline double exhaustive_cost(const SearchSize& size, std::size_t k) {
    return 3000.0 + size.postings + 0.05 * size.rows + 9.0 * static_cast<double>(k);
}

/// Adding up the maxima of all blocks.
inline double bounds_cost(const SearchSize& size) {
    return (0.005 + 0.007 * size.dense_terms) * size.rows + 0.9 * size.entries;
}

/// Looking all terms up in some blocks.
inline double blocks_cost(double blocks, const SearchSize& size) {
    return blocks * (16.0 + 5.0 * size.terms);
}

}  // namespace rocchio::lexical
