#include "kernels/levels.hpp"
#include "kernels/vector_kernels.inl"

namespace rocchio::kernels {

const VectorKernels kPortableVectorKernels{
    "portable", dot_rows, dot_chosen, dot_tile,       scan_signs,     bound_rows, rank_lists,
    reaching,   hadamard, dot_float,  dot_and_square, distance_float, widen,
};

}  // namespace rocchio::kernels
