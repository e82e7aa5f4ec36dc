// Matrix products on values.
#include "ops/gemm.h"

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

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace

int64_t GemmCall::scratch_bytes() const {
  const auto& gemm = table().gemm;
  const int64_t elements = dtype == DType::float64 ? gemm.scratch_f64(m, n, k) : gemm.scratch_f32(m, n, k);
  return round_up(elements * int64_t(itemsize(dtype)), 64);
}

void GemmCall::run(char* scratch) const {
  if (dtype == DType::float64) {
    table().gemm.f64(typed<double>(*this, scratch));
  } else {
    table().gemm.f32(typed<float>(*this, scratch));
  }
}

void run_gemm(const GemmCall& call, std::initializer_list<const Tensor*> operands) {
  if (call.m == 0 || call.n == 0) return;
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
