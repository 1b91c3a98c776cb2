#include "dense/list_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "base/bitmap.hpp"
#include "base/digit_sort.hpp"
#include "dense/ranking.hpp"

namespace rocchio::dense {

namespace {

/// Queries that are searched together, at most: what they found stays near the second cache.
constexpr std::size_t kGroup = 1024;

/// Queries that want the same list, on average, are enough.
constexpr std::size_t kSharing = 12;

/// Where one row in so many is wanted, all originals are scored in the order of rows: neighbours, and rows
/// that several queries want, then come from memory together.
constexpr std::size_t kSharedRows = 4;

/// Errors of estimates, in standard deviations, that may separate a row of the best k from the k-th.
constexpr float kDeviations = 6.0f;

/// One in this many lists of a query is scanned before the lists are taken in order.
constexpr std::size_t kLeading = 8;

/// Rows for each wanted result that are watched: when they no longer change, neither do the results.
constexpr std::size_t kWatched = 2;

/// Of `after`, what is not in `before`; both increase.
float share_of_new(std::span<const std::uint32_t> before, std::span<const std::uint32_t> after) {
    std::size_t kept = 0;
    for (const std::uint32_t row : after) kept += std::ranges::binary_search(before, row);
    return static_cast<float>(after.size() - kept) /
           static_cast<float>(std::max<std::size_t>(after.size(), 1));
}

}  // namespace

VectorResults VectorIndex::search(const VectorQueries& queries, const Effort& effort) const {
    const std::size_t count = queries.values.size() / dim(), k = queries.k;
    VectorResults results{std::vector<std::int64_t>(count * k), std::vector<float>(count * k), {}};
    ListSearch search(*this, queries, effort);
    std::vector<std::size_t> unsettled;
    const std::size_t group =
        std::clamp<std::size_t>(kSharing * lists() / std::max<std::size_t>(effort.probes, 1), 64, kGroup);
    for (std::size_t first = 0; first < count; first += group) {
        const std::size_t size = std::min(group, count - first);
        for (const std::size_t query :
             search.run(queries.values.subspan(first * dim(), size * dim()), results.rows.data() + first * k,
                        results.scores.data() + first * k)) {
            unsettled.push_back(first + query);
        }
    }
    results.work = search.work();
    answer_exactly(unsettled, queries, results);
    return results;
}

/// Replaces the results of some queries, which are given by their numbers.
void VectorIndex::answer_exactly(std::span<const std::size_t> chosen, const VectorQueries& queries,
                                 VectorResults& results) const {
    if (chosen.empty()) return;
    std::vector<float> values;
    for (const std::size_t query : chosen) {
        const auto given = queries.values.subspan(query * dim(), dim());
        values.insert(values.end(), given.begin(), given.end());
    }
    const VectorResults found = exact({values, queries.k, queries.allowed});
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        std::copy_n(found.rows.begin() + static_cast<std::ptrdiff_t>(i * queries.k), queries.k,
                    results.rows.begin() + static_cast<std::ptrdiff_t>(chosen[i] * queries.k));
        std::copy_n(found.scores.begin() + static_cast<std::ptrdiff_t>(i * queries.k), queries.k,
                    results.scores.begin() + static_cast<std::ptrdiff_t>(chosen[i] * queries.k));
    }
    results.work.refined += found.work.refined;
    results.work.rescored += found.work.rescored;
}

VectorIndex::ListSearch::ListSearch(const VectorIndex& index, const VectorQueries& queries,
                                    const Effort& effort)
    : index_(index),
      queries_(queries),
      effort_(effort),
      reader_(index),
      choice_(index),
      scoring_(index.transform_.metric(), index.originals_) {
    effort_.probes = std::clamp<std::size_t>(effort.probes, 1, index.lists());
    effort_.most_probes = std::clamp(effort.most_probes, effort_.probes, index.lists());
    leading_ = (effort_.probes + kLeading - 1) / kLeading;
    // more than all entries cannot be kept: a number from a file must not decide how much memory is taken
    const std::size_t entries = index.first_blocks_.back() * kernels::kSignRows;
    effort_.refine = std::clamp<std::size_t>(effort.refine, 1, std::max<std::size_t>(entries, 1));
}

std::vector<std::size_t> VectorIndex::ListSearch::run(std::span<const float> values, std::int64_t* rows,
                                                      float* scores) {
    const PreparedQueries queries(index_.transform_, values);
    start(queries);
    scan_nearest(queries.size());
    give_up(queries.size());
    scan_by_list(queries.size());
    std::vector<std::size_t> unsettled;
    for (std::size_t query = 0; query < queries.size(); ++query) {
        if (settle(queries, query)) continue;
        unsettled.push_back(query);
        progress_[query].candidates.reset(effort_.refine);  // nothing to look at closely
    }
    work_.unsettled += unsettled.size();
    gather_rows(queries.size());
    contenders_.clear();
    contender_ends_.clear();
    shares_originals_ = queries.size() * queries_.k > index_.rows() / kSharedRows;
    std::size_t scored = 0;
    for (std::size_t query = 0; query < queries.size(); ++query) {
        refine(queries, query);
        if (shares_originals_) continue;
        score_contenders(queries, scored, query, rows, scores);  // whose originals have come meanwhile
        scored = query;
    }
    score_contenders(queries, scored, queries.size(), rows, scores);
    return unsettled;
}

