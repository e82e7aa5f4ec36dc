// Losses: elementwise in input and target, and of class numbers; with their sums and gradients.
// Must not know shapes or reductions beyond the sums.
#include "kernels/activation_math.h"
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/pieces.h"

namespace tg::kernels {
namespace {

// Each has value(x, t, p) and slope(x, t, p) = df/dx; at kinks PyTorch's choice.

template <class V>
inline V sign(V x) {
  using T = typename Float<V>::T;
  return x > T(0) ? splat(T(1)) : x < T(0) ? splat(T(-1)) : V{};
}

struct Mse {
  template <class V, class T>
  static V value(V x, V t, const T*) {
    return (x - t) * (x - t);
  }
  template <class V, class T>
  static V slope(V x, V t, const T*) {
    return (x - t) * T(2);
  }
};
struct L1 {
  template <class V, class T>
  static V value(V x, V t, const T*) {
    return magnitude(x - t);
  }
  template <class V, class T>
  static V slope(V x, V t, const T*) {
    return sign(x - t);
  }
};
struct SmoothL1 {  // p: beta
  template <class V, class T>
  static V value(V x, V t, const T* p) {
    const V a = magnitude(x - t);
    return a < p[0] ? a * a * T(0.5) / p[0] : a - p[0] * T(0.5);
  }
  template <class V, class T>
  static V slope(V x, V t, const T* p) {
    const V d = x - t;
    return magnitude(d) < p[0] ? d / p[0] : sign(d);
  }
};
struct Huber {  // p: delta
  template <class V, class T>
  static V value(V x, V t, const T* p) {
    const V a = magnitude(x - t);
    return a < p[0] ? a * a * T(0.5) : (a - p[0] * T(0.5)) * p[0];
  }
  template <class V, class T>
  static V slope(V x, V t, const T* p) {
    const V d = x - t;
    return magnitude(d) < p[0] ? d : sign(d) * p[0];
  }
};

// log(1 - x), exact to the rounding of the result.
template <class V>
inline V log_rest(V x) {
  using T = typename Float<V>::T;
  const V rest = T(1) - x;
  return x == T(1) ? splat(-Float<V>::kInf) : log(rest) - (x - (T(1) - rest)) / rest;
}
template <class V>
inline V at_least_minus_100(V x) {
  using T = typename Float<V>::T;
  return x < T(-100) ? splat(T(-100)) : x;
}
struct Bce {
  template <class V, class T>
  static V value(V x, V t, const T*) {
    return (t - T(1)) * at_least_minus_100(log_rest(x)) - t * at_least_minus_100(log(x));
  }
  template <class V, class T>
  static V slope(V x, V t, const T*) {
    const V below = x * (T(1) - x);
    return (x - t) / (below < T(1e-12) ? splat(T(1e-12)) : below);
  }
};
struct BceLogits {
  template <class V, class T>
  static V value(V x, V t, const T*) {
    return softplus(-x) + (T(1) - t) * x;
  }
  template <class V, class T>
  static V slope(V x, V t, const T*) {
    return sigmoid(x) - t;
  }
};
struct SoftMargin {
  template <class V, class T>
  static V value(V x, V t, const T*) {
    return softplus(-(x * t));
  }
  template <class V, class T>
  static V slope(V x, V t, const T*) {
    return -(t * sigmoid(-(x * t)));
  }
};
struct Hinge {  // p: margin
  template <class V, class T>
  static V value(V x, V t, const T* p) {
    const V short_of = p[0] - x * t;
    return short_of < T(0) ? V{} : short_of;
  }
  template <class V, class T>
  static V slope(V x, V t, const T* p) {
    return p[0] - x * t > T(0) ? -t : V{};
  }
};

template <class F, class T>
void run_value(const void* input, const void* target, void* to, int64_t n, const double* params) {
  const T *x = static_cast<const T*>(input), *t = static_cast<const T*>(target);
  const T p[2] = {T(params[0]), T(params[1])};
  each_vector(static_cast<T*>(to), n, [&](int64_t i, int64_t count) {
    return F::value(load_some(x + i, count, T(0)), load_some(t + i, count, T(0)), p);
  });
}
template <class F, class T>
double run_total(const void* input, const void* target, int64_t n, const double* params) {
  const T *x = static_cast<const T*>(input), *t = static_cast<const T*>(target);
  const T p[2] = {T(params[0]), T(params[1])};
  return double(sum_of<T>(
      n, [&](int64_t i, int64_t count) { return F::value(load_some(x + i, count, T(0)), load_some(t + i, count, T(0)), p); }));
}
template <class F, class T>
void run_grad(const void* gradient, int64_t dy_step, double scale, const void* input, const void* target, void* to, int64_t n,
              const double* params) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(input), *t = static_cast<const T*>(target);
  const T p[2] = {T(params[0]), T(params[1])}, factor = T(scale);
  const Vec<T> one_for_all = splat(dy_step == 0 && n > 0 ? dy[0] * factor : T(0));
  each_vector(static_cast<T*>(to), n, [&](int64_t i, int64_t count) {
    const Vec<T> up = dy_step ? load_some(dy + i, count, T(0)) * factor : one_for_all;
    return up * F::slope(load_some(x + i, count, T(0)), load_some(t + i, count, T(0)), p);
  });
}

template <class F>
void pair(PairLoss& l) {
  l.value[kFloat32] = run_value<F, float>;
  l.value[kFloat64] = run_value<F, double>;
  l.total[kFloat32] = run_total<F, float>;
  l.total[kFloat64] = run_total<F, double>;
  l.grad[kFloat32] = run_grad<F, float>;
  l.grad[kFloat64] = run_grad<F, double>;
}

template <class T>
inline T weight_of(const Classes& c, int64_t t) {
  return c.weight ? static_cast<const T*>(c.weight)[t] : T(1);
}

// Walks the targets: f(position, class, weight) for those that count, skip(position) for ignored ones.
template <class T, class F, class Skip>
inline int64_t for_targets(const Classes& c, F f, Skip skip) {
  for (int64_t k = 0; k < c.outer * c.inner; ++k) {
    const int64_t t = c.target[k];
    if (t == c.ignored) {
      skip(k);
    } else {
      if (t < 0 || t >= c.classes) return k;
      f(k, t, weight_of<T>(c, t));
    }
  }
  return -1;
}

template <class T>
int64_t nll(const Classes& c, const void* from, void* to, double* sum, double* weights) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  return for_targets<T>(
      c,
      [&](int64_t k, int64_t t, T w) {
        const int64_t o = k / c.inner, i = k - o * c.inner;
        const T loss = -w * x[(o * c.classes + t) * c.inner + i];
        if (y) y[k] = loss;
        *sum += double(loss);
        *weights += double(w);
      },
      [&](int64_t k) {
        if (y) y[k] = 0;
      });
}
template <class T>
void nll_grad(const Classes& c, const void* gradient, int64_t dy_step, double scale, void* to) {
  const T* dy = static_cast<const T*>(gradient);
  T* dx = static_cast<T*>(to);
  for_targets<T>(
      c,
      [&](int64_t k, int64_t t, T w) {
        const int64_t o = k / c.inner, i = k - o * c.inner;
        dx[(o * c.classes + t) * c.inner + i] -= w * dy[k * dy_step] * T(scale);
      },
      [](int64_t) {});
}

