#pragma once
// Interns frequency tuples (how often a term stands in each field) and ranks them by how common they are, so
// that most postings need a bit.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace rocchio::lexical {

class FrequencyTable {
  public:
    explicit FrequencyTable(std::size_t field_count)
        : field_count_(field_count), single_(field_count * kSingle) {}

    /// Provisional code of a tuple; counts the use.
    std::uint32_t intern(std::span<const std::uint32_t> tuple);

    /// Provisional code -> final code: most used first, ties by tuple. Deterministic for the same multiset.
    std::vector<std::uint32_t> ranking() const;

    /// All tuples in the order of `ranking`, row-major.
    std::vector<std::uint32_t> ranked_tuples(std::span<const std::uint32_t> ranking) const;

    std::size_t size() const { return uses_.size(); }

  private:
    static constexpr std::size_t kSingle = 256;

    std::uint32_t insert(std::span<const std::uint32_t> tuple);

    std::size_t field_count_;
    std::vector<std::uint32_t> single_;  // shortcut for terms of one field: [field][tf] -> code + 1
    std::unordered_map<std::u32string, std::uint32_t> codes_;
    std::vector<std::uint32_t> tuples_;
    std::vector<std::uint64_t> uses_;
};

}  // namespace rocchio::lexical
