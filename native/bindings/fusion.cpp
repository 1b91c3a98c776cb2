#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "fusion/union.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {

void bind_fusion(nb::module_& module) {
    module.def(
        "union_of_documents",
        [](const std::vector<InputArray<std::uint64_t>>& lists) {
            std::vector<std::span<const std::uint64_t>> documents;
            for (const auto& list : lists) documents.push_back(span_of(list));
            fusion::DocumentUnion united = fusion::union_of(documents);
            nb::list places;
            for (auto& each : united.places) places.append(to_numpy(std::move(each)));
            return nb::make_tuple(to_numpy(std::move(united.first)), places);
        },
        "lists"_a,
        "(first, places): the documents of lists of numbers, each once. first[j] is where document j appears "
        "first in all lists, one after the other; places[i] are the documents of list i. ValueError for one "
        "that a list has twice.");
}

}  // namespace rocchio::bindings
