// Conversion between every pair of element types; the diagonal is the strided copy.
// Must not know strides or vectors (loops.h).
#include "kernels/families.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

// Truncates. What does not fit becomes the lowest value, as x86 does it and so PyTorch; in C++ it would be undefined.
template <class Int, class Float>
inline Int truncate(Float x) {
  constexpr Int kLowest = Int(1) << (8 * sizeof(Int) - 1);
  return x >= Float(kLowest) && x < -Float(kLowest) ? Int(x) : kLowest;
}

template <class To>
struct Cast {
  template <class From>
  To operator()(From x) const {
    if constexpr (From(0.5) == From(0) || To(0.5) != To(0))
      return static_cast<To>(x);  // integers wrap, any type becomes a float
    else if constexpr (sizeof(To) == 1)
      return static_cast<To>(truncate<int64_t>(x));
    else
      return truncate<To>(x);
  }
};
struct NotZero {
  template <class From>
  uint8_t operator()(From x) const {
    return x != 0;
  }
};

template <class From>
void fill_from(LoopFn (&to)[kTypes]) {
  to[kFloat32] = map<Cast<float>, float, From>;
  to[kFloat64] = map<Cast<double>, double, From>;
  to[kInt64] = map<Cast<int64_t>, int64_t, From>;
  to[kInt32] = map<Cast<int32_t>, int32_t, From>;
  to[kUint8] = map<Cast<uint8_t>, uint8_t, From>;
  to[kBool] = map<NotZero, uint8_t, From>;
}

}  // namespace

namespace TG_ISA {
void fill_cast(ElementwiseTable& t) {
  fill_from<float>(t.cast[kFloat32]);
  fill_from<double>(t.cast[kFloat64]);
  fill_from<int64_t>(t.cast[kInt64]);
  fill_from<int32_t>(t.cast[kInt32]);
  fill_from<uint8_t>(t.cast[kUint8]);
  fill_from<uint8_t>(t.cast[kBool]);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
