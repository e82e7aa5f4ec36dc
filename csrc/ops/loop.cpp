// run_loop: a kernel's two-level loop driven over operands of any shape and strides.
#include "ops/common.h"

namespace tg::ops {
namespace {

constexpr int64_t kGrain = 32768;

// The strides (in bytes) of t read as `shape`.
void byte_steps(const Tensor& t, Span shape, int64_t* steps) {
  const int lead = int(shape.size()) - t.ndim();
  const int64_t size = int64_t(itemsize(t.dtype()));
  for (int d = 0; d < int(shape.size()); ++d) steps[d] = d < lead || t.size(d - lead) == 1 ? 0 : t.stride(d - lead) * size;
}

// The loop nest over all operands after merging dims that lie evenly in each of them.
struct Nest {
  int operands, dims = 0;
  char* ptr[4];
  int64_t extent[kMaxDims];
  int64_t step[kMaxDims][4];

  void build(Span shape, const int64_t (*steps)[kMaxDims]) {
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 1) continue;
      bool merges = dims > 0;
      for (int i = 0; i < operands && merges; ++i) merges = step[dims - 1][i] == steps[i][d] * shape[d];
      if (merges) {
        extent[dims - 1] *= shape[d];
      } else {
        extent[dims++] = shape[d];
      }
      for (int i = 0; i < operands; ++i) step[dims - 1][i] = steps[i][d];
    }
    if (dims == 0) {
      extent[dims++] = 1;
      for (int i = 0; i < operands; ++i) step[0][i] = 0;
    }
  }

  // Runs the part [begin, end) of the outermost dim.
  void run(LoopFn fn, int64_t begin, int64_t end) const {
    kernels::Loop loop;
    char* at[4];
    for (int i = 0; i < operands; ++i) at[i] = ptr[i] + begin * step[0][i];
    const int inner = dims - 1, rows = dims - 2;
    const auto size = [&](int d) { return d == 0 ? end - begin : extent[d]; };
    loop.n = size(inner);
    loop.rows = rows >= 0 ? size(rows) : 1;
    for (int i = 0; i < operands; ++i) {
      loop.step[i] = step[inner][i];
      loop.row_step[i] = rows >= 0 ? step[rows][i] : 0;
    }
    int64_t count[kMaxDims] = {};
    while (true) {
      for (int i = 0; i < operands; ++i) loop.ptr[i] = at[i];
      fn(loop);
      int d = rows - 1;
      for (; d >= 0; --d) {  // an odometer over what is outside the two inner dims
        for (int i = 0; i < operands; ++i) at[i] += step[d][i];
        if (++count[d] < size(d)) break;
        for (int i = 0; i < operands; ++i) at[i] -= step[d][i] * size(d);
        count[d] = 0;
      }
      if (d < 0) return;
    }
  }
};

}  // namespace

namespace {

// A few elements in three dims that do not merge: laid out flat on the stack they take one call of the kernel.
constexpr int64_t kFew = 64;

template <class Word>
void spread(const Nest& nest, int operand, char* to) {
  const int64_t e0 = nest.extent[0], e1 = nest.extent[1], e2 = nest.extent[2];
  const int64_t s0 = nest.step[0][operand], s1 = nest.step[1][operand], s2 = nest.step[2][operand];
  const char* plane = nest.ptr[operand];
  Word* out = reinterpret_cast<Word*>(to);
  for (int64_t i = 0; i < e0; ++i, plane += s0) {
    const char* row = plane;
    for (int64_t j = 0; j < e1; ++j, row += s1) {
      const char* from = row;
      for (int64_t k = 0; k < e2; ++k, from += s2) *out++ = *reinterpret_cast<const Word*>(from);
    }
  }
}

void run_few(LoopFn fn, const Nest& nest, const Tensor& out, const Tensor* const* inputs) {
  alignas(64) char flat[4][kFew * sizeof(int64_t)];
  kernels::Loop loop;
  loop.n = out.numel();
  loop.rows = 1;
  loop.ptr[0] = nest.ptr[0];
  loop.step[0] = int64_t(itemsize(out.dtype()));
  std::fill_n(loop.row_step, nest.operands, 0);
  for (int i = 1; i < nest.operands; ++i) {
    if (!(nest.step[0][i] | nest.step[1][i] | nest.step[2][i])) {  // one number, or the parameters, for all
      loop.ptr[i] = nest.ptr[i];
      loop.step[i] = 0;
      continue;
    }
    const size_t size = itemsize(inputs[i - 1]->dtype());
    (size == 4   ? spread<uint32_t>
     : size == 8 ? spread<uint64_t>
     : size == 2 ? spread<uint16_t>
                 : spread<uint8_t>)(nest, i, flat[i]);
    loop.ptr[i] = flat[i];
    loop.step[i] = int64_t(size);
  }
  fn(loop);
}

}  // namespace

void run_loop(LoopFn fn, const Tensor& out, const Tensor* const* inputs, int count) {
  const int64_t numel = out.numel();
  if (numel == 0) return;
  // The common case first: everything contiguous and of one shape, or a lone number.
  bool flat = out.contiguous();
  for (int i = 0; i < count && flat; ++i) {
    const Tensor& t = *inputs[i];
    flat = t.numel() == 1 || (t.contiguous() && same(t.shape(), out.shape()));
  }
  Nest nest;
  nest.operands = count + 1;
  nest.ptr[0] = out.bytes();
  for (int i = 0; i < count; ++i) nest.ptr[i + 1] = inputs[i]->bytes();
  if (flat) {
    nest.dims = 1;
    nest.extent[0] = numel;
    nest.step[0][0] = int64_t(itemsize(out.dtype()));
    for (int i = 0; i < count; ++i) nest.step[0][i + 1] = inputs[i]->numel() == 1 ? 0 : int64_t(itemsize(inputs[i]->dtype()));
  } else {
    int64_t steps[4][kMaxDims];
    byte_steps(out, out.shape(), steps[0]);
    for (int i = 0; i < count; ++i) byte_steps(*inputs[i], out.shape(), steps[i + 1]);
    nest.build(out.shape(), steps);
    if (nest.dims == 3 && numel <= kFew && out.contiguous()) return run_few(fn, nest, out, inputs);
  }
  if (numel < kParallel) {
    nest.run(fn, 0, nest.extent[0]);
    return;
  }
  Unlocked unlocked(numel, {&out, inputs[0], count > 1 ? inputs[1] : inputs[0], count > 2 ? inputs[2] : inputs[0]});
  const int64_t per_step = numel / nest.extent[0];
  parallel_ranges(nest.extent[0], std::max<int64_t>(1, kGrain / per_step),
                  [&](int64_t begin, int64_t end) { nest.run(fn, begin, end); });
}

}  // namespace tg::ops
