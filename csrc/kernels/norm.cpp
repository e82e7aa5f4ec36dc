// Normalisation of rows and of channels: statistics in two passes, results, gradients.
// Must not know which tensor dims are rows and channels.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/pieces.h"

namespace tg::kernels {
namespace {

template <class T>
inline T inverse_root(double x) {
  return T(1 / __builtin_sqrt(x));
}

// Not inlined: it is called from many places, and none of them for short rows.
template <class T>
[[gnu::noinline]] T sum_row(const T* x, int64_t n) {
  return reduce_row<Sum>(x, n);
}

// The weight of each position of one row: null, one number per run, or (run = 1) one per position.
template <class T>
struct Affine {
  const T* p;
  int64_t run;
  Affine(const void* all, const RowNorm& r, int64_t row)
      : p(all ? static_cast<const T*>(all) + row % r.groups * (r.n / r.run) : nullptr), run(r.run) {}
  Vec<T> at(int64_t run_index, int64_t i, int64_t count, T none) const {
    return !p ? splat(none) : run == 1 ? load_some(p + i, count, T(0)) : splat(p[run_index]);
  }
};

// Calls f(run index, begin, end) for the stretches of a row that share a weight, or once when each position has its own.
template <class F>
inline void for_runs(const RowNorm& r, bool weights, F f) {
  if (r.run == 1 || !weights) return f(0, 0, r.n);
  for (int64_t k = 0; k * r.run < r.n; ++k) f(k, k * r.run, k * r.run + r.run);
}

template <class T>
void rows(const RowNorm& r, const void* from, void* to, void* means, void* roots) {
  const T* x = static_cast<const T*>(from);
  T *y = static_cast<T*>(to), *mean = static_cast<T*>(means), *rstd = static_cast<T*>(roots);
  const int64_t n = r.n;
  for (int64_t row = 0; row < r.rows; ++row, x += n, y += n) {
    const T m = r.centred ? T(double(sum_row(x, n)) / double(n)) : T(0);
    const T squares = sum_of<T>(n, [&](int64_t i, int64_t count) {
      const Vec<T> d = load_some(x + i, count, m) - m;
      return d * d;
    });
    const T s = inverse_root<T>(double(squares) / double(n) + r.eps);
    mean[row] = m;
    rstd[row] = s;
    const Affine<T> w(r.weight, r, row), b(r.bias, r, row);
    for_runs(r, w.p || b.p, [&](int64_t k, int64_t begin, int64_t end) {
      each_vector(y + begin, end - begin, [&](int64_t j, int64_t count) {
        const int64_t i = begin + j;
        const Vec<T> xhat = (load_some(x + i, count, T(0)) - m) * s;
        return xhat * w.at(k, i, count, T(1)) + b.at(k, i, count, T(0));
      });
    });
  }
}

// With v = dy weight: dx = rstd (v - mean(v) - xhat mean(v xhat)), the first mean only where centred.
template <class T>
void rows_grad(const RowNorm& r, const void* gradient, const void* from, const void* means, const void* roots, void* to) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(from);
  const T *mean = static_cast<const T*>(means), *rstd = static_cast<const T*>(roots);
  T* dx = static_cast<T*>(to);
  const int64_t n = r.n;
  for (int64_t row = 0; row < r.rows; ++row, dy += n, x += n, dx += n) {
    const T m = mean[row], s = rstd[row];
    const Affine<T> w(r.weight, r, row);
    double total = 0, dot = 0;
    for_runs(r, w.p, [&](int64_t k, int64_t begin, int64_t end) {
      const auto v = [&](int64_t i, int64_t count) {
        return load_some(dy + begin + i, count, T(0)) * w.at(k, begin + i, count, T(1));
      };
      if (r.centred) total += double(sum_of<T>(end - begin, v));
      dot += double(sum_of<T>(
          end - begin, [&](int64_t i, int64_t count) { return v(i, count) * ((load_some(x + begin + i, count, m) - m) * s); }));
    });
    const T a = T(total / double(n)), b = T(dot / double(n));
    for_runs(r, w.p, [&](int64_t k, int64_t begin, int64_t end) {
      each_vector(dx + begin, end - begin, [&](int64_t j, int64_t count) {
        const int64_t i = begin + j;
        const Vec<T> xhat = (load_some(x + i, count, T(0)) - m) * s;
        return (load_some(dy + i, count, T(0)) * w.at(k, i, count, T(1)) - a - xhat * b) * s;
      });
    });
  }
}

template <class T>
inline void add_to(T* p, int64_t count, Vec<T> v) {
  store_some(p, count, load_some(p, count, T(0)) + v);
}

template <class T>
void rows_weight_grad(const RowNorm& r, const void* gradient, const void* from, const void* means, const void* roots,
                      void* dweight, void* dbias) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(from);
  const T *mean = static_cast<const T*>(means), *rstd = static_cast<const T*>(roots);
  const int64_t n = r.n, per_row = n / r.run;
  for (int64_t row = 0; row < r.rows; ++row, dy += n, x += n) {
    const T m = mean[row], s = rstd[row];
    T* dw = dweight ? static_cast<T*>(dweight) + row % r.groups * per_row : nullptr;
    T* db = dbias ? static_cast<T*>(dbias) + row % r.groups * per_row : nullptr;
    if (r.run == 1) {
      for (int64_t i = 0; i < n; i += kLanes<T>) {
        const Vec<T> up = load_some(dy + i, n - i, T(0));
        if (dw) add_to(dw + i, n - i, up * ((load_some(x + i, n - i, T(0)) - m) * s));
        if (db) add_to(db + i, n - i, up);
      }
      continue;
    }
    for (int64_t k = 0; k < per_row; ++k) {
      const T *up = dy + k * r.run, *in = x + k * r.run;
      if (dw)
        dw[k] +=
            sum_of<T>(r.run, [&](int64_t i,
                                 int64_t count) { return load_some(up + i, count, T(0)) * (load_some(in + i, count, m) - m); }) *
            s;
      if (db) db[k] += sum_row(up, r.run);
    }
  }
}

