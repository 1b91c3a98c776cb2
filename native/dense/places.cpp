// What searches of every effort would find, from one scan: how an index is calibrated.

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "base/bitmap.hpp"
#include "dense/list_search.hpp"

namespace rocchio::dense {

namespace {

/// Queries that are looked at together.
constexpr std::size_t kGroup = 32;

/// Of a row that is not among the candidates.
constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

}  // namespace

/// The rows that one query should find.
class VectorIndex::ListSearch::WantedRows {
  public:
    WantedRows(std::span<const std::uint32_t> wanted, std::size_t rows) : is_wanted_(bitmap_bytes(rows)) {
        for (const std::uint32_t row : wanted) {
            numbers_.emplace_back(row, static_cast<std::uint32_t>(numbers_.size()));
            is_wanted_[row / 8] = static_cast<std::uint8_t>(is_wanted_[row / 8] | 1u << row % 8);
        }
        std::sort(numbers_.begin(), numbers_.end());
    }

    bool has(std::uint32_t row) const { return bit_is_set(is_wanted_, row); }

    /// The place of a row, which must be wanted, in the order in which rows were given.
    std::uint32_t number_of(std::uint32_t row) const {
        return std::lower_bound(numbers_.begin(), numbers_.end(), std::pair{row, std::uint32_t{0}})->second;
    }

  private:
    std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers_;
    std::vector<std::uint8_t> is_wanted_;
};

std::vector<std::uint32_t> VectorIndex::places(const VectorQueries& queries,
                                               std::span<const std::uint32_t> wanted,
                                               std::span<const std::size_t> probes, std::size_t most) const {
    const std::size_t count = queries.values.size() / dim();
    std::vector<std::uint32_t> places(wanted.size() * probes.size());
    ListSearch search(*this, queries, {probes.back(), most, 0});
    for (std::size_t first = 0; first < count; first += kGroup) {
        const std::size_t size = std::min(kGroup, count - first), row = first * queries.k;
        search.find_places(queries.values.subspan(first * dim(), size * dim()),
                           wanted.subspan(row, size * queries.k), probes,
                           places.data() + row * probes.size());
    }
    return places;
}

void VectorIndex::ListSearch::find_places(std::span<const float> values,
                                          std::span<const std::uint32_t> wanted,
                                          std::span<const std::size_t> probes, std::uint32_t* places) {
    const PreparedQueries queries(index_.transform_, values);
    leading_ = effort_.probes;  // all in order
    start(queries);
    for (std::size_t query = 0; query < queries.size(); ++query) {
        Progress& progress = progress_[query];
        const WantedRows rows(wanted.subspan(query * queries_.k, queries_.k), index_.rows());
        std::size_t scanned = 0;
        for (const std::size_t until : probes) {
            for (; scanned < std::min(until, progress.lists.size()); ++scanned) {
                const std::size_t next = std::min(scanned + 1, progress.lists.size() - 1);
                scan_list(progress, progress.lists[scanned], reader_.ahead(progress.lists[next].list));
            }
            write_places(progress.candidates.best(), rows, places);
            places += queries_.k;
        }
    }
}

/// Writes where wanted rows stand among candidates.
void VectorIndex::ListSearch::write_places(std::span<const CandidateKey> candidates, const WantedRows& wanted,
                                           std::uint32_t* places) {
    std::fill_n(places, queries_.k, kNowhere);
    const auto is_better = [](CandidateKey a, CandidateKey b) { return a.is_better_than(b); };
    order_.clear();
    std::ranges::copy_if(candidates, std::back_inserter(order_),
                         [&](CandidateKey key) { return wanted.has(key.row()); });
    if (order_.empty()) return;
    std::sort(order_.begin(), order_.end(), is_better);
    std::vector<std::uint32_t> before(order_.size() +
                                      1);  // candidates between one that is wanted and the next
    for (const CandidateKey key : candidates) {
        if (order_.back().is_better_than(key)) continue;
        const auto next = std::upper_bound(order_.begin(), order_.end(), key, is_better);
        ++before[static_cast<std::size_t>(next - order_.begin())];
    }
    std::partial_sum(before.begin(), before.end(), before.begin());
    // of the two entries of a row the better one counts, which is written last
    for (std::size_t i = order_.size(); i-- > 0;) places[wanted.number_of(order_[i].row())] = before[i];
}

}  // namespace rocchio::dense
