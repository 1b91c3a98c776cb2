#pragma once
// The bytes of a fuzz input, taken from the front as numbers; zeros where they are used up.

#include <cstddef>
#include <cstdint>

namespace rocchio::fuzz {

struct Input {
    const std::uint8_t* data;
    std::size_t left;

    std::uint64_t take(std::size_t bytes) {
        std::uint64_t value = 0;
        for (; bytes > 0 && left > 0; --bytes, --left) value = value << 8 | *data++;
        return value;
    }
};

}  // namespace rocchio::fuzz
