#include "base/threads.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rocchio {
namespace {

/// Of which each thread takes the next.
class SharedWork {
  public:
    SharedWork(std::size_t count, const std::function<void(std::size_t)>& work)
        : count_(count), work_(work) {}

    void take_part() noexcept {
        try {
            for (std::size_t i = next_++; i < count_; i = next_++) work_(i);
        } catch (...) {
            next_ = count_;
            const std::lock_guard lock(mutex_);
            error_ = std::current_exception();
        }
    }

    /// Once all threads have ended.
    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

  private:
    const std::size_t count_;
    const std::function<void(std::size_t)>& work_;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    std::exception_ptr error_;
};

}  // namespace

void for_each_on_threads(std::size_t threads, std::size_t count,
                         const std::function<void(std::size_t)>& work) {
    SharedWork shared(count, work);
    const std::size_t others = std::max<std::size_t>(std::min(threads, count), 1) - 1;
    std::vector<std::thread> running;
    running.reserve(others);
    try {
        while (running.size() < others) running.emplace_back([&] { shared.take_part(); });
    } catch (const std::exception&) {  // there are no more threads, or no memory for them, to be had
    }
    shared.take_part();
    for (std::thread& thread : running) thread.join();
    shared.rethrow();
}

}  // namespace rocchio
