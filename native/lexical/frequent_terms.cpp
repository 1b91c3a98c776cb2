#include "lexical/frequent_terms.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

/// More are not looked for ahead: few of them would ever be met.
constexpr std::size_t kMostFrequent = 1024;

/// How many of a segment's first ranks are of terms that more than `documents` of its documents have, deleted
/// ones included.
std::size_t ranks_above(const Segment& segment, std::uint64_t documents) {
    std::size_t low = 0;
    std::size_t high = segment.term_count();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (segment.posting_count(segment.term_of_rank(middle)) > documents) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

}  // namespace

std::shared_ptr<const FrequentTerms> Searcher::frequent_terms(std::uint64_t most_documents) const {
    return frequent_.get(most_documents, [&] { return find_frequent_terms(most_documents); });
}

std::shared_ptr<const FrequentTerms> Searcher::find_frequent_terms(std::uint64_t most_documents) const {
    auto found = std::make_shared<FrequentTerms>();
    found->first_ranks.resize(segments_.size());
    found->others.resize(segments_.size());
    std::uint64_t rows = 0;
    for (const auto& segment : segments_) rows += segment->row_count();
    if (most_documents >= rows) return found;
    if (!frequencies_are_counted()) return nullptr;

    // A term that is too frequent in all is so in one of the segments at least, for its share of the rows.
    std::vector<std::size_t> ranks;
    std::size_t candidates = 0;
    for (const auto& segment : segments_) {
        ranks.push_back(ranks_above(*segment, most_documents * segment->row_count() / rows));
        candidates += ranks.back();
    }
    if (candidates > kMostFrequent) return nullptr;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        for (std::size_t rank = 0; rank < ranks[s]; ++rank) {
            const std::uint32_t id = segments_[s]->term_of_rank(rank);
            const std::string_view term = segments_[s]->term(id);
            if (feedback_frequency(*segments_[s], id, term) > most_documents) note_frequent(term, *found);
        }
    }
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        auto& terms = found->others[s];
        std::ranges::sort(terms);
        terms.erase(std::ranges::unique(terms).begin(), terms.end());
        std::uint32_t& first = found->first_ranks[s];
        while (first < ranks[s] && found->has(s, segments_[s]->term_of_rank(first))) ++first;
    }
    return found;
}

void Searcher::note_frequent(std::string_view term, FrequentTerms& found) const {
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        if (const auto id = segments_[s]->find_term(term)) found.others[s].push_back(*id);
    }
}

bool Searcher::frequencies_are_counted() const {
    return tombstones_count_ && std::ranges::all_of(segments_, &Segment::has_counts);
}

std::uint64_t Searcher::feedback_frequency(const Segment& from, std::uint32_t id,
                                           std::string_view term) const {
    // of some fields only, or of impacts: tombstones do not have the count
    if (!tombstones_count_) return document_frequency(term);
    std::uint64_t documents = 0;
    for (const auto& segment : segments_) {
        const auto found = segment.get() == &from ? std::optional(id) : segment->find_term(term);
        if (found) documents += segment->live_document_frequency(*found);
    }
    return documents;
}

}  // namespace rocchio::lexical
