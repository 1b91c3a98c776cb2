// Reads of a file through a cache of its pages, without touching the mapping.
//
// The first touch of a chunk reads all of it, to verify it; after that only pages that are asked for are
// read, as far as they lie together in one go.

#include <algorithm>
#include <cstring>

#include "base/checked_file.hpp"

namespace rocchio {

namespace {

constexpr std::uint64_t kChunkPages = kChunkBytes / kPageBytes;

/// Pages between two that are asked for which are read too, since that saves a read.
constexpr std::uint64_t kMostBetween = 1;

/// Pages of one read, unless a chunk must be verified.
constexpr std::uint64_t kMostPages = 64;

}  // namespace

void CheckedFile::gather(std::span<const std::uint64_t> begins, std::size_t size, std::uint8_t* out,
                         ReadBuffer& buffer, bool keep) const {
    if (size == 0 || begins.empty()) return;
    for (const std::uint64_t begin : begins)
        if (size > bytes_.size() || begin > bytes_.size() - size) fail_range(begin, begin + size);
    if (!paging_.source) {
        for (std::size_t i = 0; i < begins.size(); ++i) {
            ensure(begins[i], begins[i] + size);
            std::memcpy(out + i * size, bytes_.data() + begins[i], size);
        }
        return;
    }
    find_pieces(begins, size, out, buffer);
    if (buffer.pieces.empty()) return;
    find_runs(buffer);
    const auto offset_of = [](const ReadBuffer::Run& run) { return run.first_page * kPageBytes; };
    if (buffer.runs.size() > 1)
        for (const ReadBuffer::Run& run : buffer.runs)
            paging_.source->expect(offset_of(run), (run.last_page + 1) * kPageBytes - offset_of(run));
    for (const ReadBuffer::Run& run : buffer.runs) read_run(run, buffer, keep);
}

void CheckedFile::expect(std::size_t begin, std::size_t end) const {
    if (!paging_.source || begin >= end || end > bytes_.size()) return;
    const std::size_t first = begin / kPageBytes, last = (end - 1) / kPageBytes;
    for (std::size_t page = first; page <= last; ++page) {
        if (paging_.cache->holds(number_, page)) continue;
        return paging_.source->expect(page * kPageBytes, (last + 1 - page) * kPageBytes);
    }
}

/// Copies what the cache holds, and lists what it does not.
void CheckedFile::find_pieces(std::span<const std::uint64_t> begins, std::size_t size, std::uint8_t* out,
                              ReadBuffer& buffer) const {
    buffer.pieces.clear();
    ReadCounts counts;
    for (std::size_t i = 0; i < begins.size(); ++i) {
        const std::uint64_t end = begins[i] + size;
        for (std::uint64_t begin = begins[i]; begin < end;) {
            const std::uint64_t page = begin / kPageBytes;
            const std::size_t count = std::min(end, (page + 1) * kPageBytes) - begin;
            std::uint8_t* into = out + i * size + (begin - begins[i]);
            if (paging_.cache->copy(number_, page, begin % kPageBytes, {into, count})) {
                counts.hits += 1;
            } else {
                counts.misses += 1;
                buffer.pieces.push_back({begin, count, into});
            }
            begin += count;
        }
    }
    paging_.cache->count(counts);
}

/// Brings pieces together whose pages, or whose chunks where those are not verified, are near each other.
void CheckedFile::find_runs(ReadBuffer& buffer) const {
    buffer.runs.clear();
    const auto is_before = [](const ReadBuffer::Piece& a, const ReadBuffer::Piece& b) {
        return a.begin < b.begin;
    };
    if (!std::is_sorted(buffer.pieces.begin(), buffer.pieces.end(), is_before))
        std::sort(buffer.pieces.begin(), buffer.pieces.end(), is_before);
    for (std::size_t i = 0; i < buffer.pieces.size(); ++i) {
        const std::uint64_t page = buffer.pieces[i].begin / kPageBytes;
        std::uint64_t first = page, last = page;
        if (!is_verified(buffer.pieces[i].begin / kChunkBytes)) {
            first = page / kChunkPages * kChunkPages;
            last = first + kChunkPages - 1;
        }
        if (!buffer.runs.empty()) {
            ReadBuffer::Run& run = buffer.runs.back();
            const std::uint64_t end = std::max(last, run.last_page);
            if (first >= run.first_page && first <= run.last_page + 1 + kMostBetween &&
                (end == run.last_page || end - run.first_page < kMostPages)) {
                run.last_page = end;
                run.last_piece = i + 1;
                continue;
            }
        }
        buffer.runs.push_back({first, last, i, i + 1});
    }
}

void CheckedFile::read_run(const ReadBuffer::Run& run, ReadBuffer& buffer, bool keep) const {
    const std::uint64_t offset = run.first_page * kPageBytes;
    const std::uint64_t end = std::min<std::uint64_t>((run.last_page + 1) * kPageBytes, bytes_.size());
    buffer.bytes.resize(end - offset);
    paging_.source->read(offset, buffer.bytes);
    paging_.cache->count({0, 0, 1, end - offset});
    const std::span<const std::uint8_t> bytes(buffer.bytes);
    std::uint64_t kept = ~std::uint64_t{0};
    for (std::size_t i = run.first_piece; i < run.last_piece; ++i) {
        const ReadBuffer::Piece& piece = buffer.pieces[i];
        const std::uint64_t chunk = piece.begin / kChunkBytes;
        if (!is_verified(chunk))
            verify(chunk, bytes.subspan(chunk * kChunkBytes - offset, mapped(chunk).size()));
        std::memcpy(piece.into, bytes.data() + (piece.begin - offset), piece.size);
        const std::uint64_t page = piece.begin / kPageBytes;
        if (!keep || page == kept) continue;
        const std::size_t first = page * kPageBytes - offset;
        paging_.cache->keep(number_, page, bytes.subspan(first, std::min(kPageBytes, bytes.size() - first)));
        kept = page;
    }
}

}  // namespace rocchio
