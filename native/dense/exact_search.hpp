#pragma once
// Exact search over all codes of an index. Every row has an upper bound of its ranking value; rows whose
// upper bound is under the k-th best lower bound cannot be among the best k, the others are scored from the
// originals.

#include <cstdint>
#include <span>
#include <vector>

#include "dense/code_scan.hpp"

namespace rocchio::dense {

class VectorIndex::ExactSearch {
  public:
    /// Some queries that share the reading of codes; results go to `rows` and `scores`, k for each query.
    ExactSearch(const VectorIndex& index, const VectorQueries& queries, std::span<const float> values);

    void run(std::int64_t* rows, float* scores, Work& work);

  private:
    void add(std::size_t query);
    void add_finalists(std::size_t query, std::vector<Candidate>& last);

    const VectorIndex& index_;
    const VectorQueries& queries_;
    CodeScan scan_;
    std::vector<Candidates> lowers_;  // by query: the best lower bounds
    std::vector<std::vector<Candidate>>
        uppers_;  // by query: rows that may be among the best, with upper bounds
};

}  // namespace rocchio::dense
