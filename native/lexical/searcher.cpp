#include "lexical/searcher.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/threads.hpp"
#include "lexical/best.hpp"

namespace rocchio::lexical {
namespace {

/// What the weights of a query allow, from most to least.
enum class Bounds : std::uint8_t { positive, any_sign, none };

/// Integer bounds need weights whose sums neither vanish nor overflow.
Bounds bounds_of(double weight) {
    const double size = std::abs(weight);
    if (size >= 1e200 || (size > 0.0 && size <= 1e-200)) return Bounds::none;
    return weight > 0.0 ? Bounds::positive : Bounds::any_sign;
}

Bounds bounds_of_count(std::size_t terms) {
    return terms <= FixedPoint::kMostPositive ? Bounds::positive
           : terms <= kMostWideTerms          ? Bounds::any_sign
                                              : Bounds::none;
}

constexpr float kNoFloor = -std::numeric_limits<float>::infinity();

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
                   std::span<const std::uint64_t> total_lengths, std::size_t memory_bytes,
                   std::vector<std::shared_ptr<const FrozenColumns>> frozen)
    : segments_(std::move(segments)),
      scoring_(scoring),
      field_weights_(std::move(field_weights)),
      documents_(documents),
      tombstones_count_(scoring.variant != Variant::impact &&
                        std::ranges::all_of(field_weights_, [](double weight) { return weight > 0.0; })),
      frozen_(std::move(frozen)),
      order_(segments_),
      terms_(memory_bytes),
      prepared_(std::make_unique<Prepared[]>(segments_.size())) {
    double total = 0.0;
    for (std::size_t f = 0; f < field_weights_.size(); ++f) {
        total += field_weights_[f] * static_cast<double>(total_lengths[f]);
    }
    scoring_.average_length = total > 0.0 && documents > 0 ? total / static_cast<double>(documents) : 1.0;
    frozen_.resize(segments_.size());
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        try {
            if (frozen_[s] && !frozen_[s]->fits(*segments_[s], scoring_, field_weights_))
                frozen_[s] = nullptr;
        } catch (const Corruption&) {  // `verify` reports it
            frozen_[s] = nullptr;
        }
    }
}

const SegmentScoring& Searcher::prepared(std::size_t index) const {
    Prepared& prepared = prepared_[index];
    std::call_once(prepared.once, [&] {
        prepared.scoring =
            std::make_unique<const SegmentScoring>(*segments_[index], scoring_, field_weights_);
    });
    return *prepared.scoring;
}

double Searcher::boosted_length(std::size_t segment, std::uint32_t row) const {
    if (segment >= segments_.size()) throw std::out_of_range("expected a segment of the snapshot");
    if (row >= row_count(segment)) throw std::out_of_range("expected a row of the segment");
    double length = 0.0;
    for (std::uint32_t f = 0; f < field_weights_.size(); ++f) {
        length += field_weights_[f] * segments_[segment]->length(f, row);
    }
    return length;
}

double Searcher::boosted_frequency(std::size_t segment, std::uint32_t code) const {
    return boosted_sum(segments_.at(segment)->frequencies(code), field_weights_);
}

std::unique_ptr<const Column> Searcher::frozen_column(std::size_t segment, std::uint32_t term) const {
    if (!frozen_[segment]) return nullptr;
    try {
        return frozen_[segment]->find(*segments_[segment], term);
    } catch (const Corruption&) {  // the postings are the truth; `verify` reports the damage
        return nullptr;
    }
}

std::vector<double> Searcher::column_identity(std::size_t segment) const {
    return lexical::column_identity(*segments_.at(segment), scoring_, field_weights_);
}

EncodedColumns Searcher::freeze(std::size_t segment, std::size_t first, std::size_t enough) const {
    const Segment& from = *segments_.at(segment);
    EncodedColumns columns;
    Arena memory;
    for (std::size_t rank = first; rank < from.term_count() && columns.bytes.size() < enough; ++rank) {
        const std::uint32_t term = from.term_of_rank(rank);
        if (from.posting_count(term) < kLeastFrozen) break;
        columns.terms.push_back(term);
        columns.begins.push_back(columns.bytes.size());
        const Column column(from.postings(term), prepared(segment).for_columns(), memory);
        encode_column(column.arrays(), from.row_count(), columns.bytes);
    }
    return columns;
}

std::shared_ptr<const Term> Searcher::resolve(std::string_view term) const {
    if (auto known = terms_.find(term)) return known;
    auto made = std::make_shared<Term>();
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
        const auto id = segments_[s]->find_term(term);
        if (!id) continue;
        auto column = frozen_column(s, *id);
        if (!column) {
            const PostingList list = segments_[s]->postings_to_search(*id);
            if (list.size() == 0) continue;
            column = std::make_unique<const Column>(list, prepared(s).for_columns(), columns_);
        }
        // With every text field searched, each posting is a match, and the tombstones have the count. Those
        // of impacts are not on disk.
        made->document_frequency += tombstones_count_ && segments_[s]->has_counts()
                                        ? segments_[s]->live_document_frequency(*id)
                                        : column->live_size(segments_[s]->live());
        made->segments.push_back({s, *id, std::move(column)});
    }
    if (made->document_frequency > 0) made->idf = scoring_.idf(documents_, made->document_frequency);
    return terms_.keep(term, std::move(made));
}

