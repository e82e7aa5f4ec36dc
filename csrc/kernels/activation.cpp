// Activations and their gradients over contiguous memory, a vector at a time.
// Must not know how the functions are approximated (math.h, activation_math.h) nor the shapes of tensors.
#include "kernels/activation_math.h"
#include "kernels/families.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

// Each has value(x, p) and grad(dy, x, p): the incoming gradient times the slope, selected rather than multiplied where
// the slope is 0 or 1, so that an infinite gradient times nothing is nothing. At kinks the choices are PyTorch's.

struct LeakyRelu {  // p: slope
  template <class V, class T>
  static V value(V x, const T* p) {
    return x > T(0) ? x : x * p[0];
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    return x > T(0) ? dy : dy * p[0];
  }
};

struct Elu {  // p: alpha * scale, scale, input scale
  template <class V, class T>
  static V value(V x, const T* p) {
    return x <= T(0) ? expm1(x * p[2]) * p[0] : x * p[1];
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    return x <= T(0) ? dy * (exp(x * p[2]) * (p[0] * p[2])) : dy * p[1];
  }
};

struct Gelu {
  template <class V, class T>
  static V value(V x, const T*) {
    return x * normal(x).below;
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const Normal<V> n = normal(x);
    return dy * (n.below + x * n.density);
  }
};

// x / (1 + e^-2u) with u = sqrt(2/pi) (x + 0.044715 x^3), which is x (1 + tanh u) / 2.
struct GeluTanh {
  static constexpr double kTwice = 1.5957691216057308, kCubic = 0.044715;
  template <class V, class T>
  static V value(V x, const T*) {
    return x * sigmoid((x + x * x * x * T(kCubic)) * T(kTwice));
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const V z = x * x, s = sigmoid((x + x * z * T(kCubic)) * T(kTwice));
    return dy * (s + x * (s * (T(1) - s)) * ((T(1) + z * T(3 * kCubic)) * T(kTwice)));
  }
};

struct Silu {
  template <class V, class T>
  static V value(V x, const T*) {
    return x * sigmoid(x);
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const V s = sigmoid(x);
    return dy * (s * (T(1) + x * (T(1) - s)));
  }
};

// tanh(log(1 + e^x)) = w / (w + 2) with w = e^x (e^x + 2); written with e = e^-|x|, which cannot overflow.
struct Mish {
  template <class V, class T>
  static V value(V x, const T*) {
    const V e = exp(-magnitude(x)), one = splat(T(1)), two = splat(T(2));
    const V top = x < T(0) ? e * (e + two) : one + two * e;
    const V rest = x < T(0) ? two : two * e * e;
    return x * (top / (top + rest));
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const V e = exp(-magnitude(x)), one = splat(T(1)), two = splat(T(2));
    const V top = x < T(0) ? e * (e + two) : one + two * e;
    const V below = top + (x < T(0) ? two : two * e * e);
    const V slope = (x < T(0) ? e : e * e) * (e + one) * T(4) / (below * below);
    return dy * (top / below + x * slope);
  }
};

struct Softplus {  // p: beta, threshold, 1 / beta
  template <class V, class T>
  static V value(V x, const T* p) {
    const V z = x * p[0];
    return z > p[1] ? x : softplus(z) * p[2];
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    const V z = x * p[0];
    return z > p[1] ? dy : dy * sigmoid(z);
  }
};

struct LogSigmoid {
  template <class V, class T>
  static V value(V x, const T*) {
    return -softplus(-x);
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    return dy * sigmoid(-x);
  }
};

struct Hardtanh {  // p: low, high
  template <class V, class T>
  static V value(V x, const T* p) {
    const V raised = x < p[0] ? splat(p[0]) : x;
    return raised > p[1] ? splat(p[1]) : raised;
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    return (x <= p[0]) | (x >= p[1]) ? V{} : dy;
  }
};

