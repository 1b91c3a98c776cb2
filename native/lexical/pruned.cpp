// Block-max pruning (Mallia, Suel, Tonellotto, SIGIR 2024), for blocks of eight rows: the sum of the terms'
// block maxima bounds every row of a block, and most blocks never need a look at their postings. What differs
// from the paper: bounds are dense arrays of bytes that are added up for all blocks at streaming speed, so no
// block order has to be built; a sample of the best blocks is scored first, which sets a threshold close to
// the final one. As in the paper, alpha below 1 makes bounds smaller than they are, and answers approximate.
//
// Terms with negative weights only lower scores: they are left out of the bounds of blocks, and count when
// the rows of a block are scored.

#include <algorithm>
#include <bit>

#include "base/prefetch.hpp"
#include "lexical/kernels.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kTileBlocks = 4096;  // 8 KB of bounds, which stay in the first-level cache
constexpr std::size_t kLeastSample = 512;  // groups of which the largest bound is kept
constexpr std::size_t kMostSample = 16384;
constexpr unsigned kBucketShift = 7;

// Maxima are asked for this far ahead: in tiles of many terms no processor notices the run of one.
constexpr std::size_t kMaximaAhead = 1024;

class PrunedSearch {
  public:
    PrunedSearch(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work)
        : query_(query), fixed_(fixed), work_(work), candidates_(work.candidates) {}

    void add_bounds();
    void score_best_blocks();
    bool is_worth_starting() const;
    bool is_worth_going_on() const;
    void score_remaining_blocks();

  private:
    void begin_bounds();
    std::size_t blocks() const { return work_.bounds.size(); }
    std::size_t wanted_seeds() const { return query_.k + 4 * std::min<std::size_t>(query_.k, 16); }
    std::uint16_t block_cut() const;
    std::uint16_t bound_of_best_blocks() const;
    std::span<const std::uint32_t> blocks_above(std::size_t first, std::uint16_t cut) const;
    void forget_blocks(std::size_t first, std::size_t count);
    double blocks_alive(std::uint16_t cut) const;
    bool is_cheaper(double cut, double share) const;
    void enqueue(std::size_t block);
    void enter_queue();
    void add_queued_blocks();
    void score_queue();
    bool adds_to_bounds(std::size_t t) const { return query_.terms[t].weight >= 0.0; }

    // Blocks scored together: enough for their cache misses to overlap, and few enough for the cut to rise
    // between.
    static constexpr std::size_t kQueue = kernels::FoundBlocks::kMost;

    const SegmentQuery& query_;
    const FixedPoint& fixed_;
    Workspace& work_;
    CandidateSet& candidates_;
    const bool knows_good_ = candidates_.are_enough();  // from other segments
    const kernels::BlockKernels& kernels_ = kernels::block_kernels();
    std::vector<std::uint32_t>& queue_ = work_.queue;
};

/// Adds the maxima of terms that have few, and gathers the other terms.
void PrunedSearch::begin_bounds() {
    work_.bounds.assign(padded_blocks(query_.rows()), 0);
    work_.dense_maxima.clear();
    std::uint16_t* bounds = work_.bounds.data();
    for (std::size_t t = 0; t < query_.terms.size(); ++t) {
        const Column& column = *query_.terms[t].column;
        if (!adds_to_bounds(t)) continue;
        const std::uint16_t weight = fixed_.weights()[t];
        if (!column.block_maxima().empty()) {
            work_.dense_maxima.push_back({column.block_maxima().data(), weight});
            continue;
        }
        const auto places = column.entry_blocks();
        const auto maxima = column.entry_maxima();
        work_.work.bytes += places.size() * (sizeof(places[0]) + sizeof(maxima[0]));
        for (std::size_t i = 0; i < places.size(); ++i) {
            std::uint16_t& bound = bounds[places[i]];
            bound = static_cast<std::uint16_t>(bound + kernels::weighted(maxima[i], weight));
        }
    }
}

