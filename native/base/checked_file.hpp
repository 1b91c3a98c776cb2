#pragma once
// A mapped file whose bytes are checked when they are first touched.
//
// Opening a collection must read almost nothing, and no answer may come from a damaged byte. So a file is cut
// into chunks of 64 KiB, each with a CRC-32C that is stored elsewhere, and a chunk is verified the first time
// anything in it is asked for.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/byte_source.hpp"
#include "base/errors.hpp"
#include "base/page_cache.hpp"

namespace rocchio {

inline constexpr std::size_t kChunkBytes = 64 * 1024;

/// Number of chunks of a file of `size` bytes.
constexpr std::size_t chunk_count(std::size_t size) {
    return (size + kChunkBytes - 1) / kChunkBytes;
}

/// What reads of a file need beside it; memory that one thread uses again.
struct ReadBuffer {
    /// What a read does not find in the cache: `size` bytes at `begin`, in one page, and where they go.
    struct Piece {
        std::uint64_t begin;
        std::size_t size;
        std::uint8_t* into;
    };
    /// Pages that are read in one go, and the pieces in them.
    struct Run {
        std::uint64_t first_page, last_page;
        std::size_t first_piece, last_piece;
    };
    std::vector<std::uint64_t> begins;
    std::vector<Piece> pieces;
    std::vector<Run> runs;
    std::vector<std::uint8_t> bytes;
};

/// How a file is read where it is not looked at as mapped: without a source, it is always.
struct Paging {
    std::shared_ptr<const ByteSource> source;
    std::shared_ptr<PageCache> cache;
};

/// Read-only view of a file; the mapping belongs to the caller and must outlive it. Safe for many threads.
class CheckedFile {
  public:
    /// `checksums` has one CRC-32C per chunk; its length must be chunk_count(bytes.size()).
    CheckedFile(std::string path, std::span<const std::uint8_t> bytes, std::vector<std::uint32_t> checksums,
                Paging paging = {});

    /// Throws Corruption unless bytes [begin, end) lie in the file and their chunks match their checksums.
    void ensure(std::size_t begin, std::size_t end) const {
        if (begin == end) return;
        if (end > bytes_.size() || begin > end) fail_range(begin, end);
        for (std::size_t chunk = begin / kChunkBytes; chunk <= (end - 1) / kChunkBytes; ++chunk) {
            if (!is_verified(chunk)) verify(chunk, mapped(chunk));
        }
    }

    /// Copies `size` bytes at each of `begins` one after the other to `out`; verified as by
    /// `ensure`. Through the cache and, for what it does not hold, the source: the mapping is not touched.
    /// What is read is kept in the cache if `keep`.
    void gather(std::span<const std::uint64_t> begins, std::size_t size, std::uint8_t* out,
                ReadBuffer& buffer, bool keep) const;

    /// Says that bytes [begin, end) will be read soon, so that the source may begin with that.
    void expect(std::size_t begin, std::size_t end) const;

    /// Pages that the cache has room for; 0 without one.
    std::size_t cached_pages() const { return paging_.cache ? paging_.cache->room() : 0; }

    /// Offsets of all damaged chunks; reads the whole file, whatever was verified before.
    std::vector<std::uint64_t> damaged_chunks() const;

    const std::string& path() const { return path_; }
    std::span<const std::uint8_t> bytes() const { return bytes_; }

  private:
    bool is_verified(std::size_t chunk) const {
        return (verified_[chunk / 64].load(std::memory_order_relaxed) >> (chunk % 64)) & 1u;
    }
    std::span<const std::uint8_t> mapped(std::size_t chunk) const {
        const std::size_t begin = chunk * kChunkBytes;
        return bytes_.subspan(begin, std::min(kChunkBytes, bytes_.size() - begin));
    }
    void verify(std::size_t chunk, std::span<const std::uint8_t> bytes) const;
    void find_pieces(std::span<const std::uint64_t> begins, std::size_t size, std::uint8_t* out,
                     ReadBuffer& buffer) const;
    void find_runs(ReadBuffer& buffer) const;
    void read_run(const ReadBuffer::Run& run, ReadBuffer& buffer, bool keep) const;
    [[noreturn]] void fail_range(std::size_t begin, std::size_t end) const;

    std::string path_;
    std::span<const std::uint8_t> bytes_;
    std::vector<std::uint32_t> checksums_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> verified_;
    Paging paging_;
    std::uint64_t number_ = 0;  // in the cache
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

    /// Copies rows of `width` elements, given by their numbers, one after the other to `out`: as
    /// `CheckedFile::gather`. Throws Corruption when out of range or damaged.
    void gather(std::span<const std::uint32_t> rows, std::size_t width, T* out, ReadBuffer& buffer,
                bool keep) const {
        if (rows.empty()) return;
        buffer.begins.clear();
        for (const std::uint32_t row : rows) {
            if (row >= count_ / width) fail(row * width, "an index points outside its array");
            buffer.begins.push_back(offset_ + row * width * sizeof(T));
        }
        file_->gather(buffer.begins, width * sizeof(T), reinterpret_cast<std::uint8_t*>(out), buffer, keep);
    }

    /// Copies elements [first, last) likewise, and keeps them.
    void read(std::size_t first, std::size_t last, T* out, ReadBuffer& buffer) const {
        if (first > last || last > count_) fail(first, "an index points outside its array");
        const std::uint64_t begin[] = {offset_ + first * sizeof(T)};
        file_->gather(begin, (last - first) * sizeof(T), reinterpret_cast<std::uint8_t*>(out), buffer, true);
    }

    /// Says that elements [first, last) will be read soon.
    void expect(std::size_t first, std::size_t last) const {
        file_->expect(offset_ + first * sizeof(T), offset_ + last * sizeof(T));
    }

    /// Pages that the cache of the file has room for.
    std::size_t cached_pages() const { return file_ ? file_->cached_pages() : 0; }

    /// Where an element is: an address to ask for ahead of its use; what is there must not be believed.
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
