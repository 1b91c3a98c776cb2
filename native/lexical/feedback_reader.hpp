#pragma once
// Reads the terms of feedback documents that a filter accepts.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {

struct FeedbackDocument {
    std::uint32_t segment;
    std::uint32_t row;
    std::uint32_t number;  // among the documents of its query as they were given
    std::string_view doc_id;
};

/// Fills `out` with the documents of a query in the order of their doc_ids, so that sums over them do not
/// depend on the order in which they are given. Returns whether they are of one segment.
bool in_order_of_doc_ids(const Searcher& searcher, const FeedbackDocuments& documents, std::size_t query,
                         std::vector<FeedbackDocument>& out);

struct AcceptedTerm {
    std::uint32_t term;                // of the segment
    double frequency;                  // boosted, above 0
    std::uint64_t document_frequency;  // live documents of the collection, if that was asked for
    std::string_view text;
};

/// Whether a filter accepts a term, and what is known of it.
struct Verdict {
    std::string_view text;
    std::uint64_t document_frequency = 0;
    bool is_accepted = false;
};

/// Verdicts by key, in one block of memory: a document asks for tens of them, most of which are there.
class Verdicts {
  public:
    /// The verdict of a key until the next call, and whether it is new.
    std::pair<Verdict*, bool> find_or_add(std::uint64_t key);

  private:
    struct Slot {
        std::uint64_t key = 0;
        bool is_used = false;
        Verdict verdict;
    };
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

  private:
    /// A term of one document.
    struct Counted {
        double frequency;
        std::uint32_t rank;
    };

    void take_most_frequent(std::uint32_t segment, std::vector<AcceptedTerm>& out);
    void take(std::uint32_t segment, std::uint32_t term, double frequency, std::vector<AcceptedTerm>& out);
    const Verdict& verdict_on(std::uint32_t segment, std::uint32_t term);

    const Searcher& searcher_;
    const TermFilter& filter_;
    std::vector<std::size_t> refused_ranks_;  // by segment: the first ranks, of terms too many documents have
    std::vector<std::uint64_t> coded_;
    std::vector<Counted> counted_;
    bool reads_frequencies_;
    std::vector<std::uint32_t> equal_;  // terms of one frequency
    Verdicts verdicts_;                 // by segment and term
};

}  // namespace rocchio::lexical
