#pragma once
// The levels of instruction sets for which the kernels are compiled. Levels above `portable` exist where
// CMake found a compiler for them (ROCCHIO_X86_LEVELS).

#include "kernels/block_kernels.hpp"
#include "kernels/vector_kernels.hpp"

namespace rocchio::kernels {

extern const BlockKernels kPortableBlockKernels;
extern const VectorKernels kPortableVectorKernels;
#if defined(ROCCHIO_X86_LEVELS)
extern const BlockKernels kAvx2BlockKernels;
extern const BlockKernels kAvx512BlockKernels;
extern const VectorKernels kAvx2VectorKernels;
extern const VectorKernels kAvx512VectorKernels;
#endif

}  // namespace rocchio::kernels
