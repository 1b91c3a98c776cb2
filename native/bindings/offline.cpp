#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "base/bitmap.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/checked_arrays.hpp"
#include "lexical/offline_feedback.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {
namespace {

using namespace rocchio::lexical;

nb::tuple encode(const InputArray<std::uint64_t>& offsets, const InputArray<std::uint32_t>& documents_of,
                 const InputArray<std::uint8_t>& codes, std::uint32_t documents, std::uint8_t least) {
    EncodedItems items;
    {
        nb::gil_scoped_release release;
        items =
            encode_stored_lists(span_of(offsets), span_of(documents_of), span_of(codes), documents, least);
    }
    return nb::make_tuple(to_numpy(std::move(items.bytes)), to_numpy(std::move(items.offsets)));
}

void construct(OfflineFeedback* self, std::shared_ptr<const StoredLists> lists,
               std::vector<std::shared_ptr<const Segment>> segments, std::vector<std::uint32_t> numbers) {
    if (segments.size() != numbers.size()) throw std::invalid_argument("expected a number for every segment");
    std::uint64_t documents = 0;
    for (const auto& segment : segments) documents += segment->row_count();
    if (documents != lists->documents())
        throw std::invalid_argument("expected segments of the lists' documents");
    new (self) OfflineFeedback(std::move(lists), std::move(segments), std::move(numbers));
}

SimilarQueries checked_queries(const OfflineFeedback& self, std::span<const std::uint64_t> offsets,
                               std::span<const std::uint32_t> lists, std::span<const float> scores) {
    if (offsets.empty() || offsets.front() != 0 || !std::ranges::is_sorted(offsets) ||
        offsets.back() != lists.size() || lists.size() != scores.size()) {
        throw std::invalid_argument("expected increasing query offsets that cover lists and scores");
    }
    if (std::ranges::any_of(lists, [&](std::uint32_t list) { return list >= self.lists().size(); })) {
        throw std::invalid_argument("expected numbers of stored lists");
    }
    return {offsets, lists, scores};
}

std::vector<AllowedRows> checked_masks(const OfflineFeedback& self,
                                       const std::vector<InputArray<std::uint8_t>>& allowed) {
    if (!allowed.empty() && allowed.size() != self.segment_count()) {
        throw std::invalid_argument("expected a mask for every segment, or none");
    }
    std::vector<AllowedRows> masks;
    for (const auto& mask : allowed) {
        masks.push_back(span_of(mask));
        if (!masks.back().empty() && masks.back().size() != bitmap_bytes(self.row_count(masks.size() - 1))) {
            throw std::invalid_argument("expected a mask with a bit for every row of its segment");
        }
    }
    return masks;
}

nb::tuple combine(const OfflineFeedback& self, const InputArray<std::uint64_t>& offsets,
                  const InputArray<std::uint32_t>& lists, const InputArray<float>& scores, std::size_t k,
                  const std::vector<InputArray<std::uint8_t>>& allowed) {
    const auto queries = checked_queries(self, span_of(offsets), span_of(lists), span_of(scores));
    const auto masks = checked_masks(self, allowed);
    BatchResult result;
    std::vector<std::uint32_t> segments;
    std::vector<std::uint32_t> rows;
    std::vector<float> totals;
    {
        nb::gil_scoped_release release;
        result = self.combine(queries, k, masks);
        for (const Scored& hit : result.hits) {
            segments.push_back(hit.segment);
            rows.push_back(hit.row);
            totals.push_back(hit.score);
        }
    }
    return nb::make_tuple(to_numpy(std::move(result.offsets)), to_numpy(std::move(segments)),
                          to_numpy(std::move(rows)), to_numpy(std::move(totals)));
}

nb::tuple entries(const StoredLists& self, std::size_t list) {
    if (list >= self.size()) throw std::out_of_range("expected the number of a stored list");
    std::vector<StoredEntry> read;
    self.read(list, read);
    std::vector<std::uint32_t> documents;
    std::vector<std::uint8_t> codes;
    for (const StoredEntry& entry : read) {
        documents.push_back(entry.document);
        codes.push_back(entry.code);
    }
    return nb::make_tuple(to_numpy(std::move(documents)), to_numpy(std::move(codes)));
}

}  // namespace

void bind_offline(nb::module_& module) {
    module.def(
        "encode_stored_lists", &encode, "offsets"_a, "documents_of"_a, "codes"_a, "documents"_a, "least"_a,
        "Lists of documents (uint32, increasing) with scores as codes (uint8), those of at least `least`: "
        "bytes (uint8) and offsets (uint64) of each list in them.");
    nb::class_<StoredLists>(module, "StoredLists", "Lists that were found ahead for pseudo-queries.")
        .def(
            "__init__",
            [](StoredLists* self, const nb::dict& arrays, std::uint32_t documents) {
                new (self) StoredLists(array_from<std::uint8_t>(arrays, "lists"),
                                       sequence_from(arrays, "list_offsets"), documents);
            },
            "arrays"_a, "documents"_a)
        .def("__len__", &StoredLists::size)
        .def("entries", &entries, "list"_a, "Documents (uint32) and codes (uint8) of a list.")
        .def(
            "validate",
            [](const StoredLists& self) {
                nb::gil_scoped_release release;
                self.validate();
            },
            "Read every list; raises Corruption.");
    nb::class_<OfflineFeedback>(module, "OfflineFeedback",
                                "Adds up stored lists over the segments of a snapshot.")
        .def("__init__", &construct, "lists"_a, "segments"_a, "numbers"_a)
        .def("combine", &combine, "offsets"_a, "lists"_a, "scores"_a, "k"_a, "allowed"_a,
             "Sums over lists, weighed by the softmax of their scores; returns (offsets, segments, rows, "
             "scores): "
             "query i has hits [offsets[i], offsets[i+1]).");
}

}  // namespace rocchio::bindings
