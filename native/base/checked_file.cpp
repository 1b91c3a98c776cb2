#include "base/checked_file.hpp"

#include <algorithm>

#include "base/crc32c.hpp"

namespace rocchio {

CheckedFile::CheckedFile(std::string path, std::span<const std::uint8_t> bytes,
                         std::vector<std::uint32_t> checksums)
    : path_(std::move(path)), bytes_(bytes), checksums_(std::move(checksums)) {
    if (checksums_.size() != chunk_count(bytes_.size())) {
        throw Corruption(path_, 0, "the number of checksums does not fit the size of the file");
    }
    verified_ = std::make_unique<std::atomic<std::uint64_t>[]>(checksums_.size() / 64 + 1);
}

bool CheckedFile::matches(std::size_t chunk) const {
    const std::size_t begin = chunk * kChunkBytes;
    return crc32c(bytes_.subspan(begin, std::min(kChunkBytes, bytes_.size() - begin))) == checksums_[chunk];
}

void CheckedFile::verify(std::size_t chunk) const {
    if (!matches(chunk)) throw Corruption(path_, chunk * kChunkBytes, "checksum mismatch");
    verified_[chunk / 64].fetch_or(std::uint64_t{1} << (chunk % 64), std::memory_order_relaxed);
}

void CheckedFile::fail_range(std::size_t begin, std::size_t end) const {
    throw Corruption(
        path_, begin,
        "bytes up to " + std::to_string(end) + " are needed, the file has " + std::to_string(bytes_.size()));
}

std::vector<std::uint64_t> CheckedFile::damaged_chunks() const {
    std::vector<std::uint64_t> damaged;
    for (std::size_t chunk = 0; chunk < checksums_.size(); ++chunk) {
        if (!matches(chunk)) damaged.push_back(chunk * kChunkBytes);
    }
    return damaged;
}

}  // namespace rocchio
