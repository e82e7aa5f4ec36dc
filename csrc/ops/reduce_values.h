// Reductions on values alone: brings any set of dims into the form the kernels take, and cuts the work.
#pragma once
#include "ops/common.h"

namespace tg::ops {

// A set of dims of one tensor.
class Dims {
 public:
  Dims() = default;
  // dim as the user gives it; none means all.
  Dims(const char* op, const Ints& dim, int ndim);
  Dims(const char* op, std::optional<int64_t> dim, int ndim) : Dims(op, dim ? Ints{*dim} : Ints(), ndim) {}
  static Dims all(int ndim) {
    Dims r;
    r.bits_ = (1u << ndim) - 1;
    return r;
  }
  bool has(int d) const { return bits_ >> d & 1; }
  void remove(int d) { bits_ &= ~(1u << d); }
  Ints list() const;

 private:
  uint32_t bits_ = 0;
};

Shape kept_shape(Span shape, Dims dims);  // reduced dims as size 1
Shape result_shape(Span shape, Dims dims, bool keepdim);
int64_t count(Span shape, Dims dims);  // elements reduced into one

// How a reduction is computed: `first` of the elements, and `rest` of partial results, where those can be had.
struct Rule {
  const kernels::ReduceFn* first;
  const kernels::ReduceFn* rest = nullptr;
};

// Throws where a reduction of nothing has no value. `out` is the dtype the kernel writes.
Tensor reduce_values(const char* op, Rule rule, const Tensor& x, Dims dims, bool keepdim, DType out);
// Where an extreme stands (int64) and, where asked for, what it is; over several dims the position counts through all.
void find_values(const char* op, const kernels::ReduceFn* fn, const Tensor& x, Dims dims, bool keepdim, Tensor* values,
                 Tensor& indices);
// The squares around the mean, summed, and where asked for the mean.
Tensor spread_values(const char* op, const Tensor& x, Dims dims, bool keepdim, Tensor* mean);
Tensor sum_values(const Tensor& x, Dims dims, bool keepdim);  // integers and bool to int64; zero over nothing

// y = f(y), element by element, for results that are few.
template <class F>
void each_value(const Tensor& y, F f) {
  visit_float(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = y.data<T>();
    for (int64_t i = 0; i < y.numel(); ++i) p[i] = T(f(p[i]));
  });
}

}  // namespace tg::ops
