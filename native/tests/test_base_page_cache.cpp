// Reads through a cache: the same bytes as mapped ones, the same damage found, never more pages than there is
// room for.

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "base/checked_file.hpp"
#include "base/page_cache.hpp"
#include "tests/check.hpp"
#include "tests/memory_file.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr std::size_t kRoomFor16 = 16 * (kPageBytes + 200);

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

struct Opened {
    explicit Opened(const std::vector<std::uint8_t>& bytes, std::size_t cache_bytes)
        : cache(std::make_shared<PageCache>(cache_bytes)),
          source(std::make_shared<MemorySource>(bytes)),
          file("memory", bytes, chunk_checksums(bytes), {source, cache}) {}

    std::shared_ptr<PageCache> cache;
    std::shared_ptr<MemorySource> source;
    CheckedFile file;
};

void reads_what_is_mapped() {
    std::mt19937 random(1);
    const std::vector<std::uint8_t> bytes = random_bytes(random, 5 * kChunkBytes + 777);
    for (const std::size_t cache_bytes : {std::size_t{0}, kRoomFor16, bytes.size() * 2}) {
        Opened opened(bytes, cache_bytes);
        ReadBuffer buffer;
        for (int round = 0; round < 200; ++round) {
            const std::size_t size = 1 + random() % (round % 10 == 0 ? 3 * kChunkBytes : 2000);
            std::vector<std::uint64_t> begins(1 + random() % 30);
            for (std::uint64_t& begin : begins) begin = random() % (bytes.size() - size + 1);
            if (round % 3 != 0) std::sort(begins.begin(), begins.end());
            std::vector<std::uint8_t> out(begins.size() * size);
            opened.file.gather(begins, size, out.data(), buffer, round % 4 != 0);
            for (std::size_t i = 0; i < begins.size(); ++i)
                CHECK(std::equal(out.begin() + static_cast<std::ptrdiff_t>(i * size),
                                 out.begin() + static_cast<std::ptrdiff_t>((i + 1) * size),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(begins[i])));
            CHECK(opened.cache->size() <= opened.cache->room());
        }
        CHECK(opened.cache->counts().read_bytes == opened.source->read_bytes);
    }
}

void reads_little_once_chunks_are_verified() {
    std::mt19937 random(2);
    const std::vector<std::uint8_t> bytes = random_bytes(random, 4 * kChunkBytes);
    Opened opened(bytes, 0);
    ReadBuffer buffer;
    std::uint8_t byte = 0;
    const std::uint64_t begin[] = {kChunkBytes + 5000};
    opened.file.gather(begin, 1, &byte, buffer, true);
    CHECK(opened.source->read_bytes == kChunkBytes);
    opened.file.gather(begin, 1, &byte, buffer, true);
    CHECK(opened.source->read_bytes == kChunkBytes + kPageBytes);
    CHECK(byte == bytes[begin[0]]);
}

void keeps_pages_that_are_used() {
    std::mt19937 random(3);
    const std::vector<std::uint8_t> bytes = random_bytes(random, 64 * kChunkBytes);
    Opened opened(bytes, 64 * (kPageBytes + 200));
    ReadBuffer buffer;
    std::uint8_t byte = 0;
    const std::uint64_t often[] = {123};
    for (std::uint64_t page = 0; page < 1000; ++page) {
        const std::uint64_t other[] = {page * kPageBytes};
        opened.file.gather(other, 1, &byte, buffer, true);
        opened.file.gather(often, 1, &byte, buffer, true);
    }
    const ReadCounts counts = opened.cache->counts();
    CHECK(counts.hits >= 995 && counts.hits + counts.misses == 2000);
    opened.cache->resize(0);
    CHECK(opened.cache->size() == 0 && opened.cache->room() == 0);
    opened.file.gather(often, 1, &byte, buffer, true);
    CHECK(opened.cache->size() == 0);
}

void finds_damage() {
    std::mt19937 random(4);
    std::vector<std::uint8_t> bytes = random_bytes(random, 3 * kChunkBytes + 10);
    const std::vector<std::uint32_t> sums = chunk_checksums(bytes);
    bytes[kChunkBytes + 100] ^= 1;
    const auto cache = std::make_shared<PageCache>(kRoomFor16);
    const CheckedFile file("memory", bytes, sums, {std::make_shared<MemorySource>(bytes), cache});
    ReadBuffer buffer;
    std::vector<std::uint8_t> out(2000);
    const std::uint64_t sound[] = {10, 3 * kChunkBytes - 990}, damaged[] = {10, 2 * kChunkBytes - 900};
    file.gather(sound, 1000, out.data(), buffer, true);
    CHECK_THROWS(Corruption, file.gather(damaged, 500, out.data(), buffer, true));
    CHECK_THROWS(Corruption, file.gather(damaged, 500, out.data(), buffer, true));
    const std::uint64_t outside[] = {bytes.size() - 5};
    CHECK_THROWS(Corruption, file.gather(outside, 6, out.data(), buffer, true));
}

void a_source_that_ends_is_damage() {
    std::mt19937 random(5);
    const std::vector<std::uint8_t> bytes = random_bytes(random, 2 * kChunkBytes);
    const auto source = std::make_shared<MemorySource>(std::span(bytes).first(kChunkBytes));
    const CheckedFile file("memory", bytes, chunk_checksums(bytes), {source, std::make_shared<PageCache>(0)});
    ReadBuffer buffer;
    std::uint8_t byte = 0;
    const std::uint64_t begin[] = {kChunkBytes};
    CHECK_THROWS(Corruption, file.gather(begin, 1, &byte, buffer, true));
}

void only_what_is_not_held_is_expected() {
    std::mt19937 random(6);
    const std::vector<std::uint8_t> bytes = random_bytes(random, kChunkBytes);
    Opened opened(bytes, 1 << 20);
    ReadBuffer buffer;
    std::uint8_t byte = 0;
    opened.file.expect(0, 10);
    CHECK(opened.source->expected == 1);
    const std::uint64_t begin[] = {5};
    opened.file.gather(begin, 1, &byte, buffer, true);
    opened.file.expect(0, 10);
    CHECK(opened.source->expected == 1);
    opened.file.expect(0, kPageBytes + 1);
    CHECK(opened.source->expected == 2);
    opened.file.expect(10, 10);
    opened.file.expect(0, bytes.size() + 1);
    CHECK(opened.source->expected == 2);
}

}  // namespace

int main() {
    reads_what_is_mapped();
    reads_little_once_chunks_are_verified();
    keeps_pages_that_are_used();
    finds_damage();
    a_source_that_ends_is_damage();
    only_what_is_not_held_is_expected();
    return failures();
}