/// Nothing is found yet, and the lists are chosen.
void VectorIndex::ListSearch::start(const PreparedQueries& queries) {
    if (progress_.size() < queries.size()) progress_.resize(queries.size());
    for (std::size_t query = 0; query < queries.size(); ++query) {
        progress_[query].tables.set(queries.values(query), queries.width());
        progress_[query].candidates.reset(effort_.refine);
        progress_[query].met = progress_[query].seen = 0;
        progress_[query].is_given_up = false;
    }
    choose_lists(queries);
    expect_lists(queries.size());
}

/// Chooses the nearest lists; those that are scanned first are in order.
void VectorIndex::ListSearch::choose_lists(const PreparedQueries& queries) {
    choice_.for_each(queries, [&](std::size_t query, const std::int32_t* centroid_dots) {
        choice_.choose(queries, query, centroid_dots, effort_.probes, leading_, progress_[query].lists);
    });
}

/// Says which lists will be scanned, so that those that are read are read side by side.
void VectorIndex::ListSearch::expect_lists(std::size_t count) {
    if (index_.lists_in_memory_) return;
    std::vector<std::uint32_t> lists;
    for (std::size_t query = 0; query < count; ++query)
        for (std::size_t place = 0; place < effort_.probes; ++place)
            lists.push_back(progress_[query].lists[place].list);
    std::sort(lists.begin(), lists.end());
    lists.erase(std::unique(lists.begin(), lists.end()), lists.end());
    for (const std::uint32_t list : lists) reader_.expect(list);
}

void VectorIndex::ListSearch::scan_nearest(std::size_t count) {
    for (std::size_t query = 0; query < count; ++query) {
        Progress& progress = progress_[query];
        for (std::size_t place = 0; place < leading_; ++place) {
            const std::size_t next = std::min(place + 1, leading_ - 1);
            scan_list(progress, progress.lists[place], reader_.ahead(progress.lists[next].list));
        }
    }
}

/// Where an exact search costs no more than scanning further lists, queries are given up that the mask
/// clearly has something against: of few entries, half the share that is enough leaves no doubt.
void VectorIndex::ListSearch::give_up(std::size_t count) {
    if (!queries_.allowed || effort_.most_probes > effort_.probes || effort_.probes == index_.lists()) return;
    for (Progress& progress : std::span(progress_).first(count)) {
        progress.is_given_up =
            static_cast<double>(progress.met) < effort_.least_share / 2 * static_cast<double>(progress.seen);
    }
}

/// Scans the other lists that queries chose, one list after another, each for all queries that chose it.
void VectorIndex::ListSearch::scan_by_list(std::size_t count) {
    struct Visit {
        std::uint32_t query;
        ScoredList list;
    };
    std::vector<std::uint32_t> ends(index_.lists() + 1);  // of each list's visits, once they are in order
    for (const Progress& progress : std::span(progress_).first(count)) {
        if (progress.is_given_up) continue;
        for (std::size_t place = leading_; place < effort_.probes; ++place)
            ++ends[progress.lists[place].list];
    }
    std::uint32_t sum = 0;
    for (std::uint32_t& end : ends) sum += std::exchange(end, sum);
    std::vector<Visit> visits(sum);
    for (std::uint32_t query = 0; query < count; ++query) {
        if (progress_[query].is_given_up) continue;
        for (std::size_t place = leading_; place < effort_.probes; ++place) {
            const ScoredList& list = progress_[query].lists[place];
            visits[ends[list.list]++] = {query, list};
        }
    }
    const auto after = [&](std::size_t i) { return visits[std::min(i, visits.size() - 1)]; };
    for (std::size_t i = 0; i < visits.size(); ++i) {
        const Visit next = after(i + 1);
        fetch(&progress_[after(i + 2).query], sizeof(Progress));
        progress_[next.query].tables.fetch();
        scan_list(progress_[visits[i].query], visits[i].list, reader_.ahead(next.list.list));
    }
}

/// Whether the nearest lists are enough: what calibration measured holds while a mask leaves about as many of
/// the best rows as of others.
bool VectorIndex::ListSearch::is_settled(const Progress& progress) const {
    if (progress.met < effort_.least_entries) return false;
    return !queries_.allowed ||
           effort_.least_share * static_cast<double>(progress.seen) <= static_cast<double>(progress.met);
}

