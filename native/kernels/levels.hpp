#pragma once
// The levels of instruction sets for which the kernels are compiled. Levels above `portable` exist where
// CMake found a compiler for them (ROCCHIO_X86_LEVELS).

#include "kernels/block_kernels.hpp"

namespace rocchio::kernels {

extern const BlockKernels kPortableBlockKernels;
#if defined(ROCCHIO_X86_LEVELS)
extern const BlockKernels kAvx2BlockKernels;
extern const BlockKernels kAvx512BlockKernels;
#endif

}  // namespace rocchio::kernels
