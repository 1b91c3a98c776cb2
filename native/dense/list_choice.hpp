#pragma once
// Which lists a query looks into: those in which its best rows are likely.
//
// A list's nearness is what its rows' ranking values are on average, and as much more as its best rows stand
// out: of two lists whose centroids are equally near, the one with the larger radius has the nearer rows.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dense/vector_index.hpp"

namespace rocchio::dense {

class VectorIndex::ListChoice {
  public:
    explicit ListChoice(const VectorIndex& index) : index_(index), nearness_(index.lists()) {}

    /// Calls `use` for each query with its number and its products with the centroids, as codes.
    template <typename Use>
    void for_each(const PreparedQueries& queries, Use use);

    /// Writes the `count` nearest lists of a query, at least one and at most all; the first `ordered` of them
    /// are the nearest ones, in order.
    void choose(const PreparedQueries& queries, std::size_t query, const std::int32_t* centroid_dots,
                std::size_t count, std::size_t ordered, std::vector<ScoredList>& lists);

  private:
    /// Queries whose products with centroids are computed together, and how many centroids stay in the first
    /// cache.
    static constexpr std::size_t kCentroidQueries = 64, kCentroidTile = 64;

    float some_reach(std::size_t count);
    void collect(float threshold);

    const VectorIndex& index_;
    std::vector<std::int32_t> dots_;
    std::vector<float> nearness_;  // of each list
    std::vector<float> maxima_;    // of groups of them
    std::vector<CandidateKey> keys_;
};

template <typename Use>
void VectorIndex::ListChoice::for_each(const PreparedQueries& queries, Use use) {
    const std::size_t lists = index_.lists(), width = queries.width();
    dots_.resize(std::min(kCentroidQueries, queries.size()) * lists);
    for (std::size_t first = 0; first < queries.size(); first += kCentroidQueries) {
        const std::size_t count = std::min(kCentroidQueries, queries.size() - first);
        for (std::size_t list = 0; list < lists; list += kCentroidTile) {
            kernels::vector_kernels().dot_tile(index_.centroid_codes_.data() + list * width, width,
                                               std::min(kCentroidTile, lists - list), queries.codes(first),
                                               count, dots_.data() + list, lists);
        }
        for (std::size_t query = first; query < first + count; ++query)
            use(query, dots_.data() + (query - first) * lists);
    }
}

}  // namespace rocchio::dense
