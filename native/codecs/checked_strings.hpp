#pragma once
// Byte strings one after the other, with a sequence that says where they begin.

#include <string_view>

#include "base/checked_file.hpp"
#include "codecs/elias_fano.hpp"

namespace rocchio::codecs {

/// String i is bytes [offsets[i], offsets[i + 1]).
class CheckedStrings {
  public:
    CheckedStrings() = default;
    CheckedStrings(CheckedArray<std::uint8_t> bytes, EliasFano offsets)
        : bytes_(std::move(bytes)), offsets_(std::move(offsets)) {}

    std::size_t size() const { return offsets_.size() == 0 ? 0 : offsets_.size() - 1; }
    /// Whether the last string ends where the bytes end; true of a sound file.
    bool covers_bytes() const { return offsets_.largest() == bytes_.size(); }

    /// One string. Throws Corruption when out of range or damaged.
    std::string_view at(std::size_t index) const {
        const auto [first, last] = offsets_.pair(index);
        const auto view = bytes_.view(first, last);
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }

  private:
    CheckedArray<std::uint8_t> bytes_;
    EliasFano offsets_;
};

}  // namespace rocchio::codecs
