#pragma once
// One function per family; module.cpp calls them all.

#include <nanobind/nanobind.h>

namespace rocchio::bindings {

void bind_errors(nanobind::module_& module);
void bind_base(nanobind::module_& module);
void bind_codecs(nanobind::module_& module);
void bind_lexical(nanobind::module_& module);
void bind_dense(nanobind::module_& module);
void bind_offline(nanobind::module_& module);
void bind_filters(nanobind::module_& module);
void bind_fusion(nanobind::module_& module);
void bind_search_queue(nanobind::module_& module);
void bind_text(nanobind::module_& module);

}  // namespace rocchio::bindings