// Calls vectors(first, count) for groups of channels that lie side by side (run = 1), else one(channel).
template <class T, class Vectors, class One>
inline void for_channels(const ChannelNorm& c, Vectors vectors, One one) {
  if (c.run == 1) {
    for (int64_t i = 0; i < c.channels; i += kLanes<T>) vectors(i, c.channels - i);
  } else {
    for (int64_t i = 0; i < c.channels; ++i) one(i);
  }
}
// The sum over outer of vectors that stand `channels` apart, in blocks.
template <class T, class F>
inline Vec<T> sum_rows(int64_t outer, F f) {
  Vec<T> total{};
  for (int64_t start = 0; start < outer; start += 128) {
    Vec<T> part{};
    for (int64_t o = start; o < outer && o < start + 128; ++o) part += f(o);
    total += part;
  }
  return total;
}
// The same over the runs of one channel; f gives run o's sum.
template <class F>
inline double sum_runs(int64_t outer, F f) {
  double total = 0;
  for (int64_t o = 0; o < outer; ++o) total += double(f(o));
  return total;
}

// The mean, then what the rounding of the mean left over corrects both.
template <class T>
void moments(const ChannelNorm& c, const void* from, void* means, void* vars) {
  const T* x = static_cast<const T*>(from);
  T *mean = static_cast<T*>(means), *var = static_cast<T*>(vars);
  const int64_t row = c.channels * c.run;
  const T n = T(c.outer * c.run);
  for_channels<T>(
      c,
      [&](int64_t i, int64_t count) {
        const auto at = [&](int64_t o) { return load_some(x + o * row + i, count, T(0)); };
        const Vec<T> m = sum_rows<T>(c.outer, at) / n;
        const Vec<T> left = sum_rows<T>(c.outer, [&](int64_t o) { return at(o) - m; }) / n;
        const Vec<T> squares = sum_rows<T>(c.outer, [&](int64_t o) { return (at(o) - m) * (at(o) - m); }) / n;
        store_some(mean + i, count, m + left);
        store_some(var + i, count, squares - left * left);
      },
      [&](int64_t i) {
        const auto run = [&](int64_t o) { return x + o * row + i * c.run; };
        const double count = double(c.outer) * double(c.run);
        const T m = T(sum_runs(c.outer, [&](int64_t o) { return sum_row(run(o), c.run); }) / count);
        const double squares = sum_runs(c.outer, [&](int64_t o) {
          return sum_of<T>(c.run, [&](int64_t j, int64_t count) {
            const Vec<T> d = load_some(run(o) + j, count, m) - m;
            return d * d;
          });
        });
        mean[i] = m;
        var[i] = T(squares / count);
      });
}

