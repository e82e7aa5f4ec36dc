// Shapes, strides and the arithmetic between them. Knows no memory.
#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

namespace tg {

inline constexpr int kMaxDims = 8;

using Span = std::span<const int64_t>;

// Up to kMaxDims integers in place: a shape, strides (in elements), or a list of dims.
class Ints {
 public:
  Ints() = default;
  Ints(std::initializer_list<int64_t> values) : Ints(Span(values.begin(), values.size())) {}
  Ints(Span values) {
    for (int64_t v : values) push_back(v);
  }
  static Ints filled(int n, int64_t value) {
    Ints r;
    for (int i = 0; i < n; ++i) r.push_back(value);
    return r;
  }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t& operator[](int i) { return values_[i]; }
  int64_t operator[](int i) const { return values_[i]; }
  int64_t back() const { return values_[size_ - 1]; }
  const int64_t* begin() const { return values_; }
  const int64_t* end() const { return values_ + size_; }
  int64_t* begin() { return values_; }
  int64_t* end() { return values_ + size_; }
  void push_back(int64_t v) {
    if (size_ == kMaxDims) [[unlikely]]
      too_many();
    values_[size_++] = v;
  }
  void insert(int at, int64_t v);
  void erase(int at);
  operator Span() const { return {values_, size_t(size_)}; }
  void resize(int n) { size_ = n; }  // at most kMaxDims; what is new is not set
  bool operator==(const Ints& o) const { return std::equal(begin(), end(), o.begin(), o.end()); }

 private:
  [[noreturn, gnu::cold]] static void too_many();
  int size_ = 0;
  int64_t values_[kMaxDims];
};
using Shape = Ints;

// A shape in messages: [2, 3].
struct Show {
  Span values;
};
std::ostream& operator<<(std::ostream& out, Show s);

inline bool same(Span a, Span b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)  // a few words: a loop beats a call of memcmp
    if (a[i] != b[i]) return false;
  return true;
}

// The number of elements; throws when a size is negative or the product overflows.
int64_t checked_numel(const char* op, Span shape);
inline int64_t product(Span shape) {
  int64_t n = 1;
  for (int64_t s : shape) n *= s;
  return n;
}

Ints contiguous_strides(Span shape);

// NumPy's broadcasting of two shapes; throws naming the op and both shapes.
Shape broadcast_shapes(const char* op, Span a, Span b);
bool broadcastable_to(Span from, Span to);

// dim in [-ndim, ndim) to [0, ndim); a 0-d tensor is treated as 1-d, as in PyTorch.
int normalize_dim(const char* op, int64_t dim, int ndim);
// Several dims (empty means all), normalized, sorted; throws when one is repeated.
Ints normalize_dims(const char* op, Span dims, int ndim);

// Replaces one -1 in `shape` by what numel asks for; throws when the sizes cannot match.
Shape infer_shape(const char* op, Span shape, int64_t numel);

// Strides under which a tensor (shape, strides) can be seen as new_shape; false when that takes a copy.
bool view_strides(Span shape, Span strides, Span new_shape, Ints& out);

}  // namespace tg
