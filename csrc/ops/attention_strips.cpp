// Attention in strips of queries: which products, in which order, on which thread. A head's gradients add up on one thread,
// so that they do not depend on how many there are.
#include "ops/attention.h"
#include "ops/gemm.h"

namespace tg::ops {
namespace {

constexpr int64_t kStrip = 1 << 16;         // scores of a strip: they and their gradient stay in the second-level cache
constexpr int64_t kParallelWork = 1 << 17;  // multiply-adds worth a second thread
constexpr int64_t kUnits = 16;              // pieces of work at most

// The sizes of one call.
struct Heads {
  DType dtype;
  Shape batch;  // of query
  int64_t count, length, keys, size, out, group, rows;
  double scale;
  bool causal;

  Heads(const Tensor& q, const Tensor& k, const Tensor& v, double scale_, bool causal_, int64_t group_)
      : dtype(q.dtype()),
        batch(q.shape().first(size_t(q.ndim()) - 2)),
        count(product(batch)),
        length(q.size(q.ndim() - 2)),
        keys(k.size(k.ndim() - 2)),
        size(q.size(q.ndim() - 1)),
        out(v.size(v.ndim() - 1)),
        group(group_),
        rows(std::min(length, std::clamp<int64_t>(kStrip / keys, 16, 64))),
        scale(scale_),
        causal(causal_) {}

  int64_t bytes(int64_t elements) const { return elements * int64_t(itemsize(dtype)); }
  int64_t work() const { return count * length * keys * (size + out); }
  // Keys that the queries up to `end` see.
  int64_t seen(int64_t end) const { return causal ? std::min(end, keys) : keys; }
  kernels::AttentionRows strip(int64_t first, int64_t end) const {
    return {end - first, seen(end), keys, first, causal, scale, nullptr, 0};
  }
  GemmCall product_of(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, char* c, int64_t c_row) const {
    return {dtype, m, n, k, a, b, c, c_row};
  }
  int64_t scratch_bytes(int64_t m, int64_t n, int64_t k) const { return product_of(m, n, k, {}, {}, nullptr, 0).scratch_bytes(); }
};

// The matrices of a tensor, one per entry of a batch.
struct Stack {
  const Tensor& t;
  const Shape& batch;
  int64_t item;
  char* bytes;
  Stack(const Tensor& tensor, const Shape& of)
      : t(tensor), batch(of), item(tensor ? int64_t(itemsize(tensor.dtype())) : 0), bytes(tensor ? tensor.bytes() : nullptr) {}
  Matrix at(int64_t i, int64_t row = 0) const {
    const int64_t down = t.stride(t.ndim() - 2);
    return {bytes + (batch_offset(t, batch, i) + row * down) * item, down, t.stride(t.ndim() - 1)};
  }
};

// The mask's rows for one strip.
void add_mask(kernels::AttentionRows& rows, const Stack& mask, int64_t head) {
  if (!mask.t) return;
  const int n = mask.t.ndim();
  rows.mask_step = n < 2 || mask.t.size(n - 2) == 1 ? 0 : mask.t.stride(n - 2);
  rows.mask = mask.bytes + (batch_offset(mask.t, mask.batch, head) + rows.first * rows.mask_step) * mask.item;
}

// Key or value transposed: copied if several strips read it, since reading columns costs as much as that each time.
Tensor turned(const Tensor& x, const Heads& h) {
  Shape shape = x.shape();
  Ints strides = x.strides();
  std::swap(shape[x.ndim() - 2], shape[x.ndim() - 1]);
  std::swap(strides[x.ndim() - 2], strides[x.ndim() - 1]);
  const Tensor t = alias(x, shape, strides, 0);
  return h.length > h.rows ? contiguous_values(t) : t;
}

}  // namespace

Tensor Attention::forward(Saved& s, const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, double scale,
                          bool causal, int64_t group) {
  const Heads h(query, key, value, scale, causal, group);
  Shape shape = query.shape();
  shape[query.ndim() - 1] = h.out;
  Tensor y = empty(shape, h.dtype), lse = empty({h.count, h.length}, h.dtype);
  const Tensor key_t = turned(key, h);
  const Shape shared = Shape(key.shape().first(size_t(key.ndim()) - 2));
  const Stack q(query, h.batch), k(key_t, shared), v(value, shared), m(mask, h.batch);
  char *to = y.bytes(), *logs = lse.bytes();
  const auto weights = table().attention.weights[int(h.dtype)];

  const int64_t strips = (h.length + h.rows - 1) / h.rows, total = h.count * strips;
  const int64_t units = h.work() < kParallelWork ? 1 : std::min(total, kUnits), each = (total + units - 1) / units;
  const int64_t strip_bytes = h.bytes(h.rows * h.keys + 16);
  const int64_t own = strip_bytes + std::max(h.scratch_bytes(h.rows, h.keys, h.size), h.scratch_bytes(h.rows, h.out, h.keys));
  Tensor memory = empty({units * own}, DType::uint8);
  char* scratch = memory.bytes();
  {
    Unlocked unlocked(h.work(), {&query, &key, &value, &mask});
    parallel_for(units, [&](int64_t unit) {
      char *scores = scratch + unit * own, *rest = scores + strip_bytes;
      for (int64_t i = unit * each; i < std::min(total, (unit + 1) * each); ++i) {
        const int64_t head = i / strips, first = i % strips * h.rows, end = std::min(h.length, first + h.rows);
        kernels::AttentionRows rows = h.strip(first, end);
        add_mask(rows, m, head);
        h.product_of(rows.rows, rows.keys, h.size, q.at(head, first), k.at(head / group), scores, h.keys).run(rest);
        weights(rows, scores, logs + h.bytes(head * h.length + first));
        h.product_of(rows.rows, h.out, rows.keys, {scores, h.keys, 1}, v.at(head / group),
                     to + h.bytes((head * h.length + first) * h.out), h.out)
            .run(rest);
      }
    });
  }
  s.query = query;
  s.key = key;
  s.value = value;
  s.mask = mask;
  s.lse = lse;
  s.scale = scale;
  s.causal = causal;
  s.group = group;
  return s.y.keep(y);
}

Grads<4> Attention::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &query = s.query.unpack(), &key = s.key.unpack(), &value = s.value.unpack(), &mask = s.mask.unpack();
  if (tape::grad_enabled()) {
    const Tensor keys = repeat_heads(key, s.group), values = repeat_heads(value, s.group);
    const Tensor p = attention_weights(query, keys, mask, s.scale, s.causal);
    const Tensor dp = matmul(dy, transpose(values, -2, -1));
    const Tensor ds = p * (dp - sum(dp * p, {dp.ndim() - 1}, true)) * s.scale;
    Grads<4> g;
    if (needs[0]) g[0] = matmul(ds, keys);
    if (needs[1]) g[1] = add_up_heads(matmul(transpose(ds, -2, -1), query), s.group);
    if (needs[2]) g[2] = add_up_heads(matmul(transpose(p, -2, -1), dy), s.group);
    return g;
  }
  const Heads h(query, key, value, s.scale, s.causal, s.group);
  const Tensor y = contiguous_values(s.y.unpack()), up = contiguous_values(dy);
  const Tensor key_t = turned(key, h), value_t = turned(value, h);
  const Shape shared = Shape(key.shape().first(size_t(key.ndim()) - 2));
  const Stack q(query, h.batch), k(key, shared), kt(key_t, shared), vt(value_t, shared), m(mask, h.batch);
  Tensor dq = empty(query.shape(), h.dtype), dk = zeros(key.shape(), h.dtype), dv = zeros(value.shape(), h.dtype);
  char *to_q = dq.bytes(), *to_k = dk.bytes(), *to_v = dv.bytes();
  const char *from = y.bytes(), *slope = up.bytes(), *logs = s.lse.bytes();
  const auto& kernel = table().attention;
  const int type = int(h.dtype);

