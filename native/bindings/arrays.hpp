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

/// Rows of equal length, one after another.
template <typename T>
using InputMatrix = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <typename T>
using OutputArray = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

template <typename T>
using OutputMatrix = nb::ndarray<nb::numpy, T, nb::ndim<2>>;

template <typename T>
std::span<const T> span_of(const InputArray<T>& array) {
    return {array.data(), array.shape(0)};
}

template <typename T>
std::span<const T> span_of(const InputMatrix<T>& matrix) {
    return {matrix.data(), matrix.size()};
}

/// Hands a vector's memory over to numpy.
template <typename T>
OutputArray<T> to_numpy(std::vector<T>&& values) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
    return OutputArray<T>(owned->data(), {owned->size()}, owner);
}

/// The same in rows of `width`.
template <typename T>
OutputMatrix<T> to_numpy(std::vector<T>&& values, std::size_t width) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
    return OutputMatrix<T>(owned->data(), {owned->size() / width, width}, owner);
}

}  // namespace rocchio::bindings
