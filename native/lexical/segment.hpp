#pragma once
// The inverted index of one immutable segment, read from mapped arrays.
//
// Every text field of a document shares one postings list per term. A posting is (row, code); the code points
// into a table of frequency tuples: how often the term stands in each field. So one list, one byte of
// frequency, serves any number of fields, any boosts and any subset of fields, and a document with title and
// text scores exactly like their concatenation when the boosts are 1 (Robertson, Zaragoza, Taylor, "Simple
// BM25 extension to multiple weighted fields", CIKM 2004).

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/checked_file.hpp"

namespace rocchio::lexical {

/// A code byte of this value says: look the code up in the escape arrays.
inline constexpr std::uint8_t kEscapeCode = 255;

/// Codes of one posting stream: a byte each, and the rare larger ones apart, sorted by position.
struct CodeStream {
    CheckedArray<std::uint8_t> codes;
    CheckedArray<std::uint64_t> escape_positions;
    CheckedArray<std::uint32_t> escape_codes;

    std::uint32_t at(std::size_t position) const;
};

/// The arrays of a segment as they stand on disk (docs/formats/lexical.md).
struct SegmentArrays {
    std::uint32_t row_count = 0;
    std::uint32_t field_count = 0;
    CheckedStrings terms;                          // sorted bytewise
    CheckedArray<std::uint64_t> posting_offsets;   // terms + 1
    CheckedArray<std::uint32_t> posting_rows;      // strictly increasing within a term
    CodeStream posting_codes;                      // parallel to posting_rows
    CheckedArray<std::uint64_t> forward_offsets;   // rows + 1
    CheckedArray<std::uint32_t> forward_terms;     // strictly increasing within a row
    CodeStream forward_codes;                      // parallel to forward_terms
    CheckedArray<std::uint32_t> frequency_tuples;  // codes x fields, row-major
    CheckedArray<std::uint32_t> lengths;           // fields x rows, row-major: tokens
    CheckedStrings doc_ids;                        // by row
    CheckedArray<std::uint32_t> doc_id_order;      // rows sorted bytewise by doc_id
};

/// What deletions take out of a segment: statistics stay exact before compaction.
struct Tombstones {
    std::vector<std::uint8_t> live;              // packed bits by row; empty when nothing is deleted
    std::vector<std::uint32_t> terms;            // terms with deleted postings, increasing
    std::vector<std::uint32_t> document_counts;  // how many deleted documents hold the term
};

/// Postings of one term; validated.
struct PostingList {
    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> codes;

    std::size_t size() const { return rows.size(); }
};

class Segment {
  public:
    Segment(SegmentArrays arrays, Tombstones tombstones);

    std::uint32_t row_count() const { return arrays_.row_count; }
    std::uint32_t field_count() const { return arrays_.field_count; }
    std::size_t term_count() const { return arrays_.terms.size(); }
    std::size_t code_count() const { return arrays_.frequency_tuples.size() / arrays_.field_count; }

    std::optional<std::uint32_t> find_term(std::string_view term) const;
    std::string_view term(std::uint32_t id) const { return arrays_.terms.at(id); }
    /// The row of a document that is not deleted.
    std::optional<std::uint32_t> find_document(std::string_view doc_id) const;
    std::string_view doc_id(std::uint32_t row) const { return arrays_.doc_ids.at(row); }

    /// The list of a term. Its bytes and its order are verified at the first touch.
    PostingList postings(std::uint32_t term) const;

    /// Postings whose document is not deleted.
    std::uint64_t live_document_frequency(std::uint32_t term) const;

    std::uint64_t posting_count(std::uint32_t term) const;
    /// How often the term of a code stands in each field.
    std::span<const std::uint32_t> frequencies(std::uint32_t code) const;

    /// The terms of a document, increasing; `codes` is filled in parallel.
    std::span<const std::uint32_t> forward(std::uint32_t row, std::vector<std::uint32_t>& codes) const;

    std::span<const std::uint32_t> lengths(std::uint32_t field) const;

    /// By row: its place in the order of doc_ids.
    std::vector<std::uint32_t> doc_id_ranks() const;

    std::span<const std::uint8_t> live() const { return tombstones_.live; }
    bool is_live(std::uint32_t row) const;

    /// Checks every structure against its format; throws Corruption naming the place and the reason.
    void validate() const;

  private:
    void check_list(std::uint32_t term, std::uint64_t first, std::uint64_t last) const;
    void check_shape() const;

    SegmentArrays arrays_;
    Tombstones tombstones_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> checked_lists_;  // one bit a term
};

}  // namespace rocchio::lexical