void PrunedSearch::add_bounds() {
    begin_bounds();
    std::uint16_t* bounds = work_.bounds.data();
    const std::size_t sample = std::clamp(std::bit_ceil(8 * wanted_seeds()), kLeastSample, kMostSample);
    work_.largest.assign(sample, 0);
    const std::size_t tile = std::min(sample, kTileBlocks);
    for (std::size_t first = 0; first < blocks(); first += tile) {
        const std::size_t count = std::min(tile, blocks() - first);
        if (!query_.any_allowed(first * kBlockRows, count * kBlockRows)) {
            std::fill_n(bounds + first, count, std::uint16_t{0});
            continue;
        }
        const std::size_t ahead = std::min(first + kMaximaAhead, blocks());
        for (const auto& [maxima, weight] : work_.dense_maxima) {
            prefetch(maxima + ahead, std::min(count, blocks() - ahead));
            kernels_.add_maxima(bounds + first, maxima + first, count, weight);
        }
        work_.work.bytes += count * work_.dense_maxima.size();
        forget_blocks(first, count);
        kernels_.keep_larger(work_.largest.data() + first % sample, bounds + first, count);
    }
}

/// Blocks of [first, first + count) without a row that may be returned are not looked into.
void PrunedSearch::forget_blocks(std::size_t first, std::size_t count) {
    if (query_.allowed.empty()) return;
    std::uint16_t* bounds = work_.bounds.data();
    for (std::size_t block = first; block < std::min(first + count, query_.allowed.size()); ++block)
        bounds[block] = query_.allowed[block] != 0 ? bounds[block] : std::uint16_t{0};  // a byte is a block
}

/// Blocks with bounds above this are looked into: those with alpha * bound > cut, as bounds are whole
/// numbers.
std::uint16_t PrunedSearch::block_cut() const {
    const double cut = static_cast<double>(candidates_.cut()) / query_.alpha;
    return static_cast<std::uint16_t>(std::min(cut, 65535.0));
}

/// A bound that about as many blocks exceed as are wanted to start with.
std::uint16_t PrunedSearch::bound_of_best_blocks() const {
    std::array<std::uint32_t, (1u << 16 >> kBucketShift)> histogram{};
    for (const std::uint16_t bound : work_.largest) ++histogram[bound >> kBucketShift];
    const std::size_t bucket = bucket_of_kth(histogram, wanted_seeds());
    return bucket == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>((bucket << kBucketShift) - 1);
}

/// Blocks of the tile that begins at `first` whose bounds exceed `cut`, counted from `first`.
std::span<const std::uint32_t> PrunedSearch::blocks_above(std::size_t first, std::uint16_t cut) const {
    const std::size_t count = std::min(kTileBlocks, blocks() - first);
    work_.found_above.resize(std::max(work_.found_above.size(), kTileBlocks));
    return {work_.found_above.data(),
            kernels_.find_above(work_.found_above.data(), work_.bounds.data() + first, count, cut)};
}

void PrunedSearch::score_best_blocks() {
    const std::uint16_t cut = std::max(bound_of_best_blocks(), block_cut());
    for (std::size_t first = 0; first < blocks(); first += kTileBlocks) {
        for (const std::uint32_t at : blocks_above(first, cut)) {
            work_.bounds[first + at] = 0;  // done
            enqueue(first + at);
        }
    }
    score_queue();
}

/// Blocks with bounds above `cut`, by a sample.
double PrunedSearch::blocks_alive(std::uint16_t cut) const {
    constexpr std::size_t kSampled = 8;  // every eighth step is large enough
    std::size_t alive = 0;
    std::uint32_t found[kernels::kScanBlocks];
    for (std::size_t first = 0; first < blocks(); first += kSampled * kernels::kScanBlocks)
        alive += kernels_.find_above(found, work_.bounds.data() + first, kernels::kScanBlocks, cut);
    return static_cast<double>(kSampled * alive);
}

bool PrunedSearch::is_cheaper(double cut, double share) const {
    const double blocks = share * blocks_alive(static_cast<std::uint16_t>(std::min(cut, 65535.0)));
    return blocks_cost(blocks, work_.size) < exhaustive_cost(work_.size, query_.k);
}

