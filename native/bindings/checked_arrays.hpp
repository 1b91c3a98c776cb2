#pragma once
// Arrays of mapped files, as Python hands them over: {name: (file, offset in bytes, count)}.

#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <memory>
#include <tuple>

#include "base/checked_file.hpp"
#include "codecs/elias_fano.hpp"

namespace rocchio::bindings {

template <typename T>
CheckedArray<T> array_from(const nanobind::dict& arrays, const char* name) {
    const auto entry =
        nanobind::cast<std::tuple<std::shared_ptr<CheckedFile>, std::size_t, std::size_t>>(arrays[name]);
    return {std::get<0>(entry), std::get<1>(entry), std::get<2>(entry)};
}

inline codecs::EliasFano sequence_from(const nanobind::dict& arrays, const char* name) {
    return codecs::EliasFano(array_from<std::uint64_t>(arrays, name));
}

}  // namespace rocchio::bindings
