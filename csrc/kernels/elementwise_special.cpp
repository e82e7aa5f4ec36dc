// Special functions of one and two inputs. Must not know how they are approximated (math_*.h).
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math_error.h"
#include "kernels/math_gamma.h"
#include "kernels/math_power.h"

namespace tg::kernels {
namespace {

template <class F>
void one_wide(ByType& entry, F) {
  entry.fn[kFloat32] = map_vector<InDouble<F>, float, float>;
  entry.fn[kFloat64] = map_vector<InDouble<F>, double, double>;
}
template <class F>
void two_wide(ByType& entry, F) {
  entry.fn[kFloat32] = map_vector<InDouble<F>, float, float, float>;
  entry.fn[kFloat64] = map_vector<InDouble<F>, double, double, double>;
}

// sin(pi x) / (pi x)
using Sinc = decltype([]<class V>(V x) {
  using T = typename Float<V>::T;
  const V p = x * T(3.14159265358979324);
  return x == T(0) ? splat(T(1)) : sin(p) / p;
});

}  // namespace

namespace TG_ISA {
void fill_special(ElementwiseTable& t) {
  t.erf.fn[kFloat32] = map_vector<decltype([](auto x) { return erf_of_floats(x); }), float, float>;
  t.erf.fn[kFloat64] = map_vector<InDouble<decltype([]<class C>(C, Doubles x) { return erf_of<C>(x); })>, double, double>;
  one_wide(t.erfc, []<class C>(C, Doubles x) { return erfc_of<C>(x); });
  one_wide(t.erfcx, []<class C>(C, Doubles x) { return erfcx_of<C>(x); });
  one_wide(t.erfinv, []<class C>(C, Doubles x) { return erfinv_of<C>(x); });
  one_wide(t.ndtr, []<class C>(C, Doubles x) { return ndtr_of<C>(x); });
  one_wide(t.ndtri, []<class C>(C, Doubles x) { return ndtri_of<C>(x); });
  one_wide(t.log_ndtr, []<class C>(C, Doubles x) { return log_ndtr_of<C>(x); });
  one_wide(t.entr, []<class C>(C, Doubles x) { return entr_of<C>(x); });
  t.sinc.fn[kFloat32] = map_vector<Sinc, float, float>;
  t.sinc.fn[kFloat64] = map_vector<Sinc, double, double>;
  two_wide(t.xlogy, []<class C>(C, Doubles x, Doubles y) { return xlogy_of<C>(x, y); });
  two_wide(t.xlog1py, []<class C>(C, Doubles x, Doubles y) { return xlog1py_of<C>(x, y); });

  floats(t.lgamma, [](auto x) { return log_gamma(x); });
  floats(t.digamma, [](auto x) { return digamma(x); });
  floats(t.polygamma, [](auto n, auto x) { return polygamma(n, x); });
  floats(t.i0, [](auto x) { return bessel_i<0>(x); });
  floats(t.i1, [](auto x) { return bessel_i<1>(x); });
}
}  // namespace TG_ISA

}  // namespace tg::kernels
