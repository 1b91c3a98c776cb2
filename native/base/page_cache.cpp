#include "base/page_cache.hpp"

#include <cstring>

namespace rocchio {

void PageCache::resize(std::size_t bytes) {
    const std::size_t room = bytes / (kPageBytes + kEntryBytes) / kShards;
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        shard.places = {};
        shard.slots = {};
        shard.slots.reserve(room);
        shard.hand = 0;
        shard.room = room;
        shard.pages.reset(new std::uint8_t[room * kPageBytes]);  // not touched: memory is taken as pages come
    }
    room_.store(room * kShards, std::memory_order_relaxed);
}

std::size_t PageCache::size() const {
    std::size_t pages = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        pages += shard.slots.size();
    }
    return pages;
}

bool PageCache::holds(std::uint64_t file, std::uint64_t page) {
    const std::uint64_t key = key_of(file, page);
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    return shard.places.contains(key);
}

bool PageCache::copy(std::uint64_t file, std::uint64_t page, std::size_t begin,
                     std::span<std::uint8_t> into) {
    const std::uint64_t key = key_of(file, page);
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.places.find(key);
    if (found == shard.places.end()) return false;
    shard.slots[found->second].was_used = true;
    std::memcpy(into.data(), shard.pages.get() + found->second * kPageBytes + begin, into.size());
    return true;
}

void PageCache::keep(std::uint64_t file, std::uint64_t page, std::span<const std::uint8_t> bytes) {
    const std::uint64_t key = key_of(file, page);
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (shard.room == 0 || shard.places.contains(key)) return;
    const std::size_t place = free_place(shard);
    shard.slots[place] = {key, false};
    shard.places.emplace(key, static_cast<std::uint32_t>(place));
    std::memcpy(shard.pages.get() + place * kPageBytes, bytes.data(), bytes.size());
}

/// A place that holds nothing: a new one, or that of the first page under the hand that was not used since
/// the hand came by.
std::size_t PageCache::free_place(Shard& shard) {
    if (shard.slots.size() < shard.room) {
        shard.slots.push_back({});
        return shard.slots.size() - 1;
    }
    while (shard.slots[shard.hand].was_used) {
        shard.slots[shard.hand].was_used = false;
        shard.hand = (shard.hand + 1) % shard.room;
    }
    const std::size_t place = shard.hand;
    shard.hand = (shard.hand + 1) % shard.room;
    shard.places.erase(shard.slots[place].key);
    return place;
}

void PageCache::count(const ReadCounts& more) {
    hits_.fetch_add(more.hits, std::memory_order_relaxed);
    misses_.fetch_add(more.misses, std::memory_order_relaxed);
    reads_.fetch_add(more.reads, std::memory_order_relaxed);
    read_bytes_.fetch_add(more.read_bytes, std::memory_order_relaxed);
}

ReadCounts PageCache::counts() const {
    return {hits_.load(std::memory_order_relaxed), misses_.load(std::memory_order_relaxed),
            reads_.load(std::memory_order_relaxed), read_bytes_.load(std::memory_order_relaxed)};
}

}  // namespace rocchio
