#pragma once
// The inverted index of one immutable segment, read from mapped arrays.
//
// Every text field of a document shares one postings list per term. A posting is (row, code); the code points
// into a table of frequency tuples: how often the term stands in each field. So one list, a bit or two of
// frequency, serves any number of fields, any boosts and any subset of fields, and a document with title and
// text scores exactly like their concatenation when the boosts are 1 (Robertson, Zaragoza, Taylor, "Simple
// BM25 extension to multiple weighted fields", CIKM 2004).

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/checked_file.hpp"
#include "codecs/checked_strings.hpp"
#include "codecs/elias_fano.hpp"
#include "codecs/packed.hpp"
#include "lexical/posting_codec.hpp"

namespace rocchio::lexical {

/// The arrays of a segment as they stand on disk (docs/formats/lexical.md).
struct SegmentArrays {
    std::uint32_t row_count = 0;
    std::uint32_t field_count = 0;
    codecs::CheckedStrings terms;                  // sorted bytewise
    CheckedArray<std::uint8_t> term_order;         // packed: the term of each rank
    codecs::EliasFano posting_counts;              // terms + 1: postings before each term
    codecs::EliasFano posting_offsets;             // terms + 1: where lists begin
    CheckedArray<std::uint8_t> posting_lists;      // see posting_codec.hpp
    codecs::EliasFano forward_offsets;             // rows + 1: where rows begin
    CheckedArray<std::uint8_t> forward_rows;       // see forward_codec.hpp
    CheckedArray<std::uint32_t> frequency_tuples;  // codes x fields, row-major
    CheckedArray<std::uint8_t> lengths;            // packed, one sequence a field: tokens by row
    codecs::CheckedStrings doc_ids;                // by row
    CheckedArray<std::uint8_t> doc_id_order;       // packed: rows sorted bytewise by doc_id
};

/// What deletions take out of a segment: statistics stay exact before compaction.
struct Tombstones {
    std::vector<std::uint8_t> live;              // packed bits by row; empty when nothing is deleted
    std::vector<std::uint32_t> terms;            // terms with deleted postings, increasing
    std::vector<std::uint32_t> document_counts;  // how many deleted documents hold the term
    bool counted = true;                         // whether terms and counts say so; if not, lists are read
};

class Segment {
  public:
    Segment(SegmentArrays arrays, Tombstones tombstones);

    /// The same segment with no live rows but those of a bitmap: what one tenant sees of it.
    Segment restricted(std::vector<std::uint8_t> live) const;

    std::uint32_t row_count() const { return arrays_.row_count; }
    std::uint32_t field_count() const { return arrays_.field_count; }
    std::size_t term_count() const { return arrays_.terms.size(); }
    std::size_t code_count() const { return arrays_.frequency_tuples.size() / arrays_.field_count; }

    std::optional<std::uint32_t> find_term(std::string_view term) const;
    std::string_view term(std::uint32_t id) const { return arrays_.terms.at(id); }
    /// The row of a document that is not deleted.
    std::optional<std::uint32_t> find_document(std::string_view doc_id) const;
    std::string_view doc_id(std::uint32_t row) const { return arrays_.doc_ids.at(row); }

    /// The list of a term, decoded and checked anew at each call.
    PostingList postings(std::uint32_t term) const;

    /// The same; of a restricted segment only what is live.
    PostingList postings_to_search(std::uint32_t term) const;

    /// The frequency code of one posting, or nothing when the document does not hold the term. Reads a block
    /// of the list.
    std::optional<std::uint32_t> find_code(std::uint32_t term, std::uint32_t row) const;

    /// Postings of a term, deleted documents included, without reading its list.
    std::uint64_t posting_count(std::uint32_t term) const;

    /// Postings of all terms.
    std::uint64_t posting_count() const { return arrays_.posting_counts.largest(); }

    /// Whether deletions are counted by term, so that frequencies are known without reading lists.
    bool has_counts() const { return tombstones_.counted; }

    /// Postings whose document is not deleted.
    std::uint64_t live_document_frequency(std::uint32_t term) const;

    /// How often the term of a code stands in each field.
    std::span<const std::uint32_t> frequencies(std::uint32_t code) const;

    /// The terms of a document, increasing; `codes` is filled in parallel.
    std::vector<std::uint32_t> forward(std::uint32_t row, std::vector<std::uint32_t>& codes) const;

    /// The same as coded terms (see Coded) in the order on disk, the most frequent term first.
    void forward_by_rank(std::uint32_t row, std::vector<std::uint64_t>& coded) const;

    /// The same as coded ranks, below term_count().
    void forward_ranks(std::uint32_t row, std::vector<std::uint64_t>& coded) const;

    /// The term with the rank-th longest list, counted from 0. Throws Corruption.
    std::uint32_t term_of_rank(std::size_t rank) const;

    /// Tokens of one row in a field.
    std::uint32_t length(std::uint32_t field, std::uint32_t row) const { return lengths_[field].at(row); }

    /// Tokens of each row in a field.
    std::vector<std::uint32_t> lengths(std::uint32_t field) const;

    /// The rows sorted bytewise by doc_id, as they stand on disk.
    std::vector<std::uint32_t> doc_id_order() const { return doc_id_order_.all(); }

    /// By row: its place in the order of doc_ids.
    std::vector<std::uint32_t> doc_id_ranks() const;

    std::span<const std::uint8_t> live() const { return tombstones_.live; }
    bool is_live(std::uint32_t row) const;

    /// Checks every structure against its format; throws Corruption naming the place and the reason.
    void validate() const;

  private:
    EncodedPostings encoded_postings(std::uint32_t term) const;
    void check_shape() const;
    void check_terms() const;
    void check_ranks() const;
    std::vector<std::uint64_t> row_fingerprints() const;

    SegmentArrays arrays_;
    Tombstones tombstones_;
    codecs::Packed term_order_;
    std::vector<codecs::Packed> lengths_;  // by field
    codecs::Packed doc_id_order_;
};

}  // namespace rocchio::lexical
