// The only place where the core's errors become Python's.

#include "base/errors.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <system_error>

#include "bindings/bind.hpp"

namespace nb = nanobind;

namespace rocchio::bindings {

void bind_errors(nb::module_&) {
    nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
        try {
            std::rethrow_exception(pointer);
        } catch (const Corruption& error) {
            const nb::object type = nb::module_::import_("rocchio.errors").attr("Corruption");
            const nb::object value = type(error.path, error.offset, error.what());
            PyErr_SetObject(type.ptr(), value.ptr());
        } catch (const std::system_error&
                     error) {  // of a file that cannot be read; the message begins with its path
            const nb::object type = nb::module_::import_("rocchio.errors").attr("StorageFailure");
            const nb::object value = type(error.code().value(), std::string("cannot read ") + error.what());
            PyErr_SetObject(type.ptr(), value.ptr());
        }
    });
}

}  // namespace rocchio::bindings
