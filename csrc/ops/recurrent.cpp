// An LSTM over its steps: rows of the batch do not meet, so that a thread takes some of them through the whole sequence.
#include "ops/recurrent.h"

#include <cstring>

#include "ops/gemm.h"

namespace tg::ops {
namespace {

constexpr int64_t kRows = 16;               // of the batch that go through the sequence together
constexpr int64_t kParallelWork = 1 << 17;  // multiply-adds worth a second thread

// The sizes of one call, and what a range of rows needs of the operands.
struct Sequence {
  DType dtype;
  int64_t steps, batch, size, item;
  int64_t units, rows;  // how the batch is cut, whatever the number of threads
  bool reverse;

  Sequence(const Tensor& weight, const Tensor& y, bool reverse_)
      : dtype(y.dtype()),
        steps(y.size(0) - 1),
        batch(y.size(1)),
        size(weight.size(1)),
        item(int64_t(itemsize(dtype))),
        units((batch + kRows - 1) / kRows),
        rows(units ? (batch + units - 1) / units : 0),
        reverse(reverse_) {}

  int64_t bytes(int64_t elements) const { return elements * item; }
  int64_t work() const { return steps * batch * size * size * 4; }
  // The i-th step in order of time, and where its rows begin in memory.
  int64_t step(int64_t i) const { return reverse ? steps - 1 - i : i; }
  int64_t values_at(int64_t t, int64_t row) const { return bytes((t * batch + row) * size); }
  int64_t gates_at(int64_t t, int64_t row) const { return 4 * values_at(t, row); }
  // c[rows, n] += a[rows, k] b[k, n]
  GemmCall product_of(int64_t rows, int64_t n, int64_t k, const char* a, const char* b, char* c) const {
    return {dtype, rows, n, k, {a, k, 1}, {b, n, 1}, c, n, nullptr, true};
  }
  // Calls f(first row, rows, memory of its own) for each range of rows.
  template <class F>
  void for_rows(int64_t own_bytes, std::initializer_list<const Tensor*> operands, const F& f) const {
    Tensor memory = empty({units * own_bytes + 1}, DType::uint8);
    char* scratch = memory.bytes();
    Unlocked unlocked(work(), operands);
    const auto run = [&](int64_t unit) {
      const int64_t first = unit * rows, count = std::min(rows, batch - first);
      if (count > 0) f(first, count, scratch + unit * own_bytes);
    };
    if (work() >= kParallelWork) return parallel_for(units, run);
    for (int64_t unit = 0; unit < units; ++unit) run(unit);
  }
};

void check(const Tensor& input, const Tensor& h, const Tensor& c, const Tensor& weight) {
  constexpr const char* op = LstmSteps::info.name;
  require_floating(op, "input", input);
  for (const Tensor* t : {&h, &c, &weight}) require_same_dtype(op, input, *t);
  const bool fits = input.ndim() == 3 && weight.ndim() == 2 && h.ndim() == 2 && c.ndim() == 2 &&
                    weight.size(0) == 4 * weight.size(1) && input.size(2) == weight.size(0) && h.size(0) == input.size(1) &&
                    h.size(1) == weight.size(1) && same(c.shape(), h.shape());
  if (!fits) {
    fail<RuntimeError>(op, "(): expected input [T, N, 4 H], h and c [N, H] and weight [4 H, H], got shapes ", Show{input.shape()},
                       ", ", Show{h.shape()}, ", ", Show{c.shape()}, " and ", Show{weight.shape()});
  }
  if (input.size(0) == 0) fail<RuntimeError>(op, "(): expected at least one step, got input of shape ", Show{input.shape()});
}

// The gradients in recorded operations, for gradients of gradients.
Grads<4> recorded_gradients(const Tensor& input, const Tensor& h0, const Tensor& c0, const Tensor& weight, bool reverse,
                            const Tensor& dy) {
  struct Step {
    Tensor i, f, g, o, h, c, t;  // h and c: before it; t = tanh of c after it
  };
  const int64_t steps = input.size(0), size = weight.size(1);
  const auto step = [&](int64_t i) { return reverse ? steps - 1 - i : i; };
  std::vector<Step> done;
  Tensor h = h0, c = c0;
  for (int64_t i = 0; i < steps; ++i) {
    const Tensor gates = select(input, 0, step(i)) + matmul(h, transpose(weight, 0, 1));
    const auto part = [&](int64_t gate) { return narrow(gates, 1, gate * size, size); };
    Step s{sigmoid(part(0)), sigmoid(part(1)), tanh(part(2)), sigmoid(part(3)), h, c, {}};
    c = s.f * c + s.i * s.g;
    s.t = tanh(c);
    h = s.o * s.t;
    done.push_back(std::move(s));
  }
  const auto rest = [](const Tensor& y) { return 1 - y; };
  TensorList dgates{size_t(steps)};
  Tensor dh, dc = select(dy, 0, steps), dw;
  for (int64_t i = steps - 1; i >= 0; --i) {
    const Step& s = done[size_t(i)];
    const Tensor own = select(dy, 0, step(i));
    dh = dh ? own + dh : own;
    dc = dc + dh * s.o * rest(s.t * s.t);
    const Tensor raw =
        cat({dc * s.g * s.i * rest(s.i), dc * s.c * s.f * rest(s.f), dc * s.i * rest(s.g * s.g), dh * s.t * s.o * rest(s.o)}, 1);
    dgates[size_t(step(i))] = unsqueeze(raw, 0);
    const Tensor product = matmul(transpose(raw, 0, 1), s.h);
    dw = dw ? dw + product : product;
    dh = matmul(raw, weight);
    dc = dc * s.f;
  }
  return {cat(dgates, 0), dh, dc, dw};
}

}  // namespace

Tensor LstmSteps::forward(Saved& s, const Tensor& input, const Tensor& h_any, const Tensor& c_any, const Tensor& weight,
                          bool reverse) {
  check(input, h_any, c_any, weight);
  const Tensor x = contiguous_values(input), h = contiguous_values(h_any), c = contiguous_values(c_any);
  const Tensor turned = alias(weight, Shape{weight.size(1), weight.size(0)}, Ints{weight.stride(1), weight.stride(0)}, 0);
  const Tensor hidden = contiguous_values(turned);
  Tensor y = empty({input.size(0) + 1, input.size(1), weight.size(1)}, input.dtype());
  const Sequence q(weight, y, reverse);
  Tensor gates = empty(input.shape(), q.dtype), cells = empty({q.steps, q.batch, q.size}, q.dtype);
  const char *px = x.bytes(), *ph = h.bytes(), *pc = c.bytes(), *pw = hidden.bytes();
  char *to = y.bytes(), *pg = gates.bytes(), *states = cells.bytes();
  const auto step = table().recurrent.lstm[int(q.dtype)];
  const int64_t scratch = q.product_of(q.rows, 4 * q.size, q.size, nullptr, nullptr, nullptr).scratch_bytes();
  q.for_rows(scratch, {&x, &h, &c, &hidden, &y}, [&](int64_t first, int64_t rows, char* memory) {
    const char *before = ph + q.values_at(0, first), *state = pc + q.values_at(0, first);
    for (int64_t i = 0; i < q.steps; ++i) {
      const int64_t t = q.step(i);
      char *raw = pg + q.gates_at(t, first), *next = states + q.values_at(t, first), *out = to + q.values_at(t, first);
      std::memcpy(raw, px + q.gates_at(t, first), size_t(q.bytes(rows * 4 * q.size)));
      if (q.size) q.product_of(rows, 4 * q.size, q.size, before, pw, raw).run(memory);
      step(rows, q.size, raw, state, next, out);
      before = out;
      state = next;
    }
    std::memcpy(to + q.values_at(q.steps, first), state, size_t(q.bytes(rows * q.size)));
  });
  s.input = input;
  s.h = h_any;
  s.c = c_any;
  s.weight = weight;
  s.gates = gates;
  s.cells = cells;
  s.reverse = reverse;
  return s.y.keep(y);
}

Grads<4> LstmSteps::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &input = s.input.unpack(), &weight = s.weight.unpack();
  if (tape::grad_enabled()) {
    return recorded_gradients(input, s.h.unpack(), s.c.unpack(), weight, s.reverse, dy);
  }
  const Tensor y = s.y.unpack(), w = contiguous_values(weight), up = contiguous_values(dy);
  const Tensor h = contiguous_values(s.h.unpack()), c = contiguous_values(s.c.unpack());
  const Sequence q(weight, y, s.reverse);
  Tensor dx = empty(input.shape(), q.dtype), dh = empty(h.shape(), q.dtype), dc = empty(h.shape(), q.dtype);
  const char *pw = w.bytes(), *slope = up.bytes(), *pg = s.gates.bytes(), *states = s.cells.bytes(), *pc = c.bytes();
  char *px = dx.bytes(), *ph = dh.bytes(), *dstate = dc.bytes();
  const auto step = table().recurrent.lstm_grad[int(q.dtype)];
  const int64_t scratch = q.product_of(q.rows, q.size, 4 * q.size, nullptr, nullptr, nullptr).scratch_bytes();
  q.for_rows(scratch, {&w, &up, &y, &h, &c, &dx}, [&](int64_t first, int64_t rows, char* memory) {
    const size_t all = size_t(q.bytes(rows * q.size));
    char *own_dh = ph + q.values_at(0, first), *own_dc = dstate + q.values_at(0, first);
    const auto arriving = [&](int64_t i) {  // what the step's own h is differentiated by
      if (i < 0) return void(std::memset(own_dh, 0, all));
      std::memcpy(own_dh, slope + q.values_at(q.step(i), first), all);
    };
    std::memcpy(own_dc, slope + q.values_at(q.steps, first), all);
    arriving(q.steps - 1);
    for (int64_t i = q.steps - 1; i >= 0; --i) {
      const int64_t t = q.step(i);
      char* own = px + q.gates_at(t, first);
      const char* before = i ? states + q.values_at(q.step(i - 1), first) : pc + q.values_at(0, first);
      step(rows, q.size, pg + q.gates_at(t, first), before, states + q.values_at(t, first), own_dh, own_dc, own);
      arriving(i - 1);
      if (q.size) q.product_of(rows, q.size, 4 * q.size, own, pw, own_dh).run(memory);
    }
  });
  Tensor dw;
  if (needs[3]) {
    // Each step's gates meet the h before it; the first step's met the h that was given.
    dw = zeros(weight.shape(), q.dtype);
    const int64_t wide = 4 * q.size, rest = (q.steps - 1) * q.batch;
    const auto add = [&](int64_t depth, int64_t gates_step, const char* before) {
      const Matrix a{dx.bytes() + q.gates_at(gates_step, 0), 1, wide}, b{before, q.size, 1};
      if (depth > 0) run_gemm({q.dtype, wide, q.size, depth, a, b, dw.bytes(), q.size, nullptr, true}, {&dx, &y, &h, &dw});
    };
    if (q.steps) add(q.batch, q.step(0), h.bytes());
    add(rest, s.reverse ? 0 : 1, y.bytes() + q.values_at(s.reverse ? 1 : 0, 0));
  }
  return {dx, dh, dc, dw};
}

}  // namespace tg::ops
