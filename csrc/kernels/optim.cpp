// One step of each optimizer over one contiguous parameter, in a single pass over memory. A rule is a struct: its constructor
// reads the settings, its call gives the new value of one element from the old one, the gradient and what it remembers.
// The formulas are those of torch.optim (Lion's its paper's). Knows no schedules, no step counts and no parameter lists.
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }
inline float magnitude(float x) { return __builtin_fabsf(x); }
inline double magnitude(double x) { return __builtin_fabs(x); }

// NaN wins.
template <class T>
inline T larger(T a, T b) {
  return a > b || a != a ? a : b;
}

// m + (1 - beta) (g - m), in the two forms of torch.lerp: exact at either end.
template <class T>
struct Mean {
  T weight;
  bool near_end;
  explicit Mean(double beta) : weight(T(1 - beta)), near_end(weight >= T(0.5)) {}
  T operator()(T m, T g) const {
    const T change = g - m;
    return near_end ? g - change * (1 - weight) : m + change * weight;
  }
};

// beta v + (1 - beta) g²
template <class T>
struct Square {
  T keep, blend;
  explicit Square(double beta) : keep(T(beta)), blend(T(1 - beta)) {}
  T operator()(T v, T g) const { return keep * v + blend * g * g; }
};

// b = momentum b + blend g;  p -= lr b, with Nesterov's momentum lr (g + momentum b)
template <class T, bool kMomentum, bool kNesterov>
struct Sgd {
  static constexpr unsigned kUses = kMomentum;  // bit i: it remembers s[i]
  const T lr, momentum, blend;
  explicit Sgd(const double* h) : lr(T(h[0])), momentum(T(h[1])), blend(T(h[2])) {}
  T operator()(T p, T g, T* s) const {
    if constexpr (kMomentum) {
      s[0] = momentum * s[0] + blend * g;
      g = kNesterov ? g + momentum * s[0] : s[0];
    }
    return p - lr * g;
  }
};

// p -= step m / (sqrt v / root_bias + eps), where amsgrad the largest v so far
template <class T, bool kAmsgrad>
struct Adam {
  static constexpr unsigned kUses = kAmsgrad ? 0b111 : 0b11;
  const Mean<T> mean;
  const Square<T> square;
  const T eps, step, root_bias;
  explicit Adam(const double* h) : mean(h[0]), square(h[1]), eps(T(h[2])), step(T(h[3])), root_bias(T(h[4])) {}
  T operator()(T p, T g, T* s) const {
    s[0] = mean(s[0], g);
    s[1] = square(s[1], g);
    if constexpr (kAmsgrad) s[2] = larger(s[1], s[2]);
    return p - step * s[0] / (root(s[kAmsgrad ? 2 : 1]) / root_bias + eps);
  }
};

// p -= (step_g g + step_m m) / (sqrt(v / bias) + eps)
template <class T>
struct NAdam {
  static constexpr unsigned kUses = 0b11;
  const Mean<T> mean;
  const Square<T> square;
  const T eps, step_g, step_m, bias;
  explicit NAdam(const double* h) : mean(h[0]), square(h[1]), eps(T(h[2])), step_g(T(h[3])), step_m(T(h[4])), bias(T(h[5])) {}
  T operator()(T p, T g, T* s) const {
    s[0] = mean(s[0], g);
    s[1] = square(s[1], g);
    return p - (step_g * g + step_m * s[0]) / (root(s[1] / bias) + eps);
  }
};

// p -= step m / (sqrt v + eps), step m while the variance of v is unknown
template <class T>
struct RAdam {
  static constexpr unsigned kUses = 0b11;
  const Mean<T> mean;
  const Square<T> square;
  const T eps, step;
  const bool rectified;
  explicit RAdam(const double* h) : mean(h[0]), square(h[1]), eps(T(h[2])), step(T(h[3])), rectified(h[4] != 0) {}
  T operator()(T p, T g, T* s) const {
    s[0] = mean(s[0], g);
    s[1] = square(s[1], g);
    return p - step * s[0] / (rectified ? root(s[1]) + eps : T(1));
  }
};

// u = max(beta2 u, |g| + eps);  p -= step m / u
template <class T>
struct Adamax {
  static constexpr unsigned kUses = 0b11;
  const Mean<T> mean;
  const T beta2, eps, step;
  explicit Adamax(const double* h) : mean(h[0]), beta2(T(h[1])), eps(T(h[2])), step(T(h[3])) {}
  T operator()(T p, T g, T* s) const {
    s[0] = mean(s[0], g);
    s[1] = larger(magnitude(g) + eps, beta2 * s[1]);
    return p - step * s[0] / s[1];
  }
};

// b = momentum b + g / (sqrt v + eps), centred on the mean a of g: v - a²;  p -= lr b
template <class T, bool kMomentum, bool kCentered>
struct RmsProp {
  static constexpr unsigned kUses = 0b1 | kMomentum * 0b10 | kCentered * 0b100;
  const T lr, eps, momentum;
  const Mean<T> mean;
  const Square<T> square;
  explicit RmsProp(const double* h) : lr(T(h[0])), eps(T(h[2])), momentum(T(h[3])), mean(h[1]), square(h[1]) {}
  T operator()(T p, T g, T* s) const {
    s[0] = square(s[0], g);
    T v = s[0];
    if constexpr (kCentered) {
      s[2] = mean(s[2], g);
      v -= s[2] * s[2];
    }
    T change = g / (root(v) + eps);
    if constexpr (kMomentum) change = s[1] = momentum * s[1] + change;
    return p - lr * change;
  }
};

