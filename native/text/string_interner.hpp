#pragma once
// Strings to dense numbers and back, for the short strings that tokens are.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rocchio::text {

/// A seed that cannot be foreseen.
std::uint64_t random_seed();

/// Numbers distinct byte strings 0, 1, 2, ... in order of arrival. Open addressing with linear probing; a
/// string of up to 16 bytes lies in its slot, so the usual probe touches one cache line and nothing else. Not
/// thread safe.
class StringInterner {
  public:
    /// `seed` keeps hash values unpredictable, so that no input can be made to collide; ids do not depend on
    /// it.
    explicit StringInterner(std::uint64_t seed);

    /// A string, ready to be looked up.
    struct Key {
        std::uint64_t first;  // of up to 16 bytes: the bytes, padded with zeros; of more: two hashes
        std::uint64_t second;
        std::uint64_t hash;
        std::uint32_t length;
    };

    /// `readable`: how many bytes from text.data() on may be read, at least text.size(). With 16 there is no
    /// branch on the length, which no processor could predict.
    Key key_of(std::string_view text, std::size_t readable) const {
        if (text.size() > kInline) {
            return long_key_of(text);
        }
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        if (readable >= kInline) {
            const std::size_t size = text.size();
            first = load(text.data()) & kMasks[size < 8 ? size : 8];
            second = load(text.data() + 8) & kMasks[size < 8 ? 0 : size - 8];
        } else {
            char padded[kInline] = {};
            if (!text.empty()) {
                std::memcpy(padded, text.data(), text.size());
            }
            first = load(padded);
            second = load(padded + 8);
        }
        return finished(first, second, text.size());
    }

    /// Starts to load what intern() will look at first.
    void prefetch(const Key& key) const {
#if defined(__GNUC__)
        __builtin_prefetch(&slots_[key.hash & mask_]);
#else
        static_cast<void>(key);
#endif
    }

    /// The number of `text`, whose key is `key`; it is new if it equals size() before the call.
    /// Throws std::length_error beyond 2^32 - 16 strings.
    std::uint32_t intern(std::string_view text, const Key& key) {
        for (std::size_t at = key.hash & mask_;; at = (at + 1) & mask_) {
            const Slot& slot = slots_[at];
            if (matches(slot, key, text)) {
                return slot.id;
            }
            if (slot.id == kEmpty) {
                return insert(text, key, at);
            }
        }
    }

    std::uint32_t intern(std::string_view text) { return intern(text, key_of(text, text.size())); }

    std::optional<std::uint32_t> find(std::string_view text) const;

    std::size_t size() const { return ends_.size() - 1; }

    /// The string of an id below size().
    std::string_view operator[](std::uint32_t id) const {
        const auto begin = static_cast<std::size_t>(ends_[id]);
        return {bytes_.data() + begin, static_cast<std::size_t>(ends_[id + 1]) - begin};
    }

    /// All strings, one after the other in order of their ids.
    std::span<const char> bytes() const { return bytes_; }

    /// size() + 1 positions in bytes().
    std::span<const std::int64_t> offsets() const { return ends_; }

    std::size_t memory_bytes() const {
        return slots_.capacity() * sizeof(Slot) + bytes_.capacity() + ends_.capacity() * sizeof(ends_[0]);
    }

  private:
    static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
    static constexpr std::size_t kMaxSize = 0xFFFFFFF0;
    static constexpr std::size_t kInline = 16;
    static constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;
    static constexpr std::uint64_t kMasks[9] = {0,
                                                0xFF,
                                                0xFFFF,
                                                0xFFFFFF,
                                                0xFFFFFFFF,
                                                0xFFFFFFFFFF,
                                                0xFFFFFFFFFFFF,
                                                0xFFFFFFFFFFFFFF,
                                                0xFFFFFFFFFFFFFFFF};

    struct Slot {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        std::uint32_t length = 0;
        std::uint32_t id = kEmpty;
    };

    static std::uint64_t load(const char* from) {
        std::uint64_t value = 0;
        std::memcpy(&value, from, sizeof value);
        return value;
    }

    /// Both halves of the 128-bit product of a and b, folded.
    static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
#if defined(__SIZEOF_INT128__)
        const auto product = static_cast<unsigned __int128>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
        const std::uint64_t crossed = (a >> 32) * (b & 0xFFFFFFFF) + (a & 0xFFFFFFFF) * (b >> 32);
        return (a * b) ^ (((a >> 32) * (b >> 32) + (crossed >> 32)) + std::rotl(crossed, 32));
#endif
    }

    Key finished(std::uint64_t first, std::uint64_t second, std::size_t length) const {
        return {first, second, mix(first ^ seed_, second ^ length ^ second_seed_),
                static_cast<std::uint32_t>(length)};
    }

    Key long_key_of(std::string_view text) const;

    bool matches(const Slot& slot, const Key& key, std::string_view text) const {
        return slot.first == key.first && slot.second == key.second && slot.length == key.length &&
               slot.id != kEmpty &&
               (key.length <= kInline || std::memcmp((*this)[slot.id].data(), text.data(), key.length) == 0);
    }

    std::uint32_t insert(std::string_view text, const Key& key, std::size_t at);
    void grow();

    std::uint64_t seed_;
    std::uint64_t second_seed_;
    std::vector<Slot> slots_;
    std::size_t mask_;
    std::vector<char> bytes_;
    std::vector<std::int64_t> ends_;
};

}  // namespace rocchio::text