bool PrunedSearch::is_worth_starting() const {
    return is_cheaper(std::max<double>(block_cut(), kLeastOfBest * bound_of_best_blocks()),
                      scored_share(work_.size, query_.k, knows_good_));
}

bool PrunedSearch::is_worth_going_on() const {
    return is_cheaper(block_cut(), remaining_share(knows_good_));
}

void PrunedSearch::score_remaining_blocks() {
    std::uint16_t cut = block_cut();
    for (std::size_t first = 0; first < blocks(); first += kTileBlocks) {
        for (const std::uint32_t at : blocks_above(first, cut)) {
            if (work_.bounds[first + at] <= cut) continue;  // it rose meanwhile
            enqueue(first + at);
            if (queue_.empty()) cut = block_cut();
        }
    }
    score_queue();
}

void PrunedSearch::enqueue(std::size_t block) {
    for (const QueryTerm& term : query_.terms) term.column->ask_for_block(block);
    queue_.push_back(static_cast<std::uint32_t>(block));
    if (queue_.size() == kQueue) score_queue();
}

/// Gives the queued blocks, which ascend, their places. Words without a queued block stay zero.
void PrunedSearch::enter_queue() {
    work_.queue_places.resize(std::max(work_.queue_places.size(), blocks() / 64 + 1));
    for (std::uint32_t j = 0; j < queue_.size(); ++j) {
        kernels::DirectoryWord& word = work_.queue_places[queue_[j] / 64];
        if (word.bits == 0) word.first = j;
        word.bits |= std::uint64_t{1} << (queue_[j] % 64);
    }
}

/// The sums of the rows of queued blocks; sums below 0 become 0.
void PrunedSearch::add_queued_blocks() {
    work_.work.read(queue_.size() * query_.terms.size(), Column::kLookBytes);
    work_.sums.assign(queue_.size() * kBlockRows, 0);
    work_.minus.assign(queue_.size() * kBlockRows, 0);
    const Column::Queue queue{queue_, work_.queue_places};
    work_.found.resize(std::max(work_.found.size(), query_.terms.size()));
    for (std::size_t t = 0; t < query_.terms.size(); ++t)
        query_.terms[t].column->find_blocks(kernels_, queue, work_.found[t]);
    bool any_negative = false;
    for (std::size_t t = 0; t < query_.terms.size(); ++t) {
        const bool negative = !adds_to_bounds(t);
        any_negative |= negative;
        query_.terms[t].column->score_blocks(kernels_, queue, work_.found[t], fixed_.weights()[t],
                                             negative ? work_.minus.data() : work_.sums.data());
    }
    if (!any_negative) return;
    for (std::size_t i = 0; i < work_.sums.size(); ++i) {
        const std::uint16_t less = std::min(work_.sums[i], work_.minus[i]);
        work_.sums[i] = static_cast<std::uint16_t>(work_.sums[i] - less);
    }
}

void PrunedSearch::score_queue() {
    if (queue_.empty()) return;
    enter_queue();
    add_queued_blocks();
    for (std::size_t j = 0; j < queue_.size(); ++j) {
        const std::uint16_t* sums = work_.sums.data() + j * kBlockRows;
        for (std::uint32_t mask = kernels_.rows_above(sums, candidates_.cut()); mask != 0; mask &= mask - 1) {
            const auto at = static_cast<std::uint32_t>(std::countr_zero(mask));
            const auto row = static_cast<std::uint32_t>(queue_[j] * kBlockRows + at);
            if (query_.is_allowed(row)) candidates_.add(row, sums[at]);
        }
    }
    for (const std::uint32_t block : queue_) work_.queue_places[block / 64] = {};
    queue_.clear();
    candidates_.raise_cut();
}

}  // namespace

bool collect_pruned(const SegmentQuery& query, const FixedPoint& fixed, bool may_give_up, Workspace& work) {
    PrunedSearch search(query, fixed, work);
    search.add_bounds();
    if (may_give_up && !search.is_worth_starting()) return false;
    search.score_best_blocks();
    if (may_give_up && !search.is_worth_going_on()) {
        work.candidates.forget_segment();
        return false;
    }
    search.score_remaining_blocks();
    return true;
}

}  // namespace rocchio::lexical
