#pragma once
// CHECK and CHECK_THROWS count failures and say where; a test's main returns rocchio::failures().

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

#define CHECK_THROWS(type, expression)                                                                    \
    do {                                                                                                  \
        bool thrown = false;                                                                              \
        try {                                                                                             \
            static_cast<void>(expression);                                                                \
        } catch (const type&) {                                                                           \
            thrown = true;                                                                                \
        }                                                                                                 \
        if (!thrown) {                                                                                    \
            std::fprintf(stderr, "%s:%d: expected %s from %s\n", __FILE__, __LINE__, #type, #expression); \
            ++rocchio::failures();                                                                        \
        }                                                                                                 \
    } while (false)
