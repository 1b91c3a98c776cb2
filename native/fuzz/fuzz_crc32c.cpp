// The fast checksum equals the plain one, whole and in two pieces, at any alignment.

#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/crc32c.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> all(data, size);
    const std::uint32_t expected = rocchio::crc32c_reference(all);
    if (rocchio::crc32c(all) != expected) std::abort();
    const std::size_t cut = size == 0 ? 0 : data[0] % (size + 1);
    if (rocchio::crc32c(all.subspan(cut), rocchio::crc32c(all.first(cut))) != expected) std::abort();
    return 0;
}
