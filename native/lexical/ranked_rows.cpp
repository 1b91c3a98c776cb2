#include "lexical/ranked_rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace rocchio::lexical {

namespace {

/// Adds what one query found in a part.
void add_found(const Searcher& searcher, const RankedRows& part, std::size_t query, float least,
               std::vector<Scored>& found) {
    const std::int64_t count = searcher.row_count(part.segment);
    const std::size_t first = query * part.width;
    for (std::size_t place = first; place < first + part.width; ++place) {
        const std::int64_t row = part.rows[place];
        if (row >= count) throw std::out_of_range("expected rows of the snapshot's segments");
        if (row < 0 || part.scores[place] < least) continue;
        found.push_back({part.scores[place], part.segment, static_cast<std::uint32_t>(row)});
    }
}

/// Whether the k-th place of a query is filled and scores like the next one.
bool is_tied(const RankedRows& part, std::size_t query, std::size_t k) {
    if (part.width <= k) return false;
    const std::size_t next = query * part.width + k;
    return part.rows[next] >= 0 && part.scores[next] == part.scores[next - 1];
}

}  // namespace

RankedPlaces best_rows(const Searcher& searcher, std::span<const RankedRows> parts, std::size_t queries,
                       std::size_t k, float least) {
    const auto is_better = [&searcher](const Scored& a, const Scored& b) {
        if (a.score != b.score) return a.score > b.score;
        const std::string_view left = searcher.doc_id(a.segment, a.row);
        const std::string_view right = searcher.doc_id(b.segment, b.row);
        return left != right ? left < right : a.row < b.row;
    };
    RankedPlaces ranked;
    std::vector<Scored> found;
    for (std::size_t query = 0; query < queries; ++query) {
        found.clear();
        for (std::size_t part = 0; part < parts.size(); ++part) {
            if (is_tied(parts[part], query, k))
                ranked.tied.emplace_back(static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(query));
            add_found(searcher, parts[part], query, least, found);
        }
        const auto last = found.begin() + static_cast<std::ptrdiff_t>(std::min(k, found.size()));
        // one segment's places are in order already, but for the doc_ids of equal scores
        if (!std::is_sorted(found.begin(), found.end(), is_better))
            std::partial_sort(found.begin(), last, found.end(), is_better);
        ranked.best.hits.insert(ranked.best.hits.end(), found.begin(), last);
        ranked.best.offsets.push_back(ranked.best.hits.size());
    }
    return ranked;
}

}  // namespace rocchio::lexical
