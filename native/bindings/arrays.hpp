#pragma once
// How arrays cross the border: inputs are read-only, contiguous and typed; outputs own their memory.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <span>
#include <vector>

namespace rocchio::bindings {

namespace nb = nanobind;

template <typename T>
using InputArray = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <typename T>
using OutputArray = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

template <typename T>
std::span<const T> span_of(const InputArray<T>& array) {
    return {array.data(), array.shape(0)};
}

/// Hands a vector's memory over to numpy.
template <typename T>
OutputArray<T> to_numpy(std::vector<T>&& values) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
    return OutputArray<T>(owned->data(), {owned->size()}, owner);
}

}  // namespace rocchio::bindings
