#pragma once
// What is searched for. Inside an index every metric is one: the largest <query, row> + addend(row). The
// addend is 0 for inner products, and minus half the squared length for distances, because |q - x|^2 = |q|^2
// - 2 (<q, x> - |x|^2 / 2). Cosines are inner products of vectors of length one.

namespace rocchio::dense {

enum class Metric { inner_product, cosine, l2 };

}  // namespace rocchio::dense
