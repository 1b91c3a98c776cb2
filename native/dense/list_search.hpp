#pragma once
// Search through the inverted lists of an index: scan by signs, refine by codes, score from the originals.
//
// Many queries are searched together, list by list: a list comes from memory once for all queries that want
// it, and memory is what a scan waits for. Each query scans its nearest lists first, so that it knows what is
// worth keeping. What a query finds does not depend on the queries beside it.

#include <cstdint>
#include <span>
#include <vector>

#include "dense/distinct_rows.hpp"
#include "dense/list_choice.hpp"
#include "dense/list_reader.hpp"
#include "dense/ranking.hpp"
#include "dense/vector_index.hpp"

namespace rocchio::dense {

class VectorIndex::ListSearch {
  public:
    ListSearch(const VectorIndex& index, const VectorQueries& queries, const Effort& effort);

    /// Searches with some queries, dim values each; results go to `rows` and `scores`, k for each query.
    /// Returns which queries need an exact search, by their numbers.
    std::vector<std::size_t> run(std::span<const float> values, std::int64_t* rows, float* scores);

    /// Places of wanted rows, `wanted` of each query, after each of some numbers of lists:
    /// `VectorIndex::places`.
    void find_places(std::span<const float> values, std::span<const std::uint32_t> wanted,
                     std::span<const std::size_t> probes, std::uint32_t* places);

    const Work& work() const { return work_; }

  private:
    class WantedRows;
    /// What one query has found so far.
    struct Progress {
        SignTables tables;
        std::vector<ScoredList> lists;  // to scan, as `ListChoice::choose` leaves them
        Candidates candidates;
        std::uint64_t met = 0;     // allowed entries among those seen
        std::uint64_t seen = 0;    // entries that were among the best when they were scanned
        bool is_given_up = false;  // to an exact search
    };

    void start(const PreparedQueries& queries);
    void choose_lists(const PreparedQueries& queries);
    void expect_lists(std::size_t count);
    void scan_nearest(std::size_t count);
    void give_up(std::size_t count);
    void scan_by_list(std::size_t count);
    void choose_further_lists(const PreparedQueries& queries, std::size_t query);
    bool settle(const PreparedQueries& queries, std::size_t query);
    bool is_settled(const Progress& progress) const;
    void best_rows(Progress& progress, std::vector<std::uint32_t>& rows);
    void sort_rows(std::span<std::uint32_t> rows);
    void scan_list(Progress& progress, const ScoredList& list, const std::uint8_t* following);
    void scan_blocks(Progress& progress, const ScoredList& list, const BlockRun& run,
                     const std::uint8_t* following);
    std::uint32_t allowed_of(std::uint32_t found, const std::uint32_t* rows) const;
    void write_places(std::span<const CandidateKey> candidates, const WantedRows& wanted,
                      std::uint32_t* places);
    void gather_rows(std::size_t count);
    void multiply_codes(std::span<const std::uint32_t> rows, const std::int8_t* query);
    void refine(const PreparedQueries& queries, std::size_t query);
    void keep_contenders(float slack);
    void score_contenders(const PreparedQueries& queries, std::size_t first, std::size_t last,
                          std::int64_t* rows, float* scores);

    const VectorIndex& index_;
    const VectorQueries& queries_;
    Effort effort_;
    ListReader reader_;
    RowReader row_reader_;
    ListChoice choice_;
    std::size_t leading_;  // lists of each query that are scanned before lists are taken one after another
    Work work_;
    std::vector<Progress> progress_;  // by query
    std::vector<CandidateKey> order_;
    std::vector<std::uint32_t> before_, after_;  // the best rows before and after lists were scanned
    DistinctRows distinct_;
    std::vector<std::uint32_t> rows_;        // to refine, query by query
    std::vector<std::uint32_t> spare_rows_;  // for sorting
    std::vector<std::size_t> row_ends_;
    std::vector<std::int32_t> dots_;
    std::vector<CandidateKey> refined_;
    std::vector<Candidate> contenders_;  // for the best k, query by query
    std::vector<std::size_t> contender_ends_;
    ExactScoring scoring_;
    bool shares_originals_ = false;  // many rows are wanted by several queries: all are scored together
};

}  // namespace rocchio::dense
