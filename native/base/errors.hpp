#pragma once
// The errors that the core throws; bindings/errors.cpp is the only place that turns them into Python's.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace rocchio {

/// A file holds bytes that its format or its checksum forbids. `offset` is in bytes from the start of the
/// file.
class Corruption : public std::runtime_error {
  public:
    Corruption(std::string path_, std::uint64_t offset_, const std::string& reason_)
        : std::runtime_error(reason_), path(std::move(path_)), offset(offset_) {}

    std::string path;
    std::uint64_t offset;
};

}  // namespace rocchio
