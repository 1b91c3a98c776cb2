#pragma once
// Pages of files that were read last, in bounded memory.
//
// A page that is looked up again before the clock's hand comes round stays, another one makes room (CLOCK:
// Corbato, "A paging experiment with the Multics system", 1968): nearly as good as least recently used, and a
// hit moves nothing. The cache is cut into shards with a lock each, so that searches on many threads rarely
// wait for one another.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace rocchio {

inline constexpr std::size_t kPageBytes = 4096;

/// What reading through a cache took so far.
struct ReadCounts {
    std::uint64_t hits = 0;    // pages that were held
    std::uint64_t misses = 0;  // pages that were not
    std::uint64_t reads = 0;   // of runs of pages
    std::uint64_t read_bytes = 0;
};

/// Safe for many threads.
class PageCache {
  public:
    /// `bytes` is all that it may hold, what it needs to find pages included.
    explicit PageCache(std::size_t bytes) { resize(bytes); }

    /// Drops everything and holds at most so many bytes from now on.
    void resize(std::size_t bytes);

    /// Pages that it can hold, and holds.
    std::size_t room() const { return room_.load(std::memory_order_relaxed); }
    std::size_t size() const;

    /// A number that tells the pages of a file from those of others.
    std::uint64_t new_file() { return files_.fetch_add(1, std::memory_order_relaxed); }

    bool holds(std::uint64_t file, std::uint64_t page);

    /// Copies bytes of a page, from `begin` on, if it is held.
    bool copy(std::uint64_t file, std::uint64_t page, std::size_t begin, std::span<std::uint8_t> into);

    /// Holds a page: at most kPageBytes.
    void keep(std::uint64_t file, std::uint64_t page, std::span<const std::uint8_t> bytes);

    void count(const ReadCounts& more);
    ReadCounts counts() const;

  private:
    static constexpr std::size_t kShards = 16;
    /// What finding a page takes beside it, about.
    static constexpr std::size_t kEntryBytes = 96;

    struct Slot {
        std::uint64_t key;
        bool was_used;
    };
    struct Shard {
        mutable std::mutex mutex;
        std::size_t room = 0;
        std::size_t hand = 0;
        std::vector<Slot> slots;
        std::unordered_map<std::uint64_t, std::uint32_t> places;  // of pages, by key
        std::unique_ptr<std::uint8_t[]> pages;                    // kPageBytes for each slot
    };

    static std::uint64_t key_of(std::uint64_t file, std::uint64_t page) { return file << 40 | page; }
    Shard& shard_of(std::uint64_t key) { return shards_[(key * 0x9E3779B97F4A7C15u) >> 60]; }
    static std::size_t free_place(Shard& shard);

    std::array<Shard, kShards> shards_;
    std::atomic<std::size_t> room_{0};
    std::atomic<std::uint64_t> files_{0};
    std::atomic<std::uint64_t> hits_{0}, misses_{0}, reads_{0}, read_bytes_{0};
};

}  // namespace rocchio
