#include "text/token_table.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace rocchio::text {
namespace {

void check_offsets(std::span<const std::int64_t> offsets, std::size_t size) {
    if (offsets.empty()) {
        throw std::invalid_argument("expected at least one offset, found none");
    }
    if (offsets.front() < 0 || !std::ranges::is_sorted(offsets) ||
        static_cast<std::size_t>(offsets.back()) > size) {
        throw std::invalid_argument("expected non-decreasing offsets from 0 to " + std::to_string(size) +
                                    ", found one that is smaller than the one before it or outside");
    }
}

/// Tokens on their way to their surfaces. Looking a token up is mostly waiting for memory, so the loads of a
/// group are started together before the first is needed.
class Pending {
  public:
    Pending(StringInterner& surfaces, std::vector<std::uint32_t>& ids, const char* data_end)
        : surfaces_(surfaces), ids_(ids), data_end_(data_end) {}

    void add(std::string_view token) {
        tokens_[count_] = token;
        keys_[count_] = surfaces_.key_of(token, static_cast<std::size_t>(data_end_ - token.data()));
        surfaces_.prefetch(keys_[count_]);
        if (++count_ == kGroup) {
            flush();
        }
    }

    void flush() {
        for (std::size_t i = 0; i < count_; ++i) {
            ids_.push_back(surfaces_.intern(tokens_[i], keys_[i]));
        }
        count_ = 0;
    }

    std::size_t count() const { return count_; }

  private:
    static constexpr std::size_t kGroup = 32;

    StringInterner& surfaces_;
    std::vector<std::uint32_t>& ids_;
    const char* data_end_;
    std::size_t count_ = 0;
    std::array<std::string_view, kGroup> tokens_;
    std::array<StringInterner::Key, kGroup> keys_;
};

[[noreturn]] void throw_unknown_surface(std::uint32_t surface, std::size_t size) {
    throw std::invalid_argument("expected surfaces below " + std::to_string(size) + ", found " +
                                std::to_string(surface) + "; use the table that made them");
}

}  // namespace

DistinctIds distinct_ids(std::span<const std::uint32_t> given) {
    DistinctIds found{{given.begin(), given.end()}, {}};
    std::ranges::sort(found.ids);
    found.ids.erase(std::ranges::unique(found.ids).begin(), found.ids.end());
    found.places.reserve(given.size());
    for (const std::uint32_t id : given) {
        found.places.push_back(
            static_cast<std::uint32_t>(std::ranges::lower_bound(found.ids, id) - found.ids.begin()));
    }
    return found;
}

TokenTable::TokenTable(TokenizerKind kind) : kind_(kind), surfaces_(random_seed()), terms_(random_seed()) {}

TokenBatch TokenTable::tokenize(std::string_view data, std::span<const std::int64_t> offsets) {
    check_offsets(offsets, data.size());
    TokenBatch batch;
    batch.offsets.reserve(offsets.size());
    batch.offsets.push_back(0);
    // English has a token per six bytes
    batch.ids.reserve(static_cast<std::size_t>(offsets.back() - offsets.front()) / 6);
    Pending pending(surfaces_, batch.ids, data.data() + data.size());
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        const auto begin = static_cast<std::size_t>(offsets[i]);
        const std::string_view text = data.substr(begin, static_cast<std::size_t>(offsets[i + 1]) - begin);
        text::tokenize(kind_, text, [&](std::string_view token, std::size_t) { pending.add(token); });
        batch.offsets.push_back(static_cast<std::int64_t>(batch.ids.size() + pending.count()));
    }
    pending.flush();
    return batch;
}

std::vector<Span> TokenTable::spans(std::string_view text) {
    std::vector<Span> found;
    text::tokenize(kind_, text, [&](std::string_view token, std::size_t at) {
        found.push_back({surfaces_.intern(token), static_cast<std::int64_t>(at),
                         static_cast<std::int64_t>(at + token.size())});
    });
    return found;
}

void TokenTable::resolve_next(std::optional<std::string_view> term) {
    if (first_unresolved() == surfaces_.size()) {
        throw std::logic_error("expected an unresolved surface, found none");
    }
    term_of_.push_back(term ? terms_.intern(*term) : kDropped);
}

std::vector<std::uint32_t> TokenTable::terms_of(std::span<const std::uint32_t> surfaces) const {
    std::vector<std::uint32_t> terms;
    terms.reserve(surfaces.size());
    for (const std::uint32_t surface : surfaces) {
        if (surface >= surfaces_.size()) {
            throw_unknown_surface(surface, surfaces_.size());
        }
        terms.push_back(surface < term_of_.size() ? term_of_[surface] : kUnresolved);
    }
    return terms;
}

TokenBatch TokenTable::map(std::span<const std::uint32_t> surfaces,
                           std::span<const std::int64_t> offsets) const {
    check_offsets(offsets, surfaces.size());
    TokenBatch batch;
    batch.ids.resize(static_cast<std::size_t>(offsets.back() - offsets.front()));
    batch.offsets.reserve(offsets.size());
    batch.offsets.push_back(0);
    std::size_t written = 0;
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        for (auto at = static_cast<std::size_t>(offsets[i]); at < static_cast<std::size_t>(offsets[i + 1]);
             ++at) {
            if (surfaces[at] >= term_of_.size()) {
                throw_unknown_surface(surfaces[at], term_of_.size());
            }
            // written unconditionally, kept only if not dropped: stopwords are too frequent to branch on
            batch.ids[written] = term_of_[surfaces[at]];
            written += batch.ids[written] != kDropped;
        }
        batch.offsets.push_back(static_cast<std::int64_t>(written));
    }
    batch.ids.resize(written);
    return batch;
}

std::size_t TokenTable::memory_bytes() const {
    return surfaces_.memory_bytes() + terms_.memory_bytes() + term_of_.capacity() * sizeof(term_of_[0]);
}

}  // namespace rocchio::text
