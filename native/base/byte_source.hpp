#pragma once
// Where the bytes of a file come from while they are not mapped; bindings/file_source.hpp is the one that
// reads files.

#include <cstdint>
#include <span>

namespace rocchio {

/// A file of known size. Safe for many threads.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    /// Fills `into` with the bytes at `offset`. Throws Corruption when the file ends before, system_error
    /// when it cannot be read.
    virtual void read(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;

    /// Says which bytes will be read soon, without a wait.
    virtual void expect(std::uint64_t offset, std::uint64_t size) const = 0;
};

}  // namespace rocchio
