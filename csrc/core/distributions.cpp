// Poisson and binomial variables by rejection: W. Hoermann, "The transformed rejection method for generating Poisson random
// variables" (1993) and "The generation of binomial random variates" (1993), with the constants and roundings of PyTorch.
#include "core/distributions.h"

namespace tg::draws {

int64_t poisson(Generator& g, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double product = g.uniform_double();
    int64_t count = 0;
    for (; product > limit; ++count) product *= g.uniform_double();
    return count;
  }
  const double root = std::sqrt(rate), log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_accept = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = g.uniform_double() - 0.5, v = g.uniform_double(), edge = 0.5 - std::fabs(u);
    const double floor = std::floor((2 * a / edge + b) * u + rate + 0.43);
    if (edge >= 0.07 && v <= v_accept) return int64_t(floor);
    if (!(floor >= 0 && floor < 0x1p63) || (edge < 0.013 && v > edge)) continue;
    const double density = -rate + floor * log_rate - std::lgamma(floor + 1);
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (edge * edge) + b) <= density) return int64_t(floor);
  }
}

namespace {

// log k! - Stirling's approximation.
double stirling_rest(double k) {
  static constexpr double kFirst[] = {0.0810614667953272,  0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
                                      0.0166446911898211,  0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
                                      0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return kFirst[int(k)];
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// How many waiting times fit into the trials.
template <class T>
T by_waiting(Generator& g, T count, T p) {
  const double log_failure = std::log1p(-p);
  double passed = 0;
  T successes = 0;
  while (true) {
    passed += std::ceil(std::log(g.uniform_double()) / log_failure);
    if (!(passed <= count)) return successes;
    successes += 1;
  }
}

template <class T>
T by_rejection(Generator& g, T count, T p) {
  const double deviation = std::sqrt(count * p * (1 - p));
  const double b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p, c = count * p + 0.5;
  const double v_accept = 0.92 - 4.2 / b, odds = p / (1 - p), alpha = (2.83 + 5.1 / b) * deviation;
  const double mode = std::floor((count + 1) * p);
  while (true) {
    const double u = g.uniform_double() - 0.5;
    double v = g.uniform_double();
    const double edge = 0.5 - std::fabs(u);
    const T k = T(std::floor((2 * a / edge + b) * u + c));
    if (k < 0 || k > count) continue;
    if (edge >= 0.07 && v <= v_accept) return k;
    v = std::log(v * alpha / (a / (edge * edge) + b));
    const double bound = (mode + 0.5) * std::log((mode + 1) / (odds * (count - mode + 1))) +
                         (count + 1) * std::log((count - mode + 1) / (count - k + 1)) +
                         (k + 0.5) * std::log(odds * (count - k + 1) / (k + 1)) + stirling_rest(mode) +
                         stirling_rest(count - mode) - stirling_rest(k) - stirling_rest(count - k);
    if (v <= bound) return k;
  }
}

}  // namespace

template <class T>
T binomial(Generator& g, T count, T p) {
  if (count <= 0 || p <= 0) return 0;
  if (p >= 1) return count;
  if (!(p < 1) || !(count < std::numeric_limits<T>::infinity())) return std::numeric_limits<T>::quiet_NaN();
  const T rare = p <= T(0.5) ? p : T(1.0 - p);
  const T k = count * rare >= 10 ? by_rejection(g, count, rare) : by_waiting(g, count, rare);
  return p <= T(0.5) ? k : count - k;
}
template float binomial(Generator&, float, float);
template double binomial(Generator&, double, double);

}  // namespace tg::draws
