#pragma once
// A mapped file whose bytes are checked when they are first touched.
//
// Opening a collection must read almost nothing, and no answer may come from a damaged byte. So a file is cut
// into chunks of 64 KiB, each with a CRC-32C that is stored elsewhere, and a chunk is verified the first time
// anything in it is asked for.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/errors.hpp"

namespace rocchio {

inline constexpr std::size_t kChunkBytes = 64 * 1024;

/// Number of chunks of a file of `size` bytes.
constexpr std::size_t chunk_count(std::size_t size) {
    return (size + kChunkBytes - 1) / kChunkBytes;
}

/// Read-only view of a file; the mapping belongs to the caller and must outlive it. Safe for many threads.
class CheckedFile {
  public:
    /// `checksums` has one CRC-32C per chunk; its length must be chunk_count(bytes.size()).
    CheckedFile(std::string path, std::span<const std::uint8_t> bytes, std::vector<std::uint32_t> checksums);

    /// Throws Corruption unless bytes [begin, end) lie in the file and their chunks match their checksums.
    void ensure(std::size_t begin, std::size_t end) const {
        if (begin == end) return;
        if (end > bytes_.size() || begin > end) fail_range(begin, end);
        for (std::size_t chunk = begin / kChunkBytes; chunk <= (end - 1) / kChunkBytes; ++chunk) {
            if (!is_verified(chunk)) verify(chunk);
        }
    }

    /// Offsets of all damaged chunks; reads the whole file, whatever was verified before.
    std::vector<std::uint64_t> damaged_chunks() const;

    const std::string& path() const { return path_; }
    std::span<const std::uint8_t> bytes() const { return bytes_; }

  private:
    bool is_verified(std::size_t chunk) const {
        return (verified_[chunk / 64].load(std::memory_order_relaxed) >> (chunk % 64)) & 1u;
    }
    bool matches(std::size_t chunk) const;
    void verify(std::size_t chunk) const;
    [[noreturn]] void fail_range(std::size_t begin, std::size_t end) const;

    std::string path_;
    std::span<const std::uint8_t> bytes_;
    std::vector<std::uint32_t> checksums_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> verified_;
};

/// A flat little-endian array inside a CheckedFile. Every access path goes through a checksum.
template <typename T>
class CheckedArray {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    CheckedArray() = default;

    /// `offset` in bytes; throws Corruption when the array does not lie in the file or is not aligned.
    CheckedArray(std::shared_ptr<const CheckedFile> file, std::size_t offset, std::size_t count)
        : file_(std::move(file)), offset_(offset), count_(count) {
        const std::size_t size = file_->bytes().size();
        if (offset > size || count > (size - offset) / sizeof(T)) {
            throw Corruption(file_->path(), offset, "an array reaches past the end of the file");
        }
        if (reinterpret_cast<std::uintptr_t>(data()) % alignof(T) != 0) {
            throw Corruption(file_->path(), offset, "an array is not aligned to its item size");
        }
    }

    std::size_t size() const { return count_; }

    /// Elements [first, last), verified. Throws Corruption when out of range or damaged.
    std::span<const T> view(std::size_t first, std::size_t last) const {
        if (first > last || last > count_) fail(first, "an index points outside its array");
        file_->ensure(offset_ + first * sizeof(T), offset_ + last * sizeof(T));
        return {data() + first, last - first};
    }
    std::span<const T> all() const { return view(0, count_); }

    /// Where an element is: an address to prefetch, never to read.
    const T* unverified(std::size_t index) const { return data() + index; }

    /// One element, verified.
    T at(std::size_t index) const { return view(index, index + 1)[0]; }

    [[noreturn]] void fail(std::size_t index, const std::string& reason) const {
        throw Corruption(file_->path(), offset_ + index * sizeof(T), reason);
    }

  private:
    const T* data() const { return reinterpret_cast<const T*>(file_->bytes().data() + offset_); }

    std::shared_ptr<const CheckedFile> file_;
    std::size_t offset_ = 0;
    std::size_t count_ = 0;
};

}  // namespace rocchio
