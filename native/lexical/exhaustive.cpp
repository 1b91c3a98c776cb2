// The reference kernel: every posting of every term, exact double sums. Also the path for weights that are
// zero or negative, for which upper bounds do not hold.

#include <algorithm>

#include "base/bitmap.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {

bool SegmentQuery::is_allowed(std::uint32_t row) const {
    return segment.is_live(row) && (allowed.empty() || bit_is_set(allowed, row));
}

double boosted_sum(std::span<const std::uint32_t> frequencies, std::span<const double> field_weights) {
    double sum = 0.0;
    for (std::size_t f = 0; f < field_weights.size(); ++f) sum += field_weights[f] * frequencies[f];
    return sum;
}

double SegmentQuery::boosted_frequency(std::uint32_t code) const {
    return boosted_sum(segment.frequencies(code), field_weights);
}

double contribution(const SegmentQuery& query, const SegmentTerm& term, std::uint32_t code,
                    std::uint32_t row) {
    return term.weight * query.scoring.tf_part(query.boosted_frequency(code), query.lengths[row]);
}

void search_exhaustive(const SegmentQuery& query, std::uint32_t segment_index, std::vector<Scored>& out) {
    std::vector<double> sums(query.segment.row_count(), 0.0);
    std::vector<bool> matched(query.segment.row_count(), false);
    for (const SegmentTerm& term : query.terms) {
        const PostingList list = query.segment.postings(term.term);
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::uint32_t code = list.codes[i];
            if (query.boosted_frequency(code) <= 0.0) continue;  // stands only in fields that are left out
            sums[list.rows[i]] += contribution(query, term, code, list.rows[i]);
            matched[list.rows[i]] = true;
        }
    }
    for (std::uint32_t row = 0; row < sums.size(); ++row) {
        if (!matched[row] || !query.is_allowed(row)) continue;
        out.push_back({static_cast<float>(sums[row] + query.constant), segment_index, row});
    }
}

}  // namespace rocchio::lexical
