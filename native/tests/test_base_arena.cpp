// An arena's memory is aligned, its own, and stays as long as it is held.

#include <cstdint>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "base/arena.hpp"
#include "tests/check.hpp"

using namespace rocchio;

namespace {

struct Held {
    std::shared_ptr<std::byte> memory;
    std::size_t bytes;
    unsigned char mark;

    bool is_whole() const {
        for (std::size_t i = 0; i < bytes; ++i) {
            if (memory.get()[i] != std::byte{mark}) return false;
        }
        return true;
    }
};

Held hold(Arena& arena, std::size_t bytes, unsigned char mark) {
    Held held{arena.allocate(bytes), bytes, mark};
    std::memset(held.memory.get(), mark, bytes);
    return held;
}

void test_memory_is_aligned_and_apart() {
    Arena arena;
    std::vector<Held> all;
    // from nothing to more than the largest piece, small ones in between
    for (const std::size_t bytes : {0u, 1u, 63u, 65u, 4096u, 70'000u, 300'000u, 3'000'000u, 40'000'000u}) {
        for (unsigned char i = 0; i < 3; ++i)
            all.push_back(hold(arena, bytes + i, static_cast<unsigned char>(all.size())));
        all.push_back(hold(arena, 100, static_cast<unsigned char>(all.size())));
    }
    for (const Held& held : all) {
        CHECK(reinterpret_cast<std::uintptr_t>(held.memory.get()) % Arena::kAlignment == 0);
        CHECK(held.is_whole());
    }
}

void test_memory_outlives_the_arena() {
    std::optional<Arena> arena(std::in_place);
    const Held first = hold(*arena, 1000, 1);
    (void)hold(*arena, 1000, 2);
    const Held last = hold(*arena, 5'000'000, 3);
    arena.reset();
    CHECK(first.is_whole() && last.is_whole());
}

void test_many_threads() {
    Arena arena;
    std::vector<std::vector<Held>> held(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < held.size(); ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < 300; ++i)
                held[t].push_back(hold(arena, 17 * i, static_cast<unsigned char>(4 * i + t)));
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& some : held) {
        for (const Held& one : some) CHECK(one.is_whole());
    }
}

}  // namespace

int main() {
    test_memory_is_aligned_and_apart();
    test_memory_outlives_the_arena();
    test_many_threads();
    return failures();
}
