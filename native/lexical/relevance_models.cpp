// The relevance model of RM3 (Abdul-Jaleel et al., TREC 2004). src/rocchio/feedback/rm3.py is the plain form
// of the same; sums are added in the same order.

#include <algorithm>

#include "lexical/feedback_reader.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

/// What one document adds to the weight of a term.
struct Share {
    std::uint32_t term;   // of the segment
    std::uint32_t place;  // of the document in the order of doc_ids
    double weight;
    std::string_view text;
};

void append_shares(std::span<const AcceptedTerm> terms, std::uint32_t place, double score,
                   const RelevanceModel& model, std::vector<Share>& shares) {
    if (!(score > 0.0)) return;  // no likelihood
    double norm = 0.0;
    for (const AcceptedTerm& term : terms) norm += term.frequency / model.frequency_scale;
    if (norm <= model.least_norm) return;
    for (const AcceptedTerm& term : terms) {
        shares.push_back(
            {term.term, place, term.frequency / model.frequency_scale * (score / norm), term.text});
    }
}

bool is_same_term(const Share& a, const Share& b, bool one_segment) {
    return one_segment ? a.term == b.term : a.text == b.text;
}

void sort_by_term(std::span<Share> shares, bool one_segment) {
    std::ranges::sort(shares, [one_segment](const Share& a, const Share& b) {
        if (is_same_term(a, b, one_segment)) return a.place < b.place;
        return one_segment ? a.term < b.term : a.text < b.text;
    });
}

/// Adds the shares of each term up, in place; returns the terms.
std::span<Share> summed(std::span<Share> shares, bool one_segment) {
    std::size_t count = 0;
    for (const Share& share : shares) {
        if (count > 0 && is_same_term(shares[count - 1], share, one_segment)) {
            shares[count - 1].weight += share.weight;
        } else {
            shares[count++] = share;
        }
    }
    return shares.first(count);
}

/// Appends the heaviest of the terms, which are sorted by their bytes.
void append_heaviest(std::span<Share> terms, std::size_t most, WeightedTerms& out) {
    std::ranges::stable_sort(terms, std::ranges::greater(), &Share::weight);
    for (const Share& term : terms.first(std::min(most, terms.size()))) {
        if (!(term.weight > 0.0)) break;
        out.bytes.insert(out.bytes.end(), term.text.begin(), term.text.end());
        out.term_offsets.push_back(static_cast<std::int64_t>(out.bytes.size()));
        out.weights.push_back(term.weight);
    }
    out.query_terms.push_back(out.weights.size());
}

}  // namespace

WeightedTerms Searcher::relevance_models(const FeedbackDocuments& documents, std::span<const double> scores,
                                         const TermFilter& filter, const RelevanceModel& model) const {
    WeightedTerms out;
    FeedbackReader reader(*this, filter, false);
    std::vector<FeedbackDocument> given;
    std::vector<AcceptedTerm> accepted;
    std::vector<Share> shares;
    for (std::size_t query = 0; query + 1 < documents.offsets.size(); ++query) {
        const bool one_segment = in_order_of_doc_ids(*this, documents, query, given);
        const auto scores_of_query = scores.subspan(documents.offsets[query]);
        shares.clear();
        for (std::uint32_t place = 0; place < given.size(); ++place) {
            reader.read(given[place].segment, given[place].row, accepted);
            std::ranges::sort(accepted, {}, &AcceptedTerm::term);
            append_shares(accepted, place, scores_of_query[given[place].number], model, shares);
        }
        sort_by_term(shares, one_segment);
        append_heaviest(summed(shares, one_segment), model.terms, out);
    }
    return out;
}

}  // namespace rocchio::lexical
