#include <nanobind/nanobind.h>

#include "bindings/bind.hpp"

NB_MODULE(_ext, module) {
    module.doc() = "Native kernels of rocchio. Internal: use the rocchio package.";
    rocchio::bindings::bind_errors(module);
    rocchio::bindings::bind_base(module);
    rocchio::bindings::bind_codecs(module);
    rocchio::bindings::bind_text(module);
    rocchio::bindings::bind_lexical(module);
    rocchio::bindings::bind_search_queue(module);
    rocchio::bindings::bind_dense(module);
    rocchio::bindings::bind_offline(module);
    rocchio::bindings::bind_filters(module);
    rocchio::bindings::bind_fusion(module);
}
