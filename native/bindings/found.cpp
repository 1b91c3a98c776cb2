#include "bindings/found.hpp"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "lexical/ranked_rows.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {

using namespace rocchio::lexical;

FoundArrays::FoundArrays(BatchResult&& result) : offsets(std::move(result.offsets)) {
    segments.reserve(result.hits.size());
    rows.reserve(result.hits.size());
    scores.reserve(result.hits.size());
    for (const Scored& hit : result.hits) {
        segments.push_back(hit.segment);
        rows.push_back(hit.row);
        scores.push_back(hit.score);
    }
}

nb::tuple to_tuple(FoundArrays&& found) {
    return nb::make_tuple(to_numpy(std::move(found.offsets)), to_numpy(std::move(found.segments)),
                          to_numpy(std::move(found.rows)), to_numpy(std::move(found.scores)));
}

namespace {

using Part = std::tuple<std::uint32_t, InputMatrix<std::int64_t>, InputMatrix<float>>;

nb::tuple best_rows(const Searcher& self, const std::vector<Part>& parts, std::size_t queries, std::size_t k,
                    float least) {
    std::vector<RankedRows> ranked;
    for (const auto& [segment, rows, scores] : parts) {
        if (segment >= self.segment_count()) throw std::out_of_range("expected segments of the snapshot");
        if (rows.shape(0) != queries || scores.shape(0) != queries || rows.shape(1) != scores.shape(1))
            throw std::invalid_argument("expected a row and a score for every place of every query");
        ranked.push_back({segment, rows.shape(1), span_of(rows), span_of(scores)});
    }
    RankedPlaces places;
    std::optional<FoundArrays> found;
    {
        nb::gil_scoped_release release;
        places = lexical::best_rows(self, ranked, queries, k, least);
        found.emplace(std::move(places.best));
    }
    return nb::make_tuple(to_tuple(std::move(*found)), places.tied);
}

}  // namespace

void bind_best_rows(nb::class_<Searcher>& searcher) {
    searcher.def(
        "best_rows", &best_rows, "parts"_a, "queries"_a, "k"_a, "least"_a,
        "((offsets, segments, rows, scores), as of `search`, and tied): the best k of each query, ties by "
        "doc_id, none that scores under `least`. Parts are (segment, rows int64, scores float32), places "
        "of "
        "every query by score, row -1 where there is nothing. `tied` are (part, query) whose k-th place "
        "scores like the next: rows that the part lacks may do so too.");
}

}  // namespace rocchio::bindings
