// Matrix products on values.
#include "ops/gemm.h"

#include "kernels/bfloat16.h"

namespace tg::ops {
namespace {

constexpr int64_t kParallelWork = 1 << 18;  // multiply-adds; a second thread pays from about 64^3 on
constexpr int64_t kPanel = 1 << 17;         // multiply-adds in the smallest panel worth a ticket

template <class T>
kernels::Gemm<T> typed(const GemmCall& c, char* scratch) {
  const auto p = [](const char* q) { return reinterpret_cast<const T*>(q); };
  return {c.m,          c.n,
          c.k,          p(c.a.data),
          c.a.row,      c.a.col,
          p(c.b.data),  c.b.row,
          c.b.col,      reinterpret_cast<T*>(c.c),
          c.c_row,      p(c.bias),
          c.accumulate, reinterpret_cast<T*>(scratch)};
}

auto kernel_of(float) { return table().gemm.f32; }
auto kernel_of(double) { return table().gemm.f64; }
auto kernel_of(uint16_t) { return kernels::bfloat16_table().gemm; }

// f with a value of the type that the kernel takes; bfloat16 as its bits.
template <class F>
void visit_product(DType t, F&& f) {
  if (t == DType::bfloat16)
    f(uint16_t{});
  else
    visit_float(t, f);
}

// Between bfloat16 elements anywhere and float32 ones in rows.
void convert(DType from, const Matrix& x, DType to, const Matrix& y, int64_t rows, int64_t cols) {
  const int64_t x_size = int64_t(itemsize(from)), y_size = int64_t(itemsize(to));
  kernels::Loop loop{
      .n = cols, .rows = rows, .ptr = {const_cast<char*>(y.data), const_cast<char*>(x.data)}, .step = {}, .row_step = {}};
  loop.step[0] = y.col * y_size;
  loop.step[1] = x.col * x_size;
  loop.row_step[0] = y.row * y_size;
  loop.row_step[1] = x.row * x_size;
  cast_loop(from, to)(loop);
}

// A bfloat16 product where no instruction multiplies them: in float32, rounded once.
void run_in_float32(const GemmCall& call) {
  const auto widened = [](const Matrix& x, int64_t rows, int64_t cols) {
    Tensor y = empty({rows, cols}, DType::float32);
    if (y.numel()) convert(DType::bfloat16, x, DType::float32, {y.bytes(), cols, 1}, rows, cols);
    return y;
  };
  const Tensor a = widened(call.a, call.m, call.k), b = widened(call.b, call.k, call.n);
  const Tensor bias = call.bias ? widened({call.bias, 0, 1}, 1, call.n) : Tensor(), c = empty({call.m, call.n}, DType::float32);
  GemmCall wide{DType::float32, call.m, call.n, call.k, matrix_of(a), matrix_of(b), c.bytes(), call.n};
  if (bias) wide.bias = bias.bytes();
  run_gemm(wide, {&a, &b, &bias, &c});
  convert(DType::float32, matrix_of(c), DType::bfloat16, {call.c, call.c_row, 1}, call.m, call.n);
}

// Products of no more multiply-adds run where they stand, with scratch on the stack: anything else costs more than they.
constexpr int64_t kSmallWork = 1 << 13;
constexpr int64_t kStackBytes = 1 << 14;

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace

int64_t GemmCall::scratch_bytes() const {
  const auto& gemm = table().gemm;
  const auto size = dtype == DType::float64    ? gemm.scratch_f64
                    : dtype == DType::bfloat16 ? kernels::bfloat16_table().gemm_scratch
                                               : gemm.scratch_f32;
  const int64_t elements = size(m, n, k);
  return round_up(elements * int64_t(itemsize(dtype)), 64);
}

void GemmCall::run(char* scratch) const {
  visit_product(dtype, [&](auto zero) { kernel_of(zero)(typed<decltype(zero)>(*this, scratch)); });
  if (relu) {
    const int64_t item = int64_t(itemsize(dtype));
    table().elementwise.relu[int(dtype)]({n, m, {c, c}, {item, item}, {c_row * item, c_row * item}});
  }
}

void run_gemm(const GemmCall& call, std::initializer_list<const Tensor*> operands) {
  if (call.m == 0 || call.n == 0) return;
  if (call.dtype == DType::bfloat16 && !kernels::bfloat16_table().gemm) return run_in_float32(call);
  if (call.work() <= kSmallWork && call.scratch_bytes() <= kStackBytes) {
    alignas(64) char scratch[kStackBytes];
    call.run(scratch);
    return;
  }
  const int threads = num_threads();
  // Two panels a thread even out what another process takes of a core.
  int64_t panels = threads == 1 || call.work() < kParallelWork ? 1 : std::min<int64_t>(2 * threads, call.work() / kPanel);
  const bool by_rows = call.m >= call.n;
  const int64_t extent = by_rows ? call.m : call.n;
  const int64_t step = round_up((extent + panels - 1) / panels, by_rows ? 8 : 64);
  panels = (extent + step - 1) / step;
  const int64_t size = int64_t(itemsize(call.dtype));
  const auto panel = [&](int64_t i) {
    GemmCall part = call;
    const int64_t begin = i * step, n = std::min(step, extent - begin);
    if (by_rows) {
      part.m = n;
      part.a.data += begin * call.a.row * size;
      part.c += begin * call.c_row * size;
    } else {
      part.n = n;
      part.b.data += begin * call.b.col * size;
      part.c += begin * size;
      if (part.bias) part.bias += begin * size;
    }
    return part;
  };
  const int64_t scratch_size = panel(0).scratch_bytes();
  Tensor scratch = scratch_size ? empty({panels * scratch_size}, DType::uint8) : Tensor();
  char* memory = scratch ? scratch.bytes() : nullptr;
  Unlocked unlocked(call.work(), operands);
  parallel_for(panels, [&](int64_t i) { panel(i).run(memory + i * scratch_size); });
}

int64_t batch_offset(const Tensor& t, const Shape& batch, int64_t i) {
  if (batch.size() == 1) return t.ndim() < 3 || t.size(0) == 1 ? 0 : i * t.stride(0);  // without divisions
  int64_t at = 0;
  for (int d = batch.size() - 1, td = t.ndim() - 3; td >= 0; --d, --td) {
    if (t.size(td) != 1) at += i % batch[d] * t.stride(td);
    i /= batch[d];
  }
  return at;
}

namespace {

void run_batch(const GemmCall& call, int64_t count, const Shape& batch, const Tensor& a, const Tensor& b, const Tensor& y) {
  if (call.dtype == DType::bfloat16 && !kernels::bfloat16_table().gemm) {
    for (int64_t i = 0; i < count; ++i) {
      GemmCall one = call;
      one.a.data += batch_offset(a, batch, i) * 2;
      one.b.data += batch_offset(b, batch, i) * 2;
      one.c += i * call.m * call.n * 2;
      run_in_float32(one);
    }
    return;
  }
  const int64_t scratch_size = call.scratch_bytes();
  const auto run = [&](int64_t begin, int64_t end, char* memory) {
    visit_product(call.dtype, [&](auto zero) {
      const auto first = typed<decltype(zero)>(call, memory);
      const auto kernel = kernel_of(zero);
      auto part = first;
      for (int64_t i = begin; i < end; ++i) {
        part.a = first.a + batch_offset(a, batch, i);
        part.b = first.b + batch_offset(b, batch, i);
        part.c = first.c + i * call.m * call.n;
        kernel(part);
      }
    });
  };
  if (call.work() * count <= kSmallWork && scratch_size <= kStackBytes) {
    alignas(64) char scratch[kStackBytes];
    run(0, count, scratch);
    return;
  }
  const int64_t each = std::max<int64_t>(1, call.work());
  const int64_t grain = call.work() * count < (1 << 18) ? count : std::max<int64_t>(1, (1 << 16) / each);
  const int64_t chunks = (count + grain - 1) / grain;
  Tensor scratch = scratch_size ? empty({chunks * scratch_size}, DType::uint8) : Tensor();
  char* memory = scratch ? scratch.bytes() : nullptr;
  Unlocked unlocked(call.work() * count, {&a, &b, &y});
  parallel_for(chunks,
               [&](int64_t chunk) { run(chunk * grain, std::min(count, (chunk + 1) * grain), memory + chunk * scratch_size); });
}

// The steps of an operand; a vector is a row on the left and a column on the right.
Matrix left(const Tensor& a) {
  const int n = a.ndim();
  return {a.bytes(), n > 1 ? a.stride(n - 2) : 0, a.stride(n - 1)};
}
Matrix right(const Tensor& b) {
  const int n = b.ndim();
  return n > 1 ? matrix_of(b) : Matrix{b.bytes(), b.stride(0), 0};
}

[[noreturn, gnu::cold]] void misfit(const char* op, const Tensor& a, const Tensor& b) {
  if (a.ndim() == 0 || b.ndim() == 0) {
    fail<RuntimeError>(op, "(): both operands must have at least one dim, got shapes ", Show{a.shape()}, " and ",
                       Show{b.shape()});
  }
  fail<RuntimeError>(op, "(): inner sizes ", a.size(a.ndim() - 1), " and ", b.size(b.ndim() > 1 ? b.ndim() - 2 : 0),
                     " differ, for shapes ", Show{a.shape()}, " and ", Show{b.shape()});
}

// Operands of which one has more than two dims.
Tensor batched_values(const char* op, const Tensor& a, const Tensor& b, int64_t m, int64_t n, int64_t k) {
  const int na = a.ndim(), nb = b.ndim();
  const Span batch_a = a.shape().first(size_t(std::max(na - 2, 0))), batch_b = b.shape().first(size_t(std::max(nb - 2, 0)));
  Shape shape;
  try {
    shape = broadcast_shapes(op, batch_a, batch_b);
  } catch (const RuntimeError&) {
    fail<RuntimeError>(op, "(): the batch dims of shapes ", Show{a.shape()}, " and ", Show{b.shape()}, " do not broadcast");
  }
  const Shape batch = shape;
  if (na > 1) shape.push_back(m);
  if (nb > 1) shape.push_back(n);
  checked_numel(op, shape);
  Tensor y = empty(shape, a.dtype());
  if (y.numel() == 0) return y;
  int64_t count = product(batch);
  GemmCall call{a.dtype(), m, n, k, left(a), right(b), y.bytes(), n};
  Tensor rows;
  if (nb <= 2) {  // one product over all rows
    Ints strides;
    call.m = m * count;
    if (view_strides(a.shape(), a.strides(), Shape{call.m, k}, strides)) {
      call.a = {a.bytes(), strides[0], strides[1]};
    } else {
      rows = contiguous_values(a);
      call.a = {rows.bytes(), k, 1};
    }
    count = 1;
  }
  if (!is_floating(a.dtype())) {
    if (count == 1 && nb <= 2) {
      integer_product(call, 0, 0, 0);
    } else {
      for (int64_t i = 0; i < count; ++i) integer_product(call, batch_offset(a, batch, i), batch_offset(b, batch, i), i * m * n);
    }
  } else if (count == 1) {
    run_gemm(call, {&a, &b, &y, &rows});
  } else {
    run_batch(call, count, batch, a, b, y);
  }
  return y;
}

}  // namespace

void check_product(const char* op, const Tensor& a, const Tensor& b) {
  require_same_dtype(op, a, b);
  if (a.dtype() == DType::bool_) fail<RuntimeError>(op, "(): not defined for bool tensors; convert them first");
}

Tensor matmul_values(const char* op, const Tensor& a, const Tensor& b) {
  check_product(op, a, b);
  const int na = a.ndim(), nb = b.ndim();
  if (na == 0 || nb == 0) misfit(op, a, b);
  const int64_t m = na > 1 ? a.size(na - 2) : 1, k = a.size(na - 1), n = nb > 1 ? b.size(nb - 1) : 1;
  if (b.size(nb > 1 ? nb - 2 : 0) != k) misfit(op, a, b);
  if (na > 2 || nb > 2) return batched_values(op, a, b, m, n, k);
  int64_t sizes[2];
  size_t dims = 0;
  if (na > 1) sizes[dims++] = m;
  if (nb > 1) sizes[dims++] = n;
  if (dims == 2) checked_numel(op, {sizes, dims});
  Tensor y = empty({sizes, dims}, a.dtype());
  const GemmCall call{a.dtype(), m, n, k, left(a), right(b), y.bytes(), n};
  if (!is_floating(a.dtype())) {
    integer_product(call, 0, 0, 0);
  } else if (dims == 0 && call.a.col == 1 && call.b.row == 1 && a.dtype() != DType::bfloat16) {
    if (a.dtype() == DType::float32) {
      *y.data<float>() = table().gemm.dot_f32(k, a.data<float>(), b.data<float>());
    } else {
      *y.data<double>() = table().gemm.dot_f64(k, a.data<double>(), b.data<double>());
    }
  } else {
    run_gemm(call, {&a, &b, &y});
  }
  return y;
}

void integer_product(const GemmCall& call, int64_t a_offset, int64_t b_offset, int64_t c_offset) {
  visit(call.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const T* a = reinterpret_cast<const T*>(call.a.data) + a_offset;
      const T* b = reinterpret_cast<const T*>(call.b.data) + b_offset;
      T* c = reinterpret_cast<T*>(call.c) + c_offset;
      for (int64_t i = 0; i < call.m; ++i)
        for (int64_t j = 0; j < call.n; ++j) {
          uint64_t sum = 0;
          for (int64_t l = 0; l < call.k; ++l) {
            sum += uint64_t(a[i * call.a.row + l * call.a.col]) * uint64_t(b[l * call.b.row + j * call.b.col]);
          }
          c[i * call.c_row + j] = T(sum);
        }
    }
  });
}

}  // namespace tg::ops
