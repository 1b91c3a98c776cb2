#pragma once
// What searching one segment costs, in units of adding one posting to a window of sums (about half a
// nanosecond). Fitted to searches of 2,000 questions in two collections;
// docs/decisions/0009-block-max-pruning.md has the numbers.

#include <cmath>
#include <cstddef>

namespace rocchio::lexical {

/// What is known of a query and a segment before searching.
struct SearchSize {
    double postings;  // in windows that hold a row that may be returned
    double rows;      // of these windows
    double terms;
    double dense_terms;  // with an array of block maxima
    double entries;      // block maxima of the other terms
};

/// Adding all postings, window by window and term by term, and going over all sums.
inline double exhaustive_cost(const SearchSize& size, std::size_t k) {
    return 3000.0 + size.postings + (0.04 + 0.005 * size.terms) * size.rows + 20.0 * static_cast<double>(k);
}

/// Adding up the maxima of all blocks.
inline double bounds_cost(const SearchSize& size) {
    return (0.005 + 0.016 * size.dense_terms) * size.rows + 1.8 * size.entries;
}

/// Looking all terms up in some blocks, which mostly are not in the caches.
inline double blocks_cost(double blocks, const SearchSize& size) {
    return blocks * (80.0 + 6.0 * size.terms);
}

/// Blocks that pruning is likely to score: fewer where other segments have shown what it takes to be among
/// the best.
inline double likely_blocks(std::size_t k, bool knows_good) {
    return (knows_good ? 18.0 : 45.0) * std::pow(static_cast<double>(k), 0.7);
}

}  // namespace rocchio::lexical
