#include "fusion/union.hpp"

#include <bit>
#include <stdexcept>

namespace rocchio::fusion {

namespace {

/// Numbers documents as they come: a hash table of open addresses, at most half full.
class Numbering {
  public:
    explicit Numbering(std::size_t most)
        : slots_(std::bit_ceil(2 * most + 2)), shift_(64 - std::countr_zero(slots_.size())) {
        documents_.reserve(most);
    }

    /// The number of a document; a new one gets the next.
    std::size_t number(std::uint64_t document) {
        // the high bits of a product depend on all bits of a document
        auto at = static_cast<std::size_t>(document * 0x9e3779b97f4a7c15u >> shift_);
        for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1))
            if (documents_[slots_[at] - 1] == document) return slots_[at] - 1;
        documents_.push_back(document);
        slots_[at] = static_cast<std::uint32_t>(documents_.size());
        return documents_.size() - 1;
    }

  private:
    std::vector<std::uint32_t> slots_;  // numbers, counted from 1
    int shift_;
    std::vector<std::uint64_t> documents_;  // by number
};

}  // namespace

DocumentUnion union_of(std::span<const std::span<const std::uint64_t>> lists) {
    std::size_t all = 0;
    for (const auto& list : lists) all += list.size();
    DocumentUnion united;
    united.first.reserve(all);
    Numbering numbering(all);
    std::vector<std::uint32_t> last_list;  // by document, the last list that has it, counted from 1
    last_list.reserve(all);
    std::int64_t position = 0;
    for (std::uint32_t list = 0; list < lists.size(); ++list) {
        std::vector<std::int64_t>& places = united.places.emplace_back();
        places.reserve(lists[list].size());
        for (const std::uint64_t document : lists[list]) {
            const std::size_t number = numbering.number(document);
            if (number == last_list.size()) {
                united.first.push_back(position);
                last_list.push_back(0);
            }
            if (last_list[number] == list + 1)
                throw std::invalid_argument("expected every document once in a ranked list, found one twice");
            last_list[number] = list + 1;
            places.push_back(static_cast<std::int64_t>(number));
            ++position;
        }
    }
    return united;
}

}  // namespace rocchio::fusion
