// What operations take and give beside tensors, shapes and plain numbers. Knows no Python objects: bind/convert.h does.
#pragma once
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace tg::ops {

// A Python number, with its kind.
struct Number {
  Category kind = Category::integer;
  int64_t whole = 0;  // its value unless floating
  double real = 0;    // its value
};
inline constexpr Number kOne{Category::integer, 1, 1};
// An argument that other libraries need, accepted where it asks for what happens anyway: device='cpu', layout=strided.
struct Neutral {
  bool contiguous = false;  // memory_format=contiguous_format was asked for
};
// An int or a list of them, where it matters which.
struct IntOrInts {
  Ints values;
  bool listed = false;
};
// An int, any number of them, or a tensor of them.
struct IntsOrTensor {
  std::vector<int64_t, Pooled<int64_t>> ints;
  bool listed = false;
  Tensor tensor;
  bool given() const { return tensor || listed || !ints.empty(); }
};
// What view takes.
struct ShapeOrDType {
  Ints shape;
  std::optional<DType> dtype;
};
// Tensors given one by one or as one list, and what gives back a lone tensor for a lone tensor.
struct TensorArgs {
  TensorList list;
  bool lone = false;
};
// Row-major order is the one there is; the type only checks what was asked for.
struct MemoryFormat {};
// Sizes of which some are not given.
struct SizesOrNone {
  static constexpr int64_t kNone = INT64_MIN;
  Ints values;
};
// What max(x, dim) and max(x, other) take at the same place.
struct IntOrTensor {
  std::optional<int64_t> number;
  Tensor tensor;
};
// Dims, or PyTorch's older flag at their place: var(x, False).
struct DimsOrFlag {
  Ints dims;
  std::optional<bool> flag;
};
// A tensor, or a tuple of them where the caller asked for one.
struct OneOrMany {
  Tensor one;
  TensorList many;
};
// How many dims to pair, or which with which.
struct DimPairs {
  int64_t count = 0;
  bool listed = false;
  Ints a, b;
};
// The order of a norm, by number or by name; neither where it is None.
struct NormOrder {
  std::optional<double> number;
  std::string_view name;
};
// Two results with the names that PyTorch gives them; without indices the values alone.
struct ValuesIndices {
  Tensor values, indices;
};
// A function of two tensors that the user gave; empty for none.
struct PairFunction {
  std::function<Tensor(const Tensor&, const Tensor&)> call;
};
// Padding in numbers or by name.
struct Padding {
  Ints values;
  std::string_view name;
};
using OptDType = std::optional<DType>;

}  // namespace tg::ops
