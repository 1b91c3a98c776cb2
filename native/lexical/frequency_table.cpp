#include "lexical/frequency_table.hpp"

#include <algorithm>
#include <numeric>

namespace rocchio::lexical {

std::uint32_t FrequencyTable::intern(std::span<const std::uint32_t> tuple) {
    std::size_t used_fields = 0;
    std::size_t field = 0;
    for (std::size_t f = 0; f < tuple.size(); ++f) {
        if (tuple[f] == 0) continue;
        ++used_fields;
        field = f;
    }
    if (used_fields != 1 || tuple[field] >= kSingle) {
        const std::uint32_t code = insert(tuple);
        ++uses_[code];
        return code;
    }
    std::uint32_t& shortcut = single_[field * kSingle + tuple[field]];
    if (shortcut == 0) shortcut = insert(tuple) + 1;
    ++uses_[shortcut - 1];
    return shortcut - 1;
}

std::uint32_t FrequencyTable::insert(std::span<const std::uint32_t> tuple) {
    const auto [found, is_new] = codes_.try_emplace(std::u32string(tuple.begin(), tuple.end()),
                                                    static_cast<std::uint32_t>(uses_.size()));
    if (is_new) {
        tuples_.insert(tuples_.end(), tuple.begin(), tuple.end());
        uses_.push_back(0);
    }
    return found->second;
}

std::vector<std::uint32_t> FrequencyTable::ranking() const {
    std::vector<std::uint32_t> order(uses_.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto tuple = [this](std::uint32_t code) {
        return std::span(tuples_).subspan(code * field_count_, field_count_);
    };
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return uses_[a] != uses_[b] ? uses_[a] > uses_[b]
                                    : std::ranges::lexicographical_compare(tuple(a), tuple(b));
    });
    std::vector<std::uint32_t> rank(order.size());
    for (std::size_t place = 0; place < order.size(); ++place)
        rank[order[place]] = static_cast<std::uint32_t>(place);
    return rank;
}

std::vector<std::uint32_t> FrequencyTable::ranked_tuples(std::span<const std::uint32_t> ranking) const {
    std::vector<std::uint32_t> ranked(tuples_.size());
    for (std::size_t code = 0; code < ranking.size(); ++code) {
        std::copy_n(tuples_.begin() + static_cast<std::ptrdiff_t>(code * field_count_), field_count_,
                    ranked.begin() + static_cast<std::ptrdiff_t>(ranking[code] * field_count_));
    }
    return ranked;
}

}  // namespace rocchio::lexical
