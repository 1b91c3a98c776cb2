#include "base/arena.hpp"

#include <algorithm>
#include <bit>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace rocchio {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kShared = false;  // so that reads past an array are found out
#else
constexpr bool kShared = true;
#endif

constexpr std::size_t kHugePage = std::size_t{1} << 21;

std::shared_ptr<std::byte> new_piece(std::size_t bytes) {
    const auto alignment = std::align_val_t{bytes >= kHugePage ? kHugePage : Arena::kAlignment};
    auto* const piece = static_cast<std::byte*>(::operator new(bytes, alignment));
#if defined(__linux__)
    // Advice: without huge pages everything works as before. Pages that are not used yet take no memory.
    if (bytes >= kHugePage) (void)::madvise(piece, bytes, MADV_HUGEPAGE);
#endif
    return {piece, [alignment](std::byte* memory) { ::operator delete(memory, alignment); }};
}

std::size_t rounded_up(std::size_t bytes, std::size_t to) {
    return (bytes + to - 1) / to * to;
}

}  // namespace

std::shared_ptr<std::byte> Arena::allocate(std::size_t bytes) {
    if (!kShared) return new_piece(bytes);
    bytes = rounded_up(std::max(bytes, kAlignment), kAlignment);
    const std::lock_guard lock(mutex_);
    if (bytes > piece_bytes_ - used_) {
        const std::size_t wanted = std::clamp(std::bit_ceil(allocated_ + bytes), kLeastPiece, kMostPiece);
        piece_bytes_ = rounded_up(std::max(wanted, bytes), wanted >= kHugePage ? kHugePage : kAlignment);
        piece_ = new_piece(piece_bytes_);
        used_ = 0;
    }
    std::byte* const first = piece_.get() + used_;
    used_ += bytes;
    allocated_ += bytes;
    return {piece_, first};
}

}  // namespace rocchio
