#include "lexical/searcher.hpp"

#include <algorithm>
#include <stdexcept>

namespace rocchio::lexical {
namespace {

// Upper bounds are sums of float32 products: they need positive weights that neither vanish nor overflow
// there.
bool has_bounds(double weight) {
    return weight > 1e-20 && weight < 1e20;
}

/// The terms of one query, repeated ones merged into their first occurrence: a term said twice weighs double.
class MergedTerms {
  public:
    explicit MergedTerms(std::size_t distinct_terms) : place_(distinct_terms, kAbsent) {}

    void assign(std::span<const std::uint32_t> terms, std::span<const double> weights) {
        for (std::uint32_t term : terms_) place_[term] = kAbsent;
        terms_.clear();
        weights_.clear();
        for (std::size_t i = 0; i < terms.size(); ++i) {
            std::uint32_t& place = place_[terms[i]];
            if (place == kAbsent) {
                place = static_cast<std::uint32_t>(terms_.size());
                terms_.push_back(terms[i]);
                weights_.push_back(weights[i]);
            } else {
                weights_[place] += weights[i];
            }
        }
    }
    std::span<const std::uint32_t> terms() const { return terms_; }
    std::span<const double> weights() const { return weights_; }

  private:
    static constexpr std::uint32_t kAbsent = 0xFFFFFFFFu;

    std::vector<std::uint32_t> place_;  // by distinct term
    std::vector<std::uint32_t> terms_;
    std::vector<double> weights_;
};

}  // namespace

Searcher::Searcher(std::vector<std::shared_ptr<const Segment>> segments, Scoring scoring,
                   std::vector<double> field_weights, std::uint64_t documents,
                   std::span<const std::uint64_t> total_lengths)
    : segments_(std::move(segments)),
      scoring_(scoring),
      field_weights_(std::move(field_weights)),
      documents_(documents),
      all_fields_(std::ranges::all_of(field_weights_, [](double weight) { return weight > 0.0; })),
      caches_(std::make_unique<SegmentCache[]>(segments_.size())) {
    double total = 0.0;
    for (std::size_t f = 0; f < field_weights_.size(); ++f) {
        total += field_weights_[f] * static_cast<double>(total_lengths[f]);
    }
    scoring_.average_length = total > 0.0 && documents > 0 ? total / static_cast<double>(documents) : 1.0;
}

// Boosted lengths and their classes are derived from the segment once, at its first search with this scoring.
void Searcher::prepare(std::size_t index) const {
    SegmentCache& cache = caches_[index];
    std::call_once(cache.once, [&] {
        const Segment& segment = *segments_[index];
        std::vector<double> lengths(segment.row_count(), 0.0);
        for (std::uint32_t f = 0; f < field_weights_.size(); ++f) {
            const auto stored = segment.lengths(f);
            for (std::size_t row = 0; row < lengths.size(); ++row)
                lengths[row] += field_weights_[f] * stored[row];
        }
        cache.lengths = std::move(lengths);
        cache.classes = std::make_unique<LengthClasses>(segment, scoring_, field_weights_, cache.lengths);
    });
}

double Searcher::boosted_length(std::size_t segment, std::uint32_t row) const {
    if (segment >= segments_.size()) throw std::out_of_range("expected a segment of the snapshot");
    const auto all = lengths(segment);
    if (row >= all.size()) throw std::out_of_range("expected a row of the segment");
    return all[row];
}

double Searcher::boosted_frequency(std::size_t segment, std::uint32_t code) const {
    return boosted_sum(segments_.at(segment)->frequencies(code), field_weights_);
}

std::span<const double> Searcher::lengths(std::size_t segment) const {
    prepare(segment);
    return caches_[segment].lengths;
}

// With every field searched, a posting is a match; otherwise its frequencies in the chosen fields decide.
std::uint64_t Searcher::matching_documents(std::size_t index, std::uint32_t term) const {
    const Segment& segment = *segments_[index];
    if (all_fields_) return segment.live_document_frequency(term);
    const PostingList list = segment.postings(term);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto frequencies = segment.frequencies(list.codes[i]);
        bool matches = false;
        for (std::size_t f = 0; f < field_weights_.size(); ++f) {
            matches = matches || (field_weights_[f] > 0.0 && frequencies[f] > 0);
        }
        count += matches && segment.is_live(list.rows[i]) ? 1 : 0;
    }
    return count;
}

