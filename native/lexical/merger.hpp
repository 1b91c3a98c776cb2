#pragma once
// Merges segments into one without touching text: dictionaries are united, deleted rows drop out, lists are
// concatenated, and put in order where rows are. Output comes in ranges, so memory is bounded by dictionary
// and rows, not by postings.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lexical/builder.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

/// A row of one of the segments that are merged.
struct OldRow {
    std::uint32_t segment;
    std::uint32_t row;
};

class Merger {
  public:
    /// Rows keep their order: all live rows of the first segment, then of the second, and so on.
    explicit Merger(std::vector<std::shared_ptr<const Segment>> segments);

    /// Rows come in the order given, which has every live row once; an empty one is that of the segments.
    Merger(std::vector<std::shared_ptr<const Segment>> segments, std::vector<OldRow> order);

    std::uint32_t row_count() const { return row_count_; }
    std::size_t term_count() const { return term_offsets_.size() - 1; }
    const std::vector<std::uint8_t>& term_bytes() const { return term_bytes_; }
    const std::vector<std::uint64_t>& term_offsets() const { return term_offsets_; }
    const std::vector<std::uint32_t>& term_order() const { return term_order_; }
    /// Postings before each term, and before each new row; their number at the end.
    const std::vector<std::uint64_t>& posting_counts() const { return posting_counts_; }
    const std::vector<std::uint64_t>& forward_counts() const { return forward_counts_; }
    const std::vector<std::uint32_t>& frequency_tuples() const { return frequency_tuples_; }

    /// Lists of the terms [first, last).
    EncodedItems postings(std::size_t first, std::size_t last) const;

    /// Forward entries of the new rows [first, last).
    EncodedItems forward(std::uint32_t first, std::uint32_t last) const;

    std::vector<std::uint32_t> lengths(std::uint32_t field) const;

  private:
    struct Source {
        std::uint32_t segment;
        std::uint32_t term;
    };
    std::vector<OldRow> live_rows() const;
    void number_rows();
    void unite_dictionaries();
    void unite_frequencies();
    PostingList merged_list(std::size_t term) const;

    static constexpr std::uint32_t kDropped = 0xFFFFFFFFu;

    std::vector<std::shared_ptr<const Segment>> segments_;
    std::uint32_t row_count_ = 0;
    std::vector<std::vector<std::uint32_t>> new_rows_;   // by segment: old row -> new row or kDropped
    std::vector<OldRow> old_rows_;                       // by new row
    std::vector<std::vector<std::uint32_t>> new_terms_;  // by segment: old term -> new term or kDropped
    std::vector<std::vector<std::uint32_t>> new_codes_;  // by segment: old code -> new code
    std::vector<Source> sources_;                        // lists of a new term, in segment order
    std::vector<std::uint64_t> source_offsets_{0};
    std::vector<std::uint8_t> term_bytes_;
    std::vector<std::uint64_t> term_offsets_{0};
    std::vector<std::uint64_t> posting_counts_{0};
    std::vector<std::uint32_t> term_order_;
    std::vector<std::uint32_t> rank_of_term_;
    std::vector<std::uint64_t> forward_counts_{0};
    std::vector<std::uint32_t> frequency_tuples_;
};

}  // namespace rocchio::lexical
