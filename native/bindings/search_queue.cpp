#include "bindings/search_queue.hpp"

#include <cstdint>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/hits_json.hpp"

#if !defined(_WIN32)
#include <unistd.h>
#endif

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {

SearchQueue::SearchQueue(int wake, std::size_t most, std::size_t at_once, double patience_s)
    : wake_(wake),
      most_(most),
      at_once_(at_once),
      patience_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(patience_s))) {
    if (most == 0 || at_once == 0) {
        throw std::invalid_argument("expected most and at_once of at least 1, found " + std::to_string(most) +
                                    " and " + std::to_string(at_once));
    }
}

void SearchQueue::ask(nb::object asker, nb::handle_t<lexical::Searcher> searcher, const QueryTerms& terms,
                      std::size_t k) {
    if (k == 0) throw std::invalid_argument("expected k of at least 1, found 0");
    const auto* const native = nb::cast<const lexical::Searcher*>(searcher);
    Queries asked;
    asked.push_back({std::move(asker), nb::borrow(searcher), native, terms, k, std::nullopt});
    bool is_wanted;
    {
        const std::lock_guard lock(mutex_);
        waiting_.splice(waiting_.end(), asked);
        is_wanted = idle_ > 0 && (searching_ < at_once_ || !is_watched_);
    }
    if (is_wanted) asked_.notify_one();
}

nb::list SearchQueue::take() {
    Queries answered;
    {
        const std::lock_guard lock(mutex_);
        answered.swap(answered_);
        is_told_ = false;
    }
    nb::list answers;
    for (Query& query : answered) {
        nb::object hits = nb::none();
        if (query.hits) hits = nb::bytes(query.hits->data(), query.hits->size());
        answers.append(nb::make_tuple(std::move(query.asker), std::move(hits)));
    }
    return answers;
}

void SearchQueue::work() {
    for (;;) {
        Queries batch = next();
        if (batch.empty()) return;
        try {
            search(batch);
        } catch (const std::exception&) {  // whoever asked may search in a way that says why
            for (Query& query : batch) query.hits.reset();
        }
        finish(batch);
    }
}

void SearchQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        answered_.splice(answered_.end(), waiting_);
    }
    asked_.notify_all();
    overdue_.notify_all();
}

bool SearchQueue::may_begin() const {
    return !waiting_.empty() && (searching_ < at_once_ || Clock::now() >= begun_ + patience_);
}

/// Until there may be something to do. One thread looks at the clock, which is enough: the others need not
/// wake up.
void SearchQueue::wait(std::unique_lock<std::mutex>& lock) {
    if (waiting_.empty() || is_watched_) {
        ++idle_;
        asked_.wait(lock);
        --idle_;
    } else {
        is_watched_ = true;
        overdue_.wait_until(lock, begun_ + patience_);
        is_watched_ = false;
    }
}

/// The text that has waited longest and those behind it that are alike; none when it is closed.
SearchQueue::Queries SearchQueue::next() {
    std::unique_lock lock(mutex_);
    while (!is_closed_ && !may_begin()) wait(lock);
    Queries batch;
    if (is_closed_) return batch;
    auto end = waiting_.begin();
    std::size_t size = 0;
    while (end != waiting_.end() && size < most_ && end->is_like(waiting_.front())) ++end, ++size;
    batch.splice(batch.end(), waiting_, waiting_.begin(), end);
    ++searching_;
    begun_ = Clock::now();
    return batch;
}

void SearchQueue::search(Queries& batch) {
    std::vector<std::string_view> distinct;
    std::vector<std::uint32_t> terms;
    std::vector<std::uint64_t> offsets{0};
    for (const Query& query : batch) {
        const auto first = static_cast<std::uint32_t>(distinct.size());
        distinct.insert(distinct.end(), query.terms.distinct.begin(), query.terms.distinct.end());
        for (const std::uint32_t place : query.terms.places) terms.push_back(first + place);
        offsets.push_back(terms.size());
    }
    const std::vector<double> weights(terms.size(), 1.0);
    const lexical::Searcher& searcher = *batch.front().searcher;
    const lexical::BatchResult found =
        searcher.search(distinct, {offsets, terms, weights}, batch.front().k, {}, lexical::Kernel::automatic);
    std::size_t number = 0;
    for (Query& query : batch) {
        const std::size_t begin = found.offsets[number], end = found.offsets[++number];
        query.hits = hits_json(searcher, std::span(found.hits).subspan(begin, end - begin));
    }
}

void SearchQueue::finish(Queries& batch) {
    bool was_told;
    {
        const std::lock_guard lock(mutex_);
        --searching_;
        answered_.splice(answered_.end(), batch);
        was_told = std::exchange(is_told_, true);
    }
#if !defined(_WIN32)
    if (!was_told) [[maybe_unused]]
        const auto written = ::write(wake_, "", 1);  // a full pipe has told already
#endif
}

void bind_search_queue(nb::module_& module) {
    nb::class_<SearchQueue>(module, "SearchQueue",
                            "Texts that wait to be searched, and answers to be fetched.")
        .def(nb::init<int, std::size_t, std::size_t, double>(), "wake"_a, "most"_a, "at_once"_a,
             "patience_s"_a,
             "A byte written to `wake` says that there are answers. A thread takes up to `most` texts; "
             "`at_once` threads "
             "begin when there are some, a further one when the batch that began last takes longer than "
             "`patience_s`.")
        .def("ask", &SearchQueue::ask, "asker"_a, "searcher"_a, "terms"_a, "k"_a,
             "The best k documents for a text are wanted, by whatever `asker` is.")
        .def("take", &SearchQueue::take,
             "(asker, hits as JSON) of what was answered since the last call; None for a search that failed.")
        .def("work", &SearchQueue::work, nb::call_guard<nb::gil_scoped_release>(),
             "Searches what is asked until it is closed, without the interpreter's lock. For threads.")
        .def("close", &SearchQueue::close,
             "Ends the threads; what still waits is answered without a search, like one that failed.");
}

}  // namespace rocchio::bindings
