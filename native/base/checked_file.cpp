#include "base/checked_file.hpp"

#include "base/crc32c.hpp"

namespace rocchio {

CheckedFile::CheckedFile(std::string path, std::span<const std::uint8_t> bytes,
                         std::vector<std::uint32_t> checksums, Paging paging)
    : path_(std::move(path)),
      bytes_(bytes),
      checksums_(std::move(checksums)),
      paging_(std::move(paging)),
      number_(paging_.cache ? paging_.cache->new_file() : 0) {
    if (checksums_.size() != chunk_count(bytes_.size())) {
        throw Corruption(path_, 0, "the number of checksums does not fit the size of the file");
    }
    verified_ = std::make_unique<std::atomic<std::uint64_t>[]>(checksums_.size() / 64 + 1);
}

void CheckedFile::verify(std::size_t chunk, std::span<const std::uint8_t> bytes) const {
    if (crc32c(bytes) != checksums_[chunk]) throw Corruption(path_, chunk * kChunkBytes, "checksum mismatch");
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
        if (crc32c(mapped(chunk)) != checksums_[chunk]) damaged.push_back(chunk * kChunkBytes);
    }
    return damaged;
}

}  // namespace rocchio
