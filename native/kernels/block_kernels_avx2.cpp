#include "kernels/block_kernels.inl"
#include "kernels/levels.hpp"

namespace rocchio::kernels {

const BlockKernels kAvx2BlockKernels{
    "avx2",      add_maxima,  keep_larger,   find_above,   rows_above,   ask_by_rows,    score_by_rows,
    find_blocks, score_found, score_entries, add_postings, find_by_rows, find_by_blocks,
};

}  // namespace rocchio::kernels