std::uint64_t Searcher::document_frequency(std::string_view term) const {
    return resolve(term)->document_frequency;
}

std::vector<std::uint8_t> Searcher::mask(std::size_t index, AllowedRows allowed) const {
    const AllowedRows live = segments_[index]->live();
    std::vector<std::uint8_t> both(allowed.begin(), allowed.end());
    if (both.empty()) return {live.begin(), live.end()};
    for (std::size_t i = 0; i < live.size(); ++i) both[i] = static_cast<std::uint8_t>(both[i] & live[i]);
    return both;
}

void Searcher::search_one(const SharedBatch& batch, std::span<const std::uint32_t> query_terms,
                          std::span<const double> weights, Workspace& work, std::vector<Scored>& hits) const {
    double constant = 0.0;
    Bounds bounds = batch.kernel == Kernel::reference ? Bounds::none : bounds_of_count(query_terms.size());
    work.terms.resize(segments_.size());
    for (auto& terms : work.terms) terms.clear();
    for (std::size_t t = 0; t < query_terms.size(); ++t) {
        const Term& term = *batch.terms[query_terms[t]];
        if (term.document_frequency == 0) continue;
        const double weight = weights[t] * term.idf;
        constant += weight * scoring_.absent_part();
        bounds = std::max(bounds, bounds_of(weight));
        if (weights[t] == 0.0) continue;
        for (const Term::InSegment& place : term.segments) {
            work.terms[place.segment].push_back({place.id, place.column.get(), weight});
        }
    }
    std::vector<SegmentQuery> queries;
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
        if (work.terms[s].empty()) continue;
        queries.push_back({s, *segments_[s], prepared(s).for_columns(), work.terms[s], batch.masks[s],
                           constant, batch.k, batch.alpha});
    }
    if (bounds == Bounds::positive) {
        search_positive(queries, batch.kernel, work, hits);
        keep_best(hits, batch.k, order_);
        return;
    }
    for (const SegmentQuery& query : queries) {
        const float floor = hits.size() >= batch.k ? hits[batch.k - 1].score : kNoFloor;
        if (bounds == Bounds::any_sign) {
            search_any_weights(query, batch.kernel, floor, work, hits);
        } else {
            search_reference(query, hits);
        }
        keep_best(hits, batch.k, order_);
    }
}

SharedBatch Searcher::share(std::span<const std::string_view> distinct_terms, const QueryBatch& batch,
                            std::size_t k, std::span<const AllowedRows> allowed, Kernel kernel, double alpha,
                            std::size_t threads) const {
    SharedBatch shared{batch, {}, {}, k, kernel, alpha};
    shared.terms.resize(distinct_terms.size());
    constexpr std::size_t kTermsAtOnce = 64;  // a thread's share should outweigh taking it
    const std::size_t shares = (distinct_terms.size() + kTermsAtOnce - 1) / kTermsAtOnce;
    for_each_on_threads(threads, shares, [&](std::size_t share) {
        const std::size_t first = share * kTermsAtOnce;
        const std::size_t last = std::min(first + kTermsAtOnce, distinct_terms.size());
        for (std::size_t t = first; t < last; ++t) shared.terms[t] = resolve(distinct_terms[t]);
    });
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        shared.masks.push_back(mask(s, allowed.empty() ? AllowedRows{} : allowed[s]));
    }
    return shared;
}

BatchResult Searcher::search(const SharedBatch& batch, std::size_t first, std::size_t last) const {
    BatchResult result;
    std::vector<Scored> hits;
    Workspace work;
    MergedTerms query(batch.terms.size());
    for (std::size_t q = first; q < last; ++q) {
        hits.clear();
        const auto begin = batch.queries.offsets[q];
        const auto count = batch.queries.offsets[q + 1] - begin;
        query.assign(batch.queries.terms.subspan(begin, count), batch.queries.weights.subspan(begin, count));
        search_one(batch, query.terms(), query.weights(), work, hits);
        result.hits.insert(result.hits.end(), hits.begin(), hits.end());
        result.offsets.push_back(result.hits.size());
    }
    postings_read_ += work.work.postings;
    bytes_read_ += work.work.bytes;
    return result;
}

BatchResult Searcher::search(std::span<const std::string_view> distinct_terms, const QueryBatch& batch,
                             std::size_t k, std::span<const AllowedRows> allowed, Kernel kernel,
                             double alpha) const {
    return search(share(distinct_terms, batch, k, allowed, kernel, alpha, 1), 0, batch.offsets.size() - 1);
}

}  // namespace rocchio::lexical
