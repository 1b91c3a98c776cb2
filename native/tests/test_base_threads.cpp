// Work that threads share: all of it is done once, by as many as are asked for, and failures are told.

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/threads.hpp"
#include "tests/check.hpp"

using namespace rocchio;

namespace {

void test_each_is_done_once(std::size_t threads, std::size_t count) {
    std::vector<std::atomic<int>> done(count);
    for_each_on_threads(threads, count, [&](std::size_t i) { ++done[i]; });
    for (const auto& times : done) CHECK(times == 1);
}

/// The first two wait for each other, which one thread alone could not.
void test_threads_work_at_once() {
    std::atomic<int> here = 0;
    std::mutex mutex;
    std::set<std::thread::id> workers;
    for_each_on_threads(2, 2, [&](std::size_t) {
        ++here;
        while (here < 2) std::this_thread::yield();
        const std::lock_guard lock(mutex);
        workers.insert(std::this_thread::get_id());
    });
    CHECK(workers.size() == 2);
}

void test_one_thread_is_this_one() {
    for_each_on_threads(
        1, 3, [me = std::this_thread::get_id()](std::size_t) { CHECK(std::this_thread::get_id() == me); });
}

void test_a_failure_ends_the_work(std::size_t threads) {
    std::atomic<std::size_t> begun = 0;
    std::string told;
    try {
        for_each_on_threads(threads, 1'000'000, [&](std::size_t i) {
            ++begun;
            if (i == 5) throw std::runtime_error("the fifth");
        });
    } catch (const std::runtime_error& error) {
        told = error.what();
    }
    CHECK(told == "the fifth");
    if (threads == 1) CHECK(begun == 6);
}

}  // namespace

int main() {
    for (const std::size_t threads : {0u, 1u, 2u, 5u, 64u})
        for (const std::size_t count : {0u, 1u, 2u, 7u, 1000u}) test_each_is_done_once(threads, count);
    test_threads_work_at_once();
    test_one_thread_is_this_one();
    for (const std::size_t threads : {1u, 2u, 4u}) test_a_failure_ends_the_work(threads);
    return failures();
}
