#pragma once
// Texts that wait to be searched, and answers that wait to be fetched. Threads that search here do not hold
// the interpreter's lock, neither while they search nor in between: they wait for nobody who has it, nor does
// anybody for them.

#include <nanobind/nanobind.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "bindings/query_terms.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::bindings {

class SearchQueue {
  public:
    using Clock = std::chrono::steady_clock;

    /// `wake` is where a pipe is written to, and stays its owner's: a byte says that there are answers. A
    /// thread takes up to `most` texts that are searched alike. So many threads as `at_once` begin when there
    /// is a text; a further one does when the batch that began last takes longer than `patience_s`.
    SearchQueue(int wake, std::size_t most, std::size_t at_once, double patience_s);

    /// The best `k` documents for the terms of a text are wanted, by `asker`.
    void ask(nanobind::object asker, nanobind::handle_t<lexical::Searcher> searcher, const QueryTerms& terms,
             std::size_t k);

    /// (asker, hits as JSON) of what was answered since the last call; None instead of hits for a search that
    /// failed.
    nanobind::list take();

    /// Searches what is asked, until it is closed.
    void work();

    /// Ends the threads. What still waits is answered without a search, like one that failed: for `take`.
    void close();

  private:
    /// Its objects are touched by whoever has the interpreter's lock; threads only pass it on.
    struct Query {
        nanobind::object asker, owner;
        const lexical::Searcher* searcher;  // of `owner`
        QueryTerms terms;
        std::size_t k;
        std::optional<std::string> hits;

        bool is_like(const Query& other) const { return searcher == other.searcher && k == other.k; }
    };
    using Queries = std::list<Query>;  // spliced from one to the other, which cannot fail

    bool may_begin() const;
    void wait(std::unique_lock<std::mutex>& lock);
    Queries next();
    void finish(Queries& batch);
    static void search(Queries& batch);

    const int wake_;
    const std::size_t most_, at_once_;
    const Clock::duration patience_;
    std::mutex mutex_;
    std::condition_variable asked_, overdue_;
    Queries waiting_, answered_;
    std::size_t idle_ = 0, searching_ = 0;  // threads
    Clock::time_point begun_;               // when the last batch was
    bool is_watched_ = false;               // whether a thread waits for patience to end
    bool is_told_ = false;                  // whether a byte is in the pipe
    bool is_closed_ = false;
};

}  // namespace rocchio::bindings