/// Chooses as many lists as a query may scan that the nearest did not settle.
void VectorIndex::ListSearch::choose_further_lists(const PreparedQueries& queries, std::size_t query) {
    std::vector<std::int32_t> dots(index_.lists());
    kernels::vector_kernels().dot_rows(index_.centroid_codes_.data(), queries.width(), index_.lists(),
                                       queries.codes(query), dots.data());
    const std::size_t most = queries_.allowed ? effort_.most_probes : index_.lists();
    choice_.choose(queries, query, dots.data(), most, most, progress_[query].lists);
}

/// Scans further lists, the nearest first, until the best rows change little. False if that would take too
/// many.
bool VectorIndex::ListSearch::settle(const PreparedQueries& queries, std::size_t query) {
    Progress& progress = progress_[query];
    if (progress.is_given_up) return false;
    if (is_settled(progress) || effort_.probes == index_.lists()) return true;
    if (queries_.allowed && effort_.most_probes == effort_.probes) return false;
    choose_further_lists(queries, query);
    std::size_t place = effort_.probes;
    const auto scan_next = [&] {
        const std::size_t next = std::min(place + 1, progress.lists.size() - 1);
        scan_list(progress, progress.lists[place], reader_.ahead(progress.lists[next].list));
        ++place;
    };
    while (place < index_.lists() && progress.met < effort_.least_entries) {
        if (place >= effort_.most_probes) return false;
        scan_next();
    }
    if (!queries_.allowed || is_settled(progress)) return true;
    float changed = 1.0f;
    while (place < index_.lists() && changed > effort_.most_new) {
        const std::size_t until = std::min(2 * place, index_.lists());
        if (until > effort_.most_probes) return false;
        best_rows(progress, before_);
        while (place < until) scan_next();
        best_rows(progress, after_);
        changed = share_of_new(before_, after_);
    }
    return true;
}

