#include <nanobind/nanobind.h>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "codecs/elias_fano.hpp"
#include "codecs/packed.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {

void bind_codecs(nb::module_& module) {
    module.def(
        "encode_elias_fano",
        [](const InputArray<std::uint64_t>& values) {
            return to_numpy(codecs::encode_elias_fano(span_of(values)));
        },
        "values"_a, "Numbers that do not decrease, as words (uint64); ValueError for others.");
    module.def(
        "encode_packed",
        [](const InputArray<std::uint32_t>& values) {
            return to_numpy(codecs::encode_packed(span_of(values)));
        },
        "values"_a, "Numbers packed with the width of the largest, as bytes.");
}

}  // namespace rocchio::bindings
