#include "bindings/found.hpp"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "bindings/feedback.hpp"
#include "bindings/utf8.hpp"
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

nb::list doc_ids(const Searcher& self, const InputArray<std::uint32_t>& segments,
                 const InputArray<std::uint32_t>& rows) {
    const auto places = span_of(segments);
    if (places.size() != rows.shape(0)) throw std::invalid_argument("expected a row for every segment");
    check_places(self, places, span_of(rows));
    nb::list ids;
    for (std::size_t i = 0; i < places.size(); ++i) {
        ids.append(utf8(self.doc_id(places[i], span_of(rows)[i])));
    }
    return ids;
}

nb::object checked(PyObject* made) {
    if (made == nullptr) nb::raise_python_error();
    return nb::steal(made);
}

nb::object interned(const char* name) {
    return checked(PyUnicode_InternFromString(name));
}

/// An attribute of a new object, whose class is frozen.
void set(nb::handle object, const nb::object& name, const nb::object& value) {
    if (PyObject_GenericSetAttr(object.ptr(), name.ptr(), value.ptr()) != 0) nb::raise_python_error();
}

nb::list hits(const Searcher& self, const InputArray<std::uint32_t>& segments,
              const InputArray<std::uint32_t>& rows, const InputArray<float>& scores, nb::type_object kind,
              const nb::object& details) {
    const nb::list ids = doc_ids(self, segments, rows);
    if (scores.shape(0) != nb::len(ids)) throw std::invalid_argument("expected a score for every row");
    const nb::object doc_id = interned("doc_id"), score = interned("score"), of_all = interned("_details"),
                     place = interned("_place");
    nb::list made;
    for (std::size_t i = 0; i < nb::len(ids); ++i) {
        const nb::object hit = checked(PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(kind.ptr()), 0));
        set(hit, doc_id, ids[i]);
        set(hit, score, nb::float_(scores.data()[i]));
        set(hit, of_all, details);
        set(hit, place, nb::make_tuple(segments.data()[i], rows.data()[i]));
        made.append(hit);
    }
    return made;
}

using Part = std::tuple<std::uint32_t, InputMatrix<std::int64_t>, InputMatrix<float>>;

nb::tuple best_rows(const Searcher& self, const std::vector<Part>& parts, std::size_t queries, std::size_t k,
                    float least) {
    if (k == 0) throw std::invalid_argument("expected a positive k");
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

void bind_found(nb::class_<Searcher>& searcher) {
    searcher.def("doc_ids", &doc_ids, "segments"_a, "rows"_a, "The doc_ids at these places.");
    searcher.def(
        "hits", &hits, "segments"_a, "rows"_a, "scores"_a, "kind"_a, "details"_a,
        "Objects with the attributes of `rocchio.types.Hit`, of the class `kind`: one for each place.");
    searcher.def(
        "best_rows", &best_rows, "parts"_a, "queries"_a, "k"_a, "least"_a,
        "((offsets, segments, rows, scores) as of `search`, tied): the best k of each query, ties by "
        "doc_id, none that scores under `least`.\n\n"
        "Parts are (segment, rows int64, scores float32), places of every query by score, row -1 where "
        "there is nothing. `tied` are (part, query) whose k-th place scores like the next: rows that "
        "the part lacks may do so too.");
}

}  // namespace rocchio::bindings
