#include "lexical/offline_feedback.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bitmap.hpp"

namespace rocchio::lexical {

/// Sums by document: a table with open addressing, for the few documents of a query's lists.
class OfflineFeedback::Sums {
  public:
    struct Sum {
        std::uint32_t document;
        double score;
    };

    void reset(std::size_t most_documents) {
        sums_.clear();
        slots_.assign(std::bit_ceil(2 * most_documents + 1), kFree);
    }

    void add(std::uint32_t document, double score) {
        const std::size_t mask = slots_.size() - 1;
        // neighbours in a list differ in the low bits, lists in all
        std::size_t slot = (document * std::uint32_t{2654435769u} >> 7) & mask;
        while (slots_[slot] != kFree && sums_[slots_[slot]].document != document) slot = (slot + 1) & mask;
        if (slots_[slot] == kFree) {
            slots_[slot] = static_cast<std::uint32_t>(sums_.size());
            sums_.push_back({document, 0.0});
        }
        sums_[slots_[slot]].score += score;
    }

    std::span<const Sum> all() const { return sums_; }

  private:
    static constexpr std::uint32_t kFree = 0xFFFFFFFF;
    std::vector<std::uint32_t> slots_;
    std::vector<Sum> sums_;
};

namespace {

constexpr double kLargestCode = 255.0;

/// Weights that sum to 1: exp(score) over the sum of all.
std::vector<double> softmax(std::span<const float> scores) {
    std::vector<double> weights;
    if (scores.empty()) return weights;
    const double largest = *std::ranges::max_element(scores);
    double total = 0.0;
    for (const float score : scores) {
        weights.push_back(std::exp(static_cast<double>(score) - largest));
        total += weights.back();
    }
    for (double& weight : weights) weight /= total;
    return weights;
}

}  // namespace

OfflineFeedback::OfflineFeedback(std::shared_ptr<const StoredLists> lists,
                                 std::vector<std::shared_ptr<const Segment>> segments,
                                 std::vector<std::uint32_t> numbers)
    : lists_(std::move(lists)), segments_(std::move(segments)), numbers_(std::move(numbers)) {
    std::uint32_t end = 0;
    for (const auto& segment : segments_) ends_.push_back(end += segment->row_count());
}

BatchResult OfflineFeedback::combine(const SimilarQueries& queries, std::size_t k,
                                     std::span<const AllowedRows> allowed) const {
    BatchResult result;
    Sums sums;
    std::vector<std::vector<StoredEntry>> found;
    std::vector<Scored> hits;
    for (std::size_t query = 0; query + 1 < queries.offsets.size(); ++query) {
        const auto first = queries.offsets[query];
        const auto count = queries.offsets[query + 1] - first;
        found.resize(std::max<std::size_t>(found.size(), count));
        std::size_t entries = 0;
        for (std::size_t i = 0; i < count; ++i) {
            lists_->read(queries.lists[first + i], found[i]);
            entries += found[i].size();
        }
        const auto weights = softmax(queries.scores.subspan(first, count));
        sums.reset(entries);
        for (std::size_t i = 0; i < count; ++i) {
            for (const StoredEntry& entry : found[i]) {
                sums.add(entry.document, weights[i] * (entry.code / kLargestCode));
            }
        }
        keep_best(sums, k, allowed, hits);
        result.hits.insert(result.hits.end(), hits.begin(), hits.end());
        result.offsets.push_back(result.hits.size());
    }
    return result;
}

void OfflineFeedback::keep_best(const Sums& sums, std::size_t k, std::span<const AllowedRows> allowed,
                                std::vector<Scored>& hits) const {
    hits.clear();
    for (const auto& [document, score] : sums.all()) {
        const auto segment =
            static_cast<std::uint32_t>(std::ranges::upper_bound(ends_, document) - ends_.begin());
        const std::uint32_t row = document - (ends_[segment] - row_count(segment));
        const bool is_allowed =
            allowed.empty() || allowed[segment].empty() || bit_is_set(allowed[segment], row);
        if (is_allowed && segments_[segment]->is_live(row))
            hits.push_back({static_cast<float>(score), segment, row});
    }
    const std::size_t kept = std::min(k, hits.size());
    std::ranges::partial_sort(
        hits, hits.begin() + static_cast<std::ptrdiff_t>(kept), [this](const Scored& a, const Scored& b) {
            return a.score != b.score
                       ? a.score > b.score
                       : segments_[a.segment]->doc_id(a.row) < segments_[b.segment]->doc_id(b.row);
        });
    hits.resize(kept);
    for (Scored& hit : hits) hit.segment = numbers_[hit.segment];
}

}  // namespace rocchio::lexical
