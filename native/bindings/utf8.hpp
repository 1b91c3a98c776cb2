#pragma once
// Strings of an index, as Python has them.

#include <nanobind/nanobind.h>

#include <string_view>

#include "base/errors.hpp"

namespace rocchio::bindings {

/// Throws Corruption for what is not UTF-8.
inline nanobind::str utf8(std::string_view text) {
    PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
    if (decoded == nullptr) {
        PyErr_Clear();
        throw Corruption("index.arrays", 0, "a string of the index is not UTF-8");
    }
    return nanobind::steal<nanobind::str>(decoded);
}

}  // namespace rocchio::bindings
