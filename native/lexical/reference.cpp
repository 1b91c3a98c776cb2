// The reference kernel: every posting of every term, exact double sums. Also the path for weights too large
// or too small for integer bounds.

#include "lexical/kernels.hpp"

namespace rocchio::lexical {

void search_reference(const SegmentQuery& query, std::vector<Scored>& out) {
    std::vector<double> sums(query.rows(), 0.0);
    std::vector<bool> matched(query.rows(), false);
    for (const QueryTerm& term : query.terms) {
        const PostingList list = query.segment.postings(term.term);
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::uint32_t code = list.codes[i];
            if (query.scoring.tf_by_code[code] <= 0.0) continue;  // stands only in fields that are left out
            sums[list.rows[i]] += query.contribution(term, code, query.scoring.norm_by_row[list.rows[i]]);
            matched[list.rows[i]] = true;
        }
    }
    for (std::uint32_t row = 0; row < sums.size(); ++row) {
        if (!matched[row] || !query.is_allowed(row)) continue;
        out.push_back({static_cast<float>(sums[row] + query.constant), query.segment_index, row});
    }
}

}  // namespace rocchio::lexical