template <class T>
void apply(const ChannelNorm& c, const void* from, const void* means, const void* scales, const void* shifts, void* to) {
  const T *x = static_cast<const T*>(from), *mean = static_cast<const T*>(means), *scale = static_cast<const T*>(scales);
  const T* shift = static_cast<const T*>(shifts);
  T* y = static_cast<T*>(to);
  const int64_t n = c.channels;
  for (int64_t o = 0; o < c.outer; ++o) {
    if (c.run == 1) {
      each_vector(y, n, [&](int64_t i, int64_t count) {
        const auto at = [&](const T* p) { return load_some(p + i, count, T(0)); };
        const Vec<T> scaled = (at(x) - at(mean)) * at(scale);
        return shift ? scaled + at(shift) : scaled;
      });
      x += n;
      y += n;
      continue;
    }
    for (int64_t k = 0; k < n; ++k, x += c.run, y += c.run) {
      const T m = mean[k], s = scale[k], b = shift ? shift[k] : T(0);
      each_vector(y, c.run, [&](int64_t i, int64_t count) { return (load_some(x + i, count, T(0)) - m) * s + b; });
    }
  }
}

template <class T>
void sums(const ChannelNorm& c, const void* gradient, const void* from, const void* means, void* totals, void* dots) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(from), *mean = static_cast<const T*>(means);
  T *total = static_cast<T*>(totals), *dot = static_cast<T*>(dots);
  const int64_t row = c.channels * c.run;
  for_channels<T>(
      c,
      [&](int64_t i, int64_t count) {
        const Vec<T> m = load_some(mean + i, count, T(0));
        const auto up = [&](int64_t o) { return load_some(dy + o * row + i, count, T(0)); };
        store_some(total + i, count, sum_rows<T>(c.outer, up));
        store_some(dot + i, count,
                   sum_rows<T>(c.outer, [&](int64_t o) { return up(o) * (load_some(x + o * row + i, count, T(0)) - m); }));
      },
      [&](int64_t i) {
        const T m = mean[i];
        const auto at = [&](const T* p, int64_t o) { return p + o * row + i * c.run; };
        total[i] = T(sum_runs(c.outer, [&](int64_t o) { return sum_row(at(dy, o), c.run); }));
        dot[i] = T(sum_runs(c.outer, [&](int64_t o) {
          return sum_of<T>(c.run, [&](int64_t j, int64_t count) {
            return load_some(at(dy, o) + j, count, T(0)) * (load_some(at(x, o) + j, count, m) - m);
          });
        }));
      });
}

template <class T>
void grad(const ChannelNorm& c, const void* gradient, const void* from, const void* means, const void* scales, const void* as,
          const void* bs, void* to) {
  const T *dy = static_cast<const T*>(gradient), *x = static_cast<const T*>(from), *mean = static_cast<const T*>(means);
  const T *scale = static_cast<const T*>(scales), *a = static_cast<const T*>(as), *b = static_cast<const T*>(bs);
  T* dx = static_cast<T*>(to);
  const int64_t n = c.channels;
  for (int64_t o = 0; o < c.outer; ++o) {
    if (c.run == 1) {
      each_vector(dx, n, [&](int64_t i, int64_t count) {
        const auto at = [&](const T* p) { return load_some(p + i, count, T(0)); };
        return (at(dy) - at(a) - (at(x) - at(mean)) * at(b)) * at(scale);
      });
      dy += n;
      x += n;
      dx += n;
      continue;
    }
    for (int64_t k = 0; k < n; ++k, dy += c.run, x += c.run, dx += c.run) {
      each_vector(dx, c.run, [&](int64_t i, int64_t count) {
        return (load_some(dy + i, count, T(0)) - a[k] - (load_some(x + i, count, T(0)) - mean[k]) * b[k]) * scale[k];
      });
    }
  }
}

template <class T>
void fill_type(NormTable& t, int type) {
  t.rows[type] = rows<T>;
  t.rows_grad[type] = rows_grad<T>;
  t.rows_weight_grad[type] = rows_weight_grad<T>;
  t.moments[type] = moments<T>;
  t.apply[type] = apply<T>;
  t.sums[type] = sums<T>;
  t.grad[type] = grad<T>;
}

}  // namespace

namespace TG_ISA {
void fill_norm(NormTable& t) {
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
