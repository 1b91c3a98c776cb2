#pragma once
// What searching one segment costs, in nanoseconds of the machine that it was fitted on; only ratios count.
// Fitted to searches of 2,000 questions, and 500 queries of thirty terms, in two collections;
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
    return 0.48 * size.postings + (0.044 + 0.0019 * size.terms) * size.rows + 9.4 * static_cast<double>(k);
}

/// Adding up the maxima of all blocks.
inline double bounds_cost(const SearchSize& size) {
    return 350.0 + 70.0 * size.terms + (0.004 + 0.008 * size.dense_terms) * size.rows + 0.73 * size.entries;
}

/// Looking all terms up in some blocks, which mostly are not in the caches, and finding these blocks.
inline double blocks_cost(double blocks, const SearchSize& size) {
    return 260.0 + 130.0 * size.terms + 0.009 * size.rows + blocks * (40.0 + 4.1 * size.terms);
}

/// Blocks that pruning is likely to score: fewer where other segments have shown what it takes to be among
/// the best.
inline double likely_blocks(const SearchSize& size, std::size_t k, bool knows_good) {
    return (knows_good ? 8.7 : 33.0) * std::pow(size.terms, 0.2) * std::pow(static_cast<double>(k), 0.67);
}

/// Of the blocks whose bounds exceed kLeastOfBest of the bound of the k-th best block: the share that is
/// likely to be scored.
inline constexpr double kLeastOfBest = 0.7;

inline double scored_share(const SearchSize& size, std::size_t k, bool knows_good) {
    return knows_good ? 0.8 : 0.12 * std::pow(size.terms, 0.2) * std::cbrt(static_cast<double>(k));
}

/// The same of the blocks whose bounds exceed the cut once the best blocks were scored, as the cut rises.
inline double remaining_share(bool knows_good) {
    return knows_good ? 0.95 : 0.65;
}

}  // namespace rocchio::lexical
