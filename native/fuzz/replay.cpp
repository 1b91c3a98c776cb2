// Runs a fuzz target on files and folders of inputs: linked instead of libFuzzer, for compilers without it
// and for replaying what was found.
//
//     c++ -std=c++20 -g -O1 -fsanitize=address,undefined -Inative native/fuzz/fuzz_segment.cpp
//         native/fuzz/replay.cpp native/{base,codecs,lexical}/*.cpp -o fuzz_segment
//     ./fuzz_segment corpus/ crash-1234        inputs
//     ./fuzz_segment --random 10000 [seed]     random inputs, for want of a corpus
//
// With libFuzzer: clang++ -fsanitize=fuzzer,address,undefined, without this file.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
    // a copy of the exact size, so that a sanitizer sees every byte read past it
    const std::vector<std::uint8_t> bytes(content.begin(), content.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void run_random(long rounds, unsigned seed) {
    std::mt19937 random(seed);
    for (long round = 0; round < rounds; ++round) {
        std::vector<std::uint8_t> bytes(random() % 400);
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 2 && std::string_view(arguments[1]) == "--random") {
        run_random(std::atol(arguments[2]), count > 3 ? static_cast<unsigned>(std::atol(arguments[3])) : 1);
        return 0;
    }
    std::size_t files = 0;
    for (int i = 1; i < count; ++i) {
        const std::filesystem::path path(arguments[i]);
        if (!std::filesystem::is_directory(path)) {
            run_file(path);
            ++files;
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
            if (!entry.is_regular_file()) continue;
            run_file(entry.path());
            ++files;
        }
    }
    std::printf("%zu inputs\n", files);
    return 0;
}
