// The relevance model of RM3 (Abdul-Jaleel et al., TREC 2004). src/rocchio/feedback/rm3.py is the plain form
// of the same; sums are added in the same order.

#include <algorithm>

#include "lexical/feedback_reader.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

/// A term with its weight in the model of a query.
struct Weighted {
    std::uint32_t name;
    double weight;
};

/// The weights of one query's terms, added up document by document in the order of doc_ids.
class Weights {
  public:
    explicit Weights(const FeedbackReader& reader) : reader_(reader) {}

    /// Adds what one document says: its terms in the order of their bytes, and its score.
    void add(std::span<const AcceptedTerm> terms, double score, const RelevanceModel& model) {
        if (!(score > 0.0)) return;  // no likelihood
        double norm = 0.0;
        for (const AcceptedTerm& term : terms) norm += term.frequency / model.frequency_scale;
        if (norm <= model.least_norm) return;
        place_.resize(reader_.names().size(), kAbsent);
        for (const AcceptedTerm& term : terms) {
            const double weight = term.frequency / model.frequency_scale * (score / norm);
            std::uint32_t& place = place_[term.name];
            if (place == kAbsent) {
                place = static_cast<std::uint32_t>(terms_.size());
                terms_.push_back({term.name, weight});
            } else {
                terms_[place].weight += weight;
            }
        }
    }

    /// Appends the heaviest terms of the query, and begins with the next one.
    void finish_query(std::size_t most, WeightedTerms& out) {
        const auto names = reader_.names();
        for (const Weighted& term : terms_) place_[term.name] = kAbsent;
        const auto end = terms_.begin() + static_cast<std::ptrdiff_t>(std::min(most, terms_.size()));
        std::ranges::partial_sort(terms_, end, [&](const Weighted& a, const Weighted& b) {
            return a.weight != b.weight ? a.weight > b.weight : names[a.name].text < names[b.name].text;
        });
        for (const Weighted& term : std::span(terms_.begin(), end)) {
            if (!(term.weight > 0.0)) break;
            const std::string_view text = names[term.name].text;
            out.bytes.insert(out.bytes.end(), text.begin(), text.end());
            out.term_offsets.push_back(static_cast<std::int64_t>(out.bytes.size()));
            out.weights.push_back(term.weight);
        }
        out.query_terms.push_back(out.weights.size());
        terms_.clear();
    }

  private:
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};

    const FeedbackReader& reader_;
    std::vector<std::uint32_t> place_;  // by name: in terms_
    std::vector<Weighted> terms_;
};

}  // namespace

WeightedTerms Searcher::relevance_models(const FeedbackDocuments& documents, std::span<const double> scores,
                                         const TermFilter& filter, const RelevanceModel& model) const {
    WeightedTerms out;
    FeedbackReader reader(*this, filter, false);
    Weights weights(reader);
    std::vector<FeedbackDocument> given;
    std::vector<AcceptedTerm> accepted;
    for (std::size_t query = 0; query + 1 < documents.offsets.size(); ++query) {
        in_order_of_doc_ids(*this, documents, query, given);
        const auto scores_of_query = scores.subspan(documents.offsets[query]);
        for (const FeedbackDocument& document : given) {
            reader.read(document.segment, document.row, accepted);
            std::ranges::sort(accepted, {}, &AcceptedTerm::term);
            weights.add(accepted, scores_of_query[document.number], model);
        }
        weights.finish_query(model.terms, out);
    }
    return out;
}

}  // namespace rocchio::lexical
