#pragma once
// CHECK counts failures and says where; a test's main returns rocchio::failures().

#include <cstdio>

namespace rocchio {

inline int& failures() {
    static int count = 0;
    return count;
}

}  // namespace rocchio

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            std::fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition); \
            ++rocchio::failures();                                                        \
        }                                                                                 \
    } while (false)
