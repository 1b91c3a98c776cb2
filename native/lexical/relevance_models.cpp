// The relevance model of RM3 (Abdul-Jaleel et al., TREC 2004). src/rocchio/feedback/rm3.py is the plain form
// of the same; sums are added in the same order.

#include <algorithm>

#include "lexical/feedback_reader.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {

/// Makes relevance models for one filter, query after query.
class RelevanceModels {
  public:
    RelevanceModels(const Searcher& searcher, const TermFilter& filter)
        : searcher_(searcher), filter_(filter), reader_(searcher, filter_, false) {}

    const TermFilter& filter() const { return filter_; }
    std::size_t names() const { return reader_.names().size(); }

    /// Appends the model of a query's documents; `scores` are by document of all queries.
    void append(const FeedbackDocuments& documents, std::size_t query, std::span<const double> scores,
                const RelevanceModel& model, WeightedTerms& out) {
        in_order_of_doc_ids(searcher_, documents, query, given_);
        for (const FeedbackDocument& document : given_) {
            reader_.read(document.segment, document.row, accepted_);
            std::ranges::sort(accepted_, {}, &AcceptedTerm::term);
            add(scores[documents.offsets[query] + document.number], model);
        }
        append_heaviest(model.terms, out);
    }

  private:
    /// A term with its weight in the model of a query.
    struct Weighted {
        std::uint32_t name;
        double weight;
    };
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};

    /// Adds what the accepted terms of one document say, which are in the order of their bytes.
    void add(double score, const RelevanceModel& model) {
        if (!(score > 0.0)) return;  // no likelihood
        double norm = 0.0;
        for (const AcceptedTerm& term : accepted_) norm += term.frequency / model.frequency_scale;
        if (norm <= model.least_norm) return;
        place_.resize(names(), kAbsent);
        for (const AcceptedTerm& term : accepted_) {
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

    /// Appends the heaviest terms of the query, and forgets all.
    void append_heaviest(std::size_t most, WeightedTerms& out) {
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

    const Searcher& searcher_;
    const TermFilter filter_;
    FeedbackReader reader_;
    std::vector<FeedbackDocument> given_;
    std::vector<AcceptedTerm> accepted_;  // of one document
    std::vector<std::uint32_t> place_;    // by name: in terms_
    std::vector<Weighted> terms_;         // of one query, added up in the order of doc_ids
};

namespace {

/// What has read more terms than this, some ten MB, is not kept.
constexpr std::size_t kMostKept = std::size_t{1} << 16;

}  // namespace

WeightedTerms Searcher::relevance_models(const FeedbackDocuments& documents, std::span<const double> scores,
                                         const TermFilter& filter, const RelevanceModel& model) const {
    std::shared_ptr<RelevanceModels> models;  // of the call before, which has read many of the same terms
    {
        const std::lock_guard lock(models_mutex_);
        models.swap(models_);
    }
    if (!models || models->filter() != filter) models = std::make_shared<RelevanceModels>(*this, filter);
    WeightedTerms out;
    for (std::size_t query = 0; query + 1 < documents.offsets.size(); ++query) {
        models->append(documents, query, scores, model, out);
    }
    if (models->names() <= kMostKept) {
        const std::lock_guard lock(models_mutex_);
        models_ = std::move(models);
    }
    return out;
}

}  // namespace rocchio::lexical