  const int64_t heads = h.count / s.group, units = h.work() < kParallelWork ? 1 : std::min(heads, kUnits);
  const int64_t each = (heads + units - 1) / units, strip_bytes = h.bytes(h.rows * h.keys + 16);
  const int64_t dots_bytes = h.bytes(h.rows + 16);
  const int64_t products[] = {h.scratch_bytes(h.rows, h.keys, h.size), h.scratch_bytes(h.rows, h.keys, h.out),
                              h.scratch_bytes(h.rows, h.size, h.keys), h.scratch_bytes(h.keys, h.size, h.rows),
                              h.scratch_bytes(h.keys, h.out, h.rows)};
  const int64_t own = 2 * strip_bytes + dots_bytes + *std::max_element(std::begin(products), std::end(products));
  Tensor memory = empty({units * own}, DType::uint8);
  char* scratch = memory.bytes();
  {
    Unlocked unlocked(h.work() * 2, {&query, &key, &value, &mask, &y, &up});
    parallel_for(units, [&](int64_t unit) {
      char *p = scratch + unit * own, *ds = p + strip_bytes, *dots = ds + strip_bytes, *rest = dots + dots_bytes;
      const auto add = [&](int64_t n, int64_t depth, char* strip, int64_t seen, Matrix b, char* c) {
        GemmCall call = h.product_of(seen, n, depth, {strip, 1, h.keys}, b, c, n);
        call.accumulate = true;
        call.run(rest);
      };
      for (int64_t head = unit * each * s.group; head < std::min(heads, (unit + 1) * each) * s.group; ++head)
        for (int64_t first = 0, end; first < h.length; first = end) {
          end = std::min(h.length, first + h.rows);
          const int64_t other = head / s.group, row = head * h.length + first;
          kernels::AttentionRows rows = h.strip(first, end);
          add_mask(rows, m, head);
          const Matrix dy_rows{slope + h.bytes(row * h.out), h.out, 1};
          h.product_of(rows.rows, rows.keys, h.size, q.at(head, first), kt.at(other), p, h.keys).run(rest);
          h.product_of(rows.rows, rows.keys, h.out, dy_rows, vt.at(other), ds, h.keys).run(rest);
          kernel.row_dots[type](rows.rows, h.out, dy_rows.data, from + h.bytes(row * h.out), dots);
          kernel.weights_grad[type](rows, p, ds, logs + h.bytes(row), dots);
          h.product_of(rows.rows, h.size, rows.keys, {ds, h.keys, 1}, k.at(other), to_q + h.bytes(row * h.size), h.size)
              .run(rest);
          if (needs[1]) add(h.size, rows.rows, ds, rows.keys, q.at(head, first), to_k + h.bytes(other * h.keys * h.size));
          if (needs[2]) add(h.out, rows.rows, p, rows.keys, dy_rows, to_v + h.bytes(other * h.keys * h.out));
        }
    });
  }
  return {dq, dk, dv, Tensor()};
}

}  // namespace tg::ops
