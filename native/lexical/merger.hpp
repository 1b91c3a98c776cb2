#pragma once
// Merges segments into one without touching text: dictionaries are united, deleted rows drop out, lists are
// concatenated. Output comes in ranges, so memory is bounded by dictionary and rows, not by postings.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lexical/builder.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

class Merger {
  public:
    /// Rows keep their order: all live rows of the first segment, then of the second, and so on.
    explicit Merger(std::vector<std::shared_ptr<const Segment>> segments);

    std::uint32_t row_count() const { return row_count_; }
    std::size_t term_count() const { return term_offsets_.size() - 1; }
    const std::vector<std::uint8_t>& term_bytes() const { return term_bytes_; }
    const std::vector<std::uint64_t>& term_offsets() const { return term_offsets_; }
    const std::vector<std::uint64_t>& posting_offsets() const { return posting_offsets_; }
    const std::vector<std::uint64_t>& forward_offsets() const { return forward_offsets_; }
    const std::vector<std::uint32_t>& frequency_tuples() const { return frequency_tuples_; }

    /// Lists of the terms [first, last).
    std::vector<std::uint32_t> posting_rows(std::size_t first, std::size_t last) const;
    EncodedCodes posting_codes(std::size_t first, std::size_t last) const;

    /// Forward entries of the new rows [first, last).
    std::vector<std::uint32_t> forward_terms(std::uint32_t first, std::uint32_t last) const;
    EncodedCodes forward_codes(std::uint32_t first, std::uint32_t last) const;

    std::vector<std::uint32_t> lengths(std::uint32_t field) const;

  private:
    struct Source {
        std::uint32_t segment;
        std::uint32_t term;
    };
    struct OldRow {
        std::uint32_t segment;
        std::uint32_t row;
    };

    void number_rows();
    void unite_dictionaries();
    void unite_frequencies();
    template <typename Visit>
    void for_each_posting(std::size_t first, std::size_t last, Visit&& visit) const;

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
    std::vector<std::uint64_t> posting_offsets_{0};
    std::vector<std::uint64_t> forward_offsets_{0};
    std::vector<std::uint32_t> frequency_tuples_;
};

}  // namespace rocchio::lexical
