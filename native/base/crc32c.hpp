#pragma once
// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78): the checksum of every file of a collection.
// Chosen over a hash because it detects every burst of up to 32 flipped bits with certainty, and because
// x86 (SSE4.2) and Arm have an instruction for it.

#include <cstddef>
#include <cstdint>
#include <span>

namespace rocchio {

/// CRC-32C of `bytes`, continuing from `crc` (0 to start). The same value on every CPU.
std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t crc = 0);

/// The plain table version: the reference that the fast one must equal.
std::uint32_t crc32c_reference(std::span<const std::uint8_t> bytes, std::uint32_t crc = 0);

}  // namespace rocchio
