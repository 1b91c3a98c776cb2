#pragma once
// Shares work among threads.

#include <cstddef>
#include <functional>

namespace rocchio {

/// Calls work(i) once for each i < count, on at most `threads` threads, of which this is one. What comes
/// first is begun first; who is free takes the next. If calls throw, no further ones begin, and one of the
/// exceptions is thrown once all threads have ended. Where the system gives no more threads, those that there
/// are do the work.
void for_each_on_threads(std::size_t threads, std::size_t count,
                         const std::function<void(std::size_t)>& work);

}  // namespace rocchio
