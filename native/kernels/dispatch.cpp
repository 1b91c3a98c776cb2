#include <cstdlib>
#include <string_view>

#include "kernels/levels.hpp"

namespace rocchio::kernels {

namespace {

#if defined(ROCCHIO_X86_LEVELS)
bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("fma");
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512cd");
}

bool has_vnni() {
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#endif

/// The last of the levels, or the one that ROCCHIO_CPU_LEVEL names.
template <typename Kernels>
const Kernels& chosen_of(const std::vector<const Kernels*>& levels) {
    const char* wanted = std::getenv("ROCCHIO_CPU_LEVEL");
    for (const Kernels* level : levels) {
        if (wanted != nullptr && std::string_view(wanted) == level->name) return *level;
    }
    return *levels.back();
}

}  // namespace

std::vector<const BlockKernels*> available_block_kernels() {
    std::vector<const BlockKernels*> levels{&kPortableBlockKernels};
#if defined(ROCCHIO_X86_LEVELS)
    if (has_avx2()) levels.push_back(&kAvx2BlockKernels);
    if (has_avx512()) levels.push_back(&kAvx512BlockKernels);
#endif
    return levels;
}

std::vector<const VectorKernels*> available_vector_kernels() {
    std::vector<const VectorKernels*> levels{&kPortableVectorKernels};
#if defined(ROCCHIO_X86_LEVELS)
    if (has_avx2()) levels.push_back(&kAvx2VectorKernels);
    if (has_vnni()) levels.push_back(&kAvx512VectorKernels);
#endif
    return levels;
}

const BlockKernels& block_kernels() {
    static const BlockKernels& chosen = chosen_of(available_block_kernels());
    return chosen;
}

const VectorKernels& vector_kernels() {
    static const VectorKernels& chosen = chosen_of(available_vector_kernels());
    return chosen;
}

}  // namespace rocchio::kernels
