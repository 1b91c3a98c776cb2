#pragma once
// Token bytes -> surface -> term. Analysis beyond cutting is a function of the token alone, so it runs once
// per distinct token: tokenize() numbers the surfaces, the caller says which term each new surface is, map()
// applies it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "text/string_interner.hpp"
#include "text/tokenize.hpp"

namespace rocchio::text {

inline constexpr std::uint32_t kUnresolved = 0xFFFFFFFE;
inline constexpr std::uint32_t kDropped = 0xFFFFFFFF;

/// A token that has a place in a text; start and end are in bytes.
struct Span {
    std::uint32_t surface;
    std::int64_t start;
    std::int64_t end;
};

/// Terms or surfaces of several texts: those of text i are ids[offsets[i] .. offsets[i + 1]).
struct TokenBatch {
    std::vector<std::uint32_t> ids;
    std::vector<std::int64_t> offsets;
};

/// Different ids, increasing, and which of them each given id is.
struct DistinctIds {
    std::vector<std::uint32_t> ids;
    std::vector<std::uint32_t> places;
};
DistinctIds distinct_ids(std::span<const std::uint32_t> given);

/// Used by one thread at a time.
class TokenTable {
  public:
    explicit TokenTable(TokenizerKind kind);

    /// The surfaces of texts[i] = data[offsets[i] .. offsets[i + 1]). Throws std::invalid_argument unless the
    /// offsets are non-decreasing and inside the data, and there is at least one.
    TokenBatch tokenize(std::string_view data, std::span<const std::int64_t> offsets);

    /// The tokens of one text with their places.
    std::vector<Span> spans(std::string_view text);

    /// The surface of a token that came from elsewhere.
    std::uint32_t intern_surface(std::string_view token) { return surfaces_.intern(token); }

    /// Surfaces from this one on have no term yet.
    std::size_t first_unresolved() const { return term_of_.size(); }

    /// Gives the first unresolved surface its term (nullopt: dropped). Throws std::logic_error if there is
    /// none.
    void resolve_next(std::optional<std::string_view> term);

    /// Each surface's term, kUnresolved or kDropped. Throws std::invalid_argument for a surface that is not
    /// here.
    std::vector<std::uint32_t> terms_of(std::span<const std::uint32_t> surfaces) const;

    /// The same for a batch, without the dropped ones. Throws std::invalid_argument for unresolved surfaces
    /// too, and for offsets as in tokenize().
    TokenBatch map(std::span<const std::uint32_t> surfaces, std::span<const std::int64_t> offsets) const;

    const StringInterner& surfaces() const { return surfaces_; }
    const StringInterner& terms() const { return terms_; }
    std::size_t memory_bytes() const;

  private:
    TokenizerKind kind_;
    StringInterner surfaces_;
    StringInterner terms_;
    std::vector<std::uint32_t> term_of_;  // of the resolved surfaces, which are the first ones
};

}  // namespace rocchio::text
