#include <cstdlib>

#include "kernels/levels.hpp"

namespace rocchio::kernels {

std::vector<const BlockKernels*> available_block_kernels() {
    std::vector<const BlockKernels*> levels{&kPortableBlockKernels};
#if defined(ROCCHIO_X86_LEVELS)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("fma")) {
        levels.push_back(&kAvx2BlockKernels);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512cd")) {
            levels.push_back(&kAvx512BlockKernels);
        }
    }
#endif
    return levels;
}

const BlockKernels& block_kernels() {
    static const BlockKernels& chosen = []() -> const BlockKernels& {
        const auto levels = available_block_kernels();
        const char* wanted = std::getenv("ROCCHIO_CPU_LEVEL");
        for (const BlockKernels* level : levels) {
            if (wanted != nullptr && std::string_view(wanted) == level->name) return *level;
        }
        return *levels.back();
    }();
    return chosen;
}

}  // namespace rocchio::kernels