template <class T>
int64_t cross_entropy(const Classes& c, const void* from, void* log_sums, void* to, double* sum, double* weights) {
  const T* x = static_cast<const T*>(from);
  T *lse = static_cast<T*>(log_sums), *y = static_cast<T*>(to);
  const int64_t n = c.classes;
  return for_targets<T>(
      c,
      [&](int64_t k, int64_t t, T w) {
        const T* row = x + k * n;
        const T top = reduce_row<Max>(row, n);
        const T total = sum_of<T>(n, [&](int64_t i, int64_t count) { return exp(load_some(row + i, count, T(0)) - top); });
        const T log_total = log(splat(total))[0];
        lse[k] = top + log_total;
        const T loss = w * (log_total - (row[t] - top));
        if (y) y[k] = loss;
        *sum += double(loss);
        *weights += double(w);
      },
      [&](int64_t k) {
        lse[k] = 0;
        if (y) y[k] = 0;
      });
}
template <class T>
void cross_entropy_grad(const Classes& c, const void* gradient, int64_t dy_step, double scale, const void* from,
                        const void* log_sums, void* to) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(from), *lse = static_cast<const T*>(log_sums);
  T* dx = static_cast<T*>(to);
  const int64_t n = c.classes;
  for_targets<T>(
      c,
      [&](int64_t k, int64_t t, T w) {
        const T* row = x + k * n;
        const T up = dy[k * dy_step] * T(scale) * w;
        each_vector(dx + k * n, n, [&](int64_t i, int64_t count) { return exp(load_some(row + i, count, T(0)) - lse[k]) * up; });
        dx[k * n + t] -= up;
      },
      [&](int64_t k) { each_vector(dx + k * n, n, [](int64_t, int64_t) { return Vec<T>{}; }); });
}

template <class T>
void fill_type(LossTable& t, int type) {
  t.nll[type] = nll<T>;
  t.nll_grad[type] = nll_grad<T>;
  t.cross_entropy[type] = cross_entropy<T>;
  t.cross_entropy_grad[type] = cross_entropy_grad<T>;
}

}  // namespace

namespace TG_ISA {
void fill_loss(LossTable& t) {
  pair<Mse>(t.mse);
  pair<L1>(t.l1);
  pair<SmoothL1>(t.smooth_l1);
  pair<Huber>(t.huber);
  pair<Bce>(t.bce);
  pair<BceLogits>(t.bce_logits);
  pair<SoftMargin>(t.soft_margin);
  pair<Hinge>(t.hinge);
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
