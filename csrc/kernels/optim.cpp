// One step of an optimizer over one contiguous parameter, in a single pass: SGD with momentum, Adam and AdamW.
// The formulas, and the order of their operations, are those of torch.optim. Knows no schedules and no parameter lists.
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

// The flags are template parameters so that each combination is one branch-free loop.
template <class T, bool kMomentum, bool kFirst, bool kNesterov>
void sgd_loop(const Sgd& s, int64_t n, T* __restrict p, const T* __restrict grad, T* __restrict buffer) {
  const T lr = T(s.lr), momentum = T(s.momentum), blend = T(1 - s.dampening), decay = T(s.weight_decay);
  const T sign = s.maximize ? T(-1) : T(1);
  const bool decays = s.weight_decay != 0;  // 0 * inf must not reach the gradient
  for (int64_t i = 0; i < n; ++i) {
    T g = sign * grad[i];
    g = decays ? g + decay * p[i] : g;
    if constexpr (kMomentum) {
      const T b = kFirst ? g : momentum * buffer[i] + blend * g;
      buffer[i] = b;
      g = kNesterov ? g + momentum * b : b;
    }
    p[i] -= lr * g;
  }
}

template <class T>
void sgd(const Sgd& s, int64_t n, void* p_void, const void* grad_void, void* buffer_void) {
  T* p = static_cast<T*>(p_void);
  const T* grad = static_cast<const T*>(grad_void);
  T* buffer = static_cast<T*>(buffer_void);
  if (s.momentum == 0)
    sgd_loop<T, false, false, false>(s, n, p, grad, nullptr);
  else if (s.first)
    s.nesterov ? sgd_loop<T, true, true, true>(s, n, p, grad, buffer) : sgd_loop<T, true, true, false>(s, n, p, grad, buffer);
  else
    s.nesterov ? sgd_loop<T, true, false, true>(s, n, p, grad, buffer) : sgd_loop<T, true, false, false>(s, n, p, grad, buffer);
}

template <class T, bool kDecoupled, bool kAmsgrad>
void adam_loop(const Adam& s, int64_t n, T* __restrict p, const T* __restrict grad, T* __restrict m, T* __restrict v,
               T* __restrict max_v) {
  const T keep = T(1 - s.lr * s.weight_decay), decay = T(s.weight_decay), sign = s.maximize ? T(-1) : T(1);
  const T blend1 = T(1 - s.beta1), beta2 = T(s.beta2), blend2 = T(1 - s.beta2);
  const T root_bias2 = T(__builtin_sqrt(s.bias2)), eps = T(s.eps), step = T(s.lr / s.bias1);
  const bool decays = s.weight_decay != 0, near_end = blend1 >= T(0.5);
  for (int64_t i = 0; i < n; ++i) {
    T g = sign * grad[i], value = p[i];
    if constexpr (kDecoupled)
      value *= keep;
    else
      g = decays ? g + decay * value : g;
    const T change = g - m[i];  // the two forms of torch.lerp: exact at either end
    const T mean = near_end ? g - change * (1 - blend1) : m[i] + change * blend1;
    const T square = beta2 * v[i] + blend2 * g * g;
    m[i] = mean;
    v[i] = square;
    T largest = square;
    if constexpr (kAmsgrad) {
      largest = square > max_v[i] || square != square ? square : max_v[i];
      max_v[i] = largest;
    }
    p[i] = value - step * mean / (root(largest) / root_bias2 + eps);
  }
}

template <class T>
void adam(const Adam& s, int64_t n, void* p_void, const void* grad_void, void* m_void, void* v_void, void* max_v_void) {
  T* p = static_cast<T*>(p_void);
  const T* grad = static_cast<const T*>(grad_void);
  T* m = static_cast<T*>(m_void);
  T* v = static_cast<T*>(v_void);
  T* max_v = static_cast<T*>(max_v_void);
  if (max_v)
    s.decoupled ? adam_loop<T, true, true>(s, n, p, grad, m, v, max_v) : adam_loop<T, false, true>(s, n, p, grad, m, v, max_v);
  else
    s.decoupled ? adam_loop<T, true, false>(s, n, p, grad, m, v, nullptr)
                : adam_loop<T, false, false>(s, n, p, grad, m, v, nullptr);
}

}  // namespace

namespace TG_ISA {

void fill_optim(OptimTable& t) {
  t.sgd[0] = sgd<float>;
  t.sgd[1] = sgd<double>;
  t.adam[0] = adam<float>;
  t.adam[1] = adam<double>;
}

}  // namespace TG_ISA
}  // namespace tg::kernels