// v += g²;  p -= lr g / (sqrt v + eps)
template <class T>
struct Adagrad {
  static constexpr unsigned kUses = 0b1;
  const T lr, eps;
  explicit Adagrad(const double* h) : lr(T(h[0])), eps(T(h[1])) {}
  T operator()(T p, T g, T* s) const {
    s[0] += g * g;
    return p - lr * g / (root(s[0]) + eps);
  }
};

// change = g sqrt(u + eps) / sqrt(v + eps), u the mean of its square;  p -= lr change
template <class T>
struct Adadelta {
  static constexpr unsigned kUses = 0b11;
  const T lr, eps;
  const Square<T> square;
  explicit Adadelta(const double* h) : lr(T(h[0])), eps(T(h[2])), square(h[1]) {}
  T operator()(T p, T g, T* s) const {
    s[0] = square(s[0], g);
    const T change = root(s[1] + eps) / root(s[0] + eps) * g;
    s[1] = square(s[1], change);
    return p - lr * change;
  }
};

// p -= lr sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g
template <class T>
struct Lion {
  static constexpr unsigned kUses = 0b1;
  const T lr;
  const Mean<T> fast, slow;
  explicit Lion(const double* h) : lr(T(h[0])), fast(h[1]), slow(h[2]) {}
  T operator()(T p, T g, T* s) const {
    const T c = fast(s[0], g);
    s[0] = slow(s[0], g);
    return p - (c > 0 ? lr : c < 0 ? -lr : c * 0);  // NaN stays
  }
};

template <class T, class Rule>
void walk(const OptimStep& o) {
  const Rule rule(o.settings);
  T* __restrict p = static_cast<T*>(o.p);
  const T* __restrict grad = static_cast<const T*>(o.grad);
  T* __restrict s0 = static_cast<T*>(o.state[0]);
  T* __restrict s1 = static_cast<T*>(o.state[1]);
  T* __restrict s2 = static_cast<T*>(o.state[2]);
  const T sign = o.maximize ? T(-1) : T(1), decay = T(o.decay), keep = T(o.keep);
  const bool decays = o.decay != 0;  // 0 * inf must not reach the gradient
  for (int64_t i = 0; i < o.n; ++i) {
    T s[3];
    if constexpr (Rule::kUses & 1) s[0] = s0[i];
    if constexpr (Rule::kUses & 2) s[1] = s1[i];
    if constexpr (Rule::kUses & 4) s[2] = s2[i];
    const T g = sign * grad[i];
    p[i] = rule(p[i] * keep, decays ? g + decay * p[i] : g, s);
    if constexpr (Rule::kUses & 1) s0[i] = s[0];
    if constexpr (Rule::kUses & 2) s1[i] = s[1];
    if constexpr (Rule::kUses & 4) s2[i] = s[2];
  }
}

template <class T>
void sgd(const OptimStep& o) {
  const bool nesterov = o.settings[3] != 0;
  if (!o.state[0])
    walk<T, Sgd<T, false, false>>(o);
  else
    nesterov ? walk<T, Sgd<T, true, true>>(o) : walk<T, Sgd<T, true, false>>(o);
}

template <class T>
void adam(const OptimStep& o) {
  o.state[2] ? walk<T, Adam<T, true>>(o) : walk<T, Adam<T, false>>(o);
}

template <class T>
void rmsprop(const OptimStep& o) {
  if (o.state[1])
    o.state[2] ? walk<T, RmsProp<T, true, true>>(o) : walk<T, RmsProp<T, true, false>>(o);
  else
    o.state[2] ? walk<T, RmsProp<T, false, true>>(o) : walk<T, RmsProp<T, false, false>>(o);
}

template <class T, template <class> class Rule>
void plain(const OptimStep& o) {
  walk<T, Rule<T>>(o);
}

}  // namespace

namespace TG_ISA {

void fill_optim(OptimTable& t) {
  // name, settings, states, those of them that may be absent
  t = {{
      {"sgd", 4, 1, 1, {sgd<float>, sgd<double>}},
      {"adam", 5, 3, 1, {adam<float>, adam<double>}},
      {"nadam", 6, 2, 0, {plain<float, NAdam>, plain<double, NAdam>}},
      {"radam", 5, 2, 0, {plain<float, RAdam>, plain<double, RAdam>}},
      {"adamax", 4, 2, 0, {plain<float, Adamax>, plain<double, Adamax>}},
      {"rmsprop", 4, 3, 2, {rmsprop<float>, rmsprop<double>}},
      {"adagrad", 2, 1, 0, {plain<float, Adagrad>, plain<double, Adagrad>}},
      {"adadelta", 3, 2, 0, {plain<float, Adadelta>, plain<double, Adadelta>}},
      {"lion", 3, 1, 0, {plain<float, Lion>, plain<double, Lion>}},
  }};
}

}  // namespace TG_ISA
}  // namespace tg::kernels
