#pragma once
// Turns batches of term ids into the arrays of a segment.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lexical/frequency_table.hpp"

namespace rocchio::lexical {

/// Items of various sizes, encoded one after the other: item i is bytes [offsets[i], offsets[i + 1]).
struct EncodedItems {
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint64_t> offsets{0};

    /// What was appended to `bytes` since the last call is an item.
    void end_item() { offsets.push_back(bytes.size()); }
};

/// Everything a segment's lexical file holds, in memory (see SegmentArrays); numbers are not yet packed.
struct BuiltSegment {
    std::vector<std::uint8_t> term_bytes;
    std::vector<std::uint64_t> term_offsets{0};
    std::vector<std::uint32_t> term_order;
    std::vector<std::uint64_t> posting_counts{0};
    EncodedItems postings;
    EncodedItems forward;
    std::vector<std::uint32_t> frequency_tuples;
    std::vector<std::vector<std::uint32_t>> lengths;  // by field
};

/// Terms of one field for a batch of documents: document d has ids [offsets[d], offsets[d+1]).
struct FieldTerms {
    std::span<const std::uint32_t> ids;
    std::span<const std::int64_t> offsets;
};

class SegmentBuilder {
  public:
    explicit SegmentBuilder(std::size_t field_count);

    /// Adds the documents of a batch; `fields` has one entry per field, all with the same number of
    /// documents. Term ids are those of one token table and must be below `term_limit`. Throws
    /// std::invalid_argument.
    void add(std::span<const FieldTerms> fields, std::size_t term_limit);

    /// Adds documents of weighted terms to a builder of one field: an impact of at least 1 for each id stands
    /// in for its frequency. Impacts of a term that stands twice in a document are added up. Throws
    /// std::invalid_argument, also where a document's impacts add up to 2^32 or more, before anything is
    /// added.
    void add_impacts(const FieldTerms& terms, std::span<const std::uint32_t> impacts, std::size_t term_limit);

    std::size_t row_count() const { return offsets_.size() - 1; }
    std::size_t posting_count() const { return terms_.size(); }
    std::size_t memory_bytes() const;

    /// The finished segment; `term_strings` by term id of the token table. Leaves the builder empty.
    BuiltSegment finish(std::span<const std::string_view> term_strings);

  private:
    struct Slot {
        std::uint32_t row_stamp = 0;  // row + 1 for which `index` holds
        std::uint32_t index = 0;
    };

    void make_room(std::size_t documents, std::size_t term_limit);
    void begin_document();
    void count(std::uint32_t term, std::size_t field, std::uint32_t frequency);
    void end_document();
    std::vector<std::uint32_t> sort_terms(std::span<const std::string_view> term_strings,
                                          BuiltSegment& built) const;
    void relabel(std::span<const std::uint32_t> new_id, std::span<const std::uint32_t> rank);
    void encode_forward(BuiltSegment& built) const;
    void encode_lists(BuiltSegment& built);

    std::size_t field_count_;
    FrequencyTable frequencies_;
    std::uint32_t row_stamp_ = 0;                 // of the current document
    std::vector<Slot> slots_;                     // by term id
    std::vector<std::uint32_t> document_terms_;   // distinct terms of the current document
    std::vector<std::uint32_t> document_counts_;  // [term][field]
    std::vector<std::uint64_t> offsets_{0};
    std::vector<std::uint32_t> terms_;  // forward index in insertion order
    std::vector<std::uint32_t> codes_;
    std::vector<std::vector<std::uint32_t>> lengths_;  // by field
};

}  // namespace rocchio::lexical
