#include "text/string_interner.hpp"

#include <random>
#include <stdexcept>
#include <utility>

namespace rocchio::text {
namespace {
constexpr std::size_t kFirstSlots = 1024;
static_assert(std::endian::native == std::endian::little,
              "kMasks keeps the first bytes, which must be the low ones");
}  // namespace

std::uint64_t random_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

StringInterner::StringInterner(std::uint64_t seed)
    : seed_(seed),
      second_seed_(mix(seed, kMultiplier)),
      slots_(kFirstSlots),
      mask_(kFirstSlots - 1),
      ends_{0} {}

std::optional<std::uint32_t> StringInterner::find(std::string_view text) const {
    const Key key = key_of(text, text.size());
    for (std::size_t at = key.hash & mask_;; at = (at + 1) & mask_) {
        if (slots_[at].id == kEmpty) {
            return std::nullopt;
        }
        if (matches(slots_[at], key, text)) {
            return slots_[at].id;
        }
    }
}

StringInterner::Key StringInterner::long_key_of(std::string_view text) const {
    std::uint64_t first = seed_;
    std::uint64_t second = second_seed_;
    const auto add = [&](const char* from) {
        const std::uint64_t value = load(from);
        first = mix(first ^ value, kMultiplier);
        second = mix(second + value, seed_ | 1);
    };
    for (std::size_t at = 0; at + 8 < text.size(); at += 8) {
        add(text.data() + at);
    }
    add(text.data() + text.size() - 8);  // may overlap the one before
    return finished(first, second, text.size());
}

std::uint32_t StringInterner::insert(std::string_view text, const Key& key, std::size_t at) {
    if (size() >= kMaxSize || text.size() > kMaxSize) {
        throw std::length_error("a table holds at most 2^32 - 16 distinct strings, each shorter than 4 GB");
    }
    const auto id = static_cast<std::uint32_t>(size());
    if (3 * (size() + 1) > 2 * slots_.size()) {  // at most two thirds full: short probes
        grow();
        for (at = key.hash & mask_; slots_[at].id != kEmpty; at = (at + 1) & mask_) {
        }
    }
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    ends_.push_back(static_cast<std::int64_t>(bytes_.size()));
    slots_[at] = {key.first, key.second, key.length, id};
    return id;
}

void StringInterner::grow() {
    std::vector<Slot> slots(2 * slots_.size());
    const std::size_t mask = slots.size() - 1;
    for (const Slot& slot : slots_) {
        if (slot.id == kEmpty) {
            continue;
        }
        const std::uint64_t hash = finished(slot.first, slot.second, slot.length).hash;
        std::size_t at = hash & mask;
        while (slots[at].id != kEmpty) {
            at = (at + 1) & mask;
        }
        slots[at] = slot;
    }
    slots_ = std::move(slots);
    mask_ = mask;
}

}  // namespace rocchio::text
