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

/// Numbers distinct byte strings 0, 1, 2, ... in order of arrival. Open addressing with linear probing; a
/// string of up to 8 bytes lies in its slot, so the usual probe touches one cache line and nothing else. Not
/// thread safe.
class StringInterner {
  public:
    /// `seed` keeps hash values unpredictable, so that no input can be made to collide; ids do not depend on
    /// it.
    explicit StringInterner(std::uint64_t seed);

    /// The number of `text`, which is new if it equals size() before the call.
    /// Throws std::length_error beyond 2^32 - 16 strings.
    std::uint32_t intern(std::string_view text) {
        const Key key = key_of(text);
        for (std::size_t at = key.hash & mask_;; at = (at + 1) & mask_) {
            const Slot& slot = slots_[at];
            if (slot.id == kEmpty) {
                return insert(text, key, at);
            }
            if (matches(slot, key, text)) {
                return slot.id;
            }
        }
    }

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
    static constexpr std::size_t kInline = 8;

    struct Slot {
        std::uint64_t head = 0;  // the string, padded with zeros, if it has up to 8 bytes; otherwise its hash
        std::uint32_t length = 0;
        std::uint32_t id = kEmpty;
    };

    struct Key {
        std::uint64_t head;
        std::uint64_t hash;
        std::uint32_t length;
    };

    static std::uint64_t load(const char* from, std::size_t count) {
        std::uint64_t value = 0;
        std::memcpy(&value, from, count);
        return value;
    }

    /// Up to 8 bytes in few loads: a memcpy of unknown length would be a call.
    static std::uint64_t load_short(const char* from, std::size_t count) {
        if (count == 8) {
            return load(from, 8);
        }
        if (count >= 4) {  // two loads that overlap; the shift drops what the first has
            return load(from, 4) | load(from + count - 4, 4) >> (8 * (8 - count)) << 32;
        }
        if (count >= 2) {
            return load(from, 2) | load(from + count - 1, 1) << (8 * (count - 1));
        }
        return count == 1 ? load(from, 1) : 0;
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

    Key key_of(std::string_view text) const {
        const auto length = static_cast<std::uint32_t>(text.size());
        if (text.size() <= kInline) {
            const std::uint64_t head = load_short(text.data(), text.size());
            return {head, mix(head ^ seed_, length ^ kMultiplier), length};
        }
        std::uint64_t hash = seed_ ^ length;
        std::size_t at = 0;
        for (; at + 8 < text.size(); at += 8) {
            hash = mix(hash ^ load(text.data() + at, 8), kMultiplier);
        }
        hash = mix(hash ^ load(text.data() + text.size() - 8, 8), kMultiplier);  // may overlap the last one
        return {hash, hash, length};
    }

    bool matches(const Slot& slot, const Key& key, std::string_view text) const {
        return slot.head == key.head && slot.length == key.length &&
               (key.length <= kInline || std::memcmp((*this)[slot.id].data(), text.data(), key.length) == 0);
    }

    std::uint32_t insert(std::string_view text, const Key& key, std::size_t at);
    void grow();

    static constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;

    std::uint64_t seed_;
    std::vector<Slot> slots_;
    std::size_t mask_;
    std::vector<char> bytes_;
    std::vector<std::int64_t> ends_;
};

}  // namespace rocchio::text
