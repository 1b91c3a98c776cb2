// Which windows of rows a query looks at, and what it finds there.

#include "lexical/kernels.hpp"

namespace rocchio::lexical {

void find_windows(const SegmentQuery& query, Workspace& work) {
    constexpr std::size_t kRows = Column::kWindowRows;
    work.windows.clear();
    for (std::size_t first = 0; first < query.rows(); first += kRows) {
        if (query.any_allowed(first, kRows)) work.windows.push_back(first / kRows);
    }
    const bool is_all = work.windows.size() * kRows >= query.rows();
    SearchSize size{0.0, static_cast<double>(work.windows.size() * kRows), 0.0, 0.0, 0.0};
    for (const QueryTerm& term : query.terms) {
        std::size_t postings = is_all ? term.column->size() : 0;
        if (!is_all) {
            for (const std::size_t number : work.windows) postings += term.column->window(number).rows.size();
        }
        const bool is_dense = !term.column->block_maxima().empty();
        size.postings += static_cast<double>(postings);
        size.terms += 1.0;
        size.dense_terms += is_dense ? 1.0 : 0.0;
        size.entries += is_dense ? 0.0 : static_cast<double>(term.column->entry_blocks().size());
    }
    work.size = size;
}

}  // namespace rocchio::lexical