Searcher::TermEntry Searcher::resolve(std::string_view term) const {
    TermEntry entry;
    entry.ids.assign(segments_.size(), -1);
    std::uint64_t df = 0;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        const auto id = segments_[s]->find_term(term);
        if (!id) continue;
        entry.ids[s] = *id;
        df += matching_documents(s, *id);
    }
    entry.found = df > 0;
    if (entry.found) entry.idf = scoring_.idf(documents_, df);
    return entry;
}

std::uint64_t Searcher::document_frequency(std::string_view term) const {
    std::uint64_t df = 0;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        if (const auto id = segments_[s]->find_term(term)) df += matching_documents(s, *id);
    }
    return df;
}

void Searcher::keep_best(std::vector<Scored>& hits, std::size_t k) const {
    const auto better = [this](const Scored& a, const Scored& b) {
        return a.score != b.score ? a.score > b.score : doc_id(a) < doc_id(b);
    };
    if (hits.size() > k) {
        std::nth_element(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(k - 1), hits.end(), better);
        hits.resize(k);
    }
    std::sort(hits.begin(), hits.end(), better);
}

void Searcher::search_one(std::span<const TermEntry> entries, std::span<const std::uint32_t> query_terms,
                          std::span<const double> weights, std::size_t k,
                          std::span<const AllowedRows> allowed, Kernel kernel,
                          std::vector<Scored>& hits) const {
    double constant = 0.0;
    bool bounded = true;
    for (std::size_t t = 0; t < query_terms.size(); ++t) {
        const TermEntry& entry = entries[query_terms[t]];
        if (!entry.found) continue;
        constant += weights[t] * entry.idf * scoring_.absent_part();
        bounded = bounded && has_bounds(weights[t] * entry.idf);
    }
    std::vector<SegmentTerm> terms;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        terms.clear();
        for (std::size_t t = 0; t < query_terms.size(); ++t) {
            const TermEntry& entry = entries[query_terms[t]];
            if (!entry.found || entry.ids[s] < 0 || weights[t] == 0.0) continue;
            terms.push_back({static_cast<std::uint32_t>(entry.ids[s]), weights[t] * entry.idf});
        }
        if (terms.empty()) continue;
        const SegmentQuery query{*segments_[s], scoring_, field_weights_,
                                 lengths(s),    terms,    allowed.empty() ? AllowedRows{} : allowed[s],
                                 constant,      k};
        const bool by_bounds = bounded && caches_[s].classes->least_bound() > 1e-15f;
        if (kernel == Kernel::exhaustive || !by_bounds) {
            search_exhaustive(query, static_cast<std::uint32_t>(s), hits);
        } else {
            const float floor = hits.size() >= k ? hits[k - 1].score : 0.0f;
            search_windowed(query, *caches_[s].classes, static_cast<std::uint32_t>(s), floor, hits);
        }
        keep_best(hits, k);
    }
}

BatchResult Searcher::search(std::span<const std::string_view> distinct_terms, const QueryBatch& batch,
                             std::size_t k, std::span<const AllowedRows> allowed, Kernel kernel) const {
    std::vector<TermEntry> entries;
    entries.reserve(distinct_terms.size());
    for (std::string_view term : distinct_terms) entries.push_back(resolve(term));
    BatchResult result;
    std::vector<Scored> hits;
    MergedTerms query(distinct_terms.size());
    for (std::size_t q = 0; q + 1 < batch.offsets.size(); ++q) {
        hits.clear();
        const auto first = batch.offsets[q];
        const auto count = batch.offsets[q + 1] - first;
        query.assign(batch.terms.subspan(first, count), batch.weights.subspan(first, count));
        search_one(entries, query.terms(), query.weights(), k, allowed, kernel, hits);
        result.hits.insert(result.hits.end(), hits.begin(), hits.end());
        result.offsets.push_back(result.hits.size());
    }
    return result;
}

}  // namespace rocchio::lexical