struct Hardswish {
  template <class V, class T>
  static V value(V x, const T*) {
    const V raised = x + T(3) < T(0) ? V{} : x + T(3);
    return x * (raised > T(6) ? splat(T(6)) : raised) / T(6);
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const V inside = dy * (x / T(3) + T(0.5));
    return x <= T(-3) ? V{} : x < T(3) ? inside : dy;
  }
};

struct Hardsigmoid {
  template <class V, class T>
  static V value(V x, const T*) {
    const V raised = x + T(3) < T(0) ? V{} : x + T(3);
    return (raised > T(6) ? splat(T(6)) : raised) / T(6);
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    return (x > T(-3)) & (x < T(3)) ? dy / T(6) : V{};
  }
};

struct Softsign {
  template <class V, class T>
  static V value(V x, const T*) {
    return x / (magnitude(x) + T(1));
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const V below = magnitude(x) + T(1);
    return dy / (below * below);
  }
};

struct Tanhshrink {  // near zero x and tanh x cancel; what is left is the polynomial's part of tanh
  template <class V, class T>
  static V value(V x, const T*) {
    const V z = x * x, small = -(horner(z, Float<V>::kTanh) * z * x);
    return magnitude(x) < Float<V>::kTanhSmall ? small : x - tanh(x);
  }
  template <class V, class T>
  static V grad(V dy, V x, const T*) {
    const V t = tanh(x);
    return dy * (t * t);
  }
};

struct Softshrink {  // p: lambda
  template <class V, class T>
  static V value(V x, const T* p) {
    return x > p[0] ? x - p[0] : x < -p[0] ? x + p[0] : x * T(0);  // of NaN NaN
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    return (x >= -p[0]) & (x <= p[0]) ? V{} : dy;
  }
};

struct Hardshrink {  // p: lambda
  template <class V, class T>
  static V value(V x, const T* p) {
    return (x >= -p[0]) & (x <= p[0]) ? V{} : x;
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    return (x >= -p[0]) & (x <= p[0]) ? V{} : dy;
  }
};

struct Threshold {  // p: threshold, value
  template <class V, class T>
  static V value(V x, const T* p) {
    return x <= p[0] ? splat(p[1]) : x;
  }
  template <class V, class T>
  static V grad(V dy, V x, const T* p) {
    return x <= p[0] ? V{} : dy;
  }
};

template <class F, class T>
void run_value(const void* from, void* to, int64_t n, const double* params) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  const T p[3] = {T(params[0]), T(params[1]), T(params[2])};
  for (int64_t i = 0; i < n; i += kLanes<T>) store_some(y + i, n - i, F::value(load_some(x + i, n - i, T(0)), p));
}
template <class F, class T>
void run_grad(const void* gradient, const void* from, void* to, int64_t n, const double* params) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(from);
  T* dx = static_cast<T*>(to);
  const T p[3] = {T(params[0]), T(params[1]), T(params[2])};
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    store_some(dx + i, n - i, F::grad(load_some(dy + i, n - i, T(0)), load_some(x + i, n - i, T(0)), p));
  }
}

template <class F>
void curve(Curve& c) {
  c.value[kFloat32] = run_value<F, float>;
  c.value[kFloat64] = run_value<F, double>;
  c.grad[kFloat32] = run_grad<F, float>;
  c.grad[kFloat64] = run_grad<F, double>;
}

}  // namespace

namespace TG_ISA {
void fill_activation(ActivationTable& t) {
  curve<LeakyRelu>(t.leaky_relu);
  curve<Elu>(t.elu);
  curve<Gelu>(t.gelu);
  curve<GeluTanh>(t.gelu_tanh);
  curve<Silu>(t.silu);
  curve<Mish>(t.mish);
  curve<Softplus>(t.softplus);
  curve<LogSigmoid>(t.logsigmoid);
  curve<Hardtanh>(t.hardtanh);
  curve<Hardswish>(t.hardswish);
  curve<Hardsigmoid>(t.hardsigmoid);
  curve<Softsign>(t.softsign);
  curve<Tanhshrink>(t.tanhshrink);
  curve<Softshrink>(t.softshrink);
  curve<Hardshrink>(t.hardshrink);
  curve<Threshold>(t.threshold);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