/// The rows of the best candidates, in order, each once.
void VectorIndex::ListSearch::best_rows(Progress& progress, std::vector<std::uint32_t>& rows) {
    const std::span<const CandidateKey> best = progress.candidates.best();
    order_.assign(best.begin(), best.end());
    const std::size_t watched = kWatched * queries_.k;
    if (watched < order_.size()) {
        select_best(order_, watched);
        order_.resize(watched);
    }
    rows.clear();
    for (const CandidateKey candidate : order_) rows.push_back(candidate.row());
    sort_rows(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

void VectorIndex::ListSearch::sort_rows(std::span<std::uint32_t> rows) {
    sort_by_digits(rows, spare_rows_, [](std::uint32_t row) { return row; });
}

/// `following` is the block that will be scanned after this list, or null.
void VectorIndex::ListSearch::scan_list(Progress& progress, const ScoredList& list,
                                        const std::uint8_t* following) {
    work_.lists += 1;
    work_.entries += index_.sizes_[list.list];
    reader_.open(list.list);
    for (BlockRun run; reader_.next(run);) scan_blocks(progress, list, run, following);
}

void VectorIndex::ListSearch::scan_blocks(Progress& progress, const ScoredList& list, const BlockRun& run,
                                          const std::uint8_t* following) {
    const BlockLayout& layout = index_.layout_;
    const auto& kernels = kernels::vector_kernels();
    const std::uint8_t* block = run.blocks;
    for (std::size_t begin = 0; begin < run.entries; begin += kernels::kSignRows, block += layout.bytes) {
        const bool is_last = run.entries - begin <= kernels::kSignRows;
        const kernels::SignEstimate estimate =
            progress.tables.estimate(list.product, progress.candidates.threshold());
        const std::uint8_t* next = !is_last ? block + layout.bytes : following != nullptr ? following : block;
        float estimates[kernels::kSignRows];
        std::uint32_t found =
            kernels.scan_signs(block, layout.groups, progress.tables.tables(), layout.factors_of(block),
                               layout.addends_of(block), estimate, next, estimates);
        const std::uint32_t* rows = layout.rows_of(block);
        if (is_last) found &= ~std::uint32_t{0} >> (begin + kernels::kSignRows - run.entries);
        if (found == 0) continue;
        progress.seen += static_cast<std::uint64_t>(std::popcount(found));
        if (queries_.allowed) found = allowed_of(found, rows);
        progress.met += static_cast<std::uint64_t>(std::popcount(found));
        for (; found != 0; found &= found - 1) {
            const auto place = static_cast<std::size_t>(std::countr_zero(found));
            progress.candidates.add({estimates[place], rows[place]});
        }
    }
}

/// Of some rows of a block, given as bits, those that may be found. No branch depends on a row: which are
/// allowed cannot be foreseen.
std::uint32_t VectorIndex::ListSearch::allowed_of(std::uint32_t found, const std::uint32_t* rows) const {
    std::uint32_t allowed = 0;
    for (; found != 0; found &= found - 1) {
        const int place = std::countr_zero(found);
        allowed |= static_cast<std::uint32_t>(bit_is_set(*queries_.allowed, rows[place])) << place;
    }
    return allowed;
}

/// Brings the rows of the best candidates together, in order if their codes are read. Rows that two lists
/// showed count once.
void VectorIndex::ListSearch::gather_rows(std::size_t count) {
    rows_.clear();
    row_ends_.clear();
    for (std::size_t query = 0; query < count; ++query) {
        const auto first = static_cast<std::ptrdiff_t>(rows_.size());
        const std::span<const CandidateKey> best = progress_[query].candidates.best();
        distinct_.reset(best.size());
        for (const CandidateKey candidate : best)
            if (distinct_.add(candidate.row())) rows_.push_back(candidate.row());
        if (!index_.codes_.in_memory()) sort_rows(std::span(rows_).subspan(static_cast<std::size_t>(first)));
        row_ends_.push_back(rows_.size());
    }
    work_.refined += rows_.size();
}

/// Estimates a query's rows again, from their eight-bit codes, and keeps those that may be among the best k.
void VectorIndex::ListSearch::refine(const PreparedQueries& queries, std::size_t query) {
    const std::size_t first = query > 0 ? row_ends_[query - 1] : 0, last = row_ends_[query];
    for (std::size_t i = first; i < last; ++i) fetch(&index_.constants_[rows_[i]], sizeof(RowConstants));
    multiply_codes(std::span(rows_).subspan(first, last - first), queries.codes(query));
    refined_.clear();
    for (std::size_t i = first; i < last; ++i) {
        const RowConstants& row = index_.constants_[rows_[i]];
        const float value = queries.constants(query).product(dots_[i - first], row);
        refined_.emplace_back(Candidate{value + addend_of(row, index_.transform_.metric()), rows_[i]});
    }
    const float root = std::sqrt(static_cast<float>(queries.width()));
    const float deviation =
        (queries.norm(query) * index_.mean_error_ + queries.error(query) * index_.mean_norm_) / root;
    keep_contenders(kDeviations * deviation);
}

/// Products of a query's code with those of rows.
void VectorIndex::ListSearch::multiply_codes(std::span<const std::uint32_t> rows, const std::int8_t* query) {
    const std::size_t width = index_.transform_.width();
    const auto& kernels = kernels::vector_kernels();
    dots_.resize(rows.size());
    if (index_.codes_.in_memory()) {
        kernels.dot_chosen(index_.codes_.row(0), width, rows.data(), rows.size(), rows.size(), query,
                           dots_.data());
        return;
    }
    const std::size_t most = tile_rows(width);
    for (std::size_t first = 0; first < rows.size(); first += most) {
        const auto some = rows.subspan(first, std::min(most, rows.size() - first));
        std::uint8_t* codes = row_reader_.bytes(some.size() * width);
        index_.codes_.gather(some, codes, row_reader_.buffer, true);
        kernels.dot_rows(codes, width, some.size(), query, dots_.data() + first);
    }
}

/// Keeps the refined rows that are at most `slack` worse than the k-th.
void VectorIndex::ListSearch::keep_contenders(float slack) {
    float least = -std::numeric_limits<float>::infinity();
    if (queries_.k < refined_.size()) {
        select_best(refined_, queries_.k);
        CandidateKey last = refined_.front();
        for (const CandidateKey key : std::span(refined_).first(queries_.k))
            last = last.is_better_than(key) ? key : last;
        least = last.value() - slack;
    }
    for (const CandidateKey key : refined_)
        if (!(key.value() < least)) {
            if (!shares_originals_ && index_.originals_.in_memory()) index_.originals_.fetch(key.row());
            contenders_.push_back({key.value(), key.row()});
        }
    contender_ends_.push_back(contenders_.size());
}

/// Scores the contenders of queries from the originals and writes the best of each.
void VectorIndex::ListSearch::score_contenders(const PreparedQueries& queries, std::size_t first,
                                               std::size_t last, std::int64_t* rows, float* scores) {
    if (first == last) return;
    std::size_t begin = first > 0 ? contender_ends_[first - 1] : 0;
    scoring_.score(queries.given(first), contenders_, begin,
                   std::span(contender_ends_).subspan(first, last - first));
    work_.rescored += contender_ends_[last - 1] - begin;
    const std::size_t k = queries_.k;
    for (std::size_t query = first; query < last; begin = contender_ends_[query++]) {
        const auto of_query = std::span(contenders_).subspan(begin, contender_ends_[query] - begin);
        write_best(of_query, k, rows + query * k, scores + query * k);
    }
}

}  // namespace rocchio::dense
