#pragma once
// Reads the terms of feedback documents that a filter accepts.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {

struct FeedbackDocument {
    std::uint32_t segment;
    std::uint32_t row;
    std::uint32_t number;     // among the documents of its query as they were given
    std::string_view doc_id;  // where the documents of the query are of several segments
};

/// Fills `out` with the documents of a query in the order of their doc_ids, so that sums over them do not
/// depend on the order in which they are given. Returns whether they are of one segment.
bool in_order_of_doc_ids(const Searcher& searcher, const FeedbackDocuments& documents, std::size_t query,
                         std::vector<FeedbackDocument>& out);

struct AcceptedTerm {
    std::uint32_t term;  // of the segment
    std::uint32_t name;  // the same for the same bytes in all segments, see NamedTerm
    double frequency;    // boosted, above 0
};

/// What is known of the bytes of a term that a filter accepts, apart from how many documents have it.
struct NamedTerm {
    std::string_view text;
    std::uint64_t document_frequency;  // live documents of the collection, if that was asked for
    bool is_accepted;
};

/// A number for each of some keys, in one block of memory: a document asks for tens, most of which are there.
class NumberByKey {
  public:
    /// The number of a key until the next call, and whether it is new; then its value is to be set.
    std::pair<std::uint32_t*, bool> find_or_add(std::uint64_t key);

  private:
    struct Slot {
        std::uint64_t key = kFree;
        std::uint32_t number = 0;
    };
    static constexpr std::uint64_t kFree = ~std::uint64_t{0};

    Slot& slot_of(std::uint64_t key);
    void grow();

    std::vector<Slot> slots_;  // a power of two of them, at most half are used
    std::size_t used_ = 0;
};

/// Reads documents of one searcher; remembers what it has found out about terms, since the queries of a batch
/// share many.
class FeedbackReader {
  public:
    /// `wants_frequencies`: whether document frequencies are read of every accepted term, not only where the
    /// filter depends on them.
    FeedbackReader(const Searcher& searcher, const TermFilter& filter, bool wants_frequencies);

    /// Fills `out` with the accepted terms of a row, in no particular order. Throws Corruption.
    void read(std::uint32_t segment, std::uint32_t row, std::vector<AcceptedTerm>& out);

    /// By name: what was read so far.
    std::span<const NamedTerm> names() const { return names_; }

  private:
    /// A term of one document.
    struct Counted {
        double frequency;
        std::uint32_t rank;
    };

    static constexpr std::uint32_t kRefused = ~std::uint32_t{0};

    void take_most_frequent(std::uint32_t segment, std::vector<AcceptedTerm>& out);
    void take_equal(std::uint32_t segment, std::span<const Counted> equal, double frequency,
                    std::vector<AcceptedTerm>& out);
    void take(std::uint32_t segment, std::uint32_t term, double frequency, std::vector<AcceptedTerm>& out);
    std::uint32_t accepted_name(std::uint32_t segment, std::uint32_t term);
    std::uint32_t name_of(std::string_view text);

    const Searcher& searcher_;
    const TermFilter& filter_;
    std::shared_ptr<const FrequentTerms> frequent_;  // null where frequencies are read instead
    std::vector<std::uint64_t> coded_;
    std::vector<Counted> counted_;
    bool reads_frequencies_;
    std::vector<std::uint32_t> equal_;  // terms of one frequency
    NumberByKey accepted_;              // by segment and term: its name, or kRefused
    NumberByKey names_by_hash_;         // where several segments may have the same bytes
    std::vector<NamedTerm> names_;
};

}  // namespace rocchio::lexical
