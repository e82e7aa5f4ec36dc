// Distributions drawn from a Generator, one sample per element in the order of the stream, as PyTorch draws them on a CPU
// that is not Intel's (there its bernoulli_(p) and exponential_ go through MKL). Knows no tensors.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include "core/random.h"

namespace tg::draws {

// f(i, bits) for the next n draws of 32 or 64 bits.
template <class Bits, class F>
void for_each_draw(Generator& g, int64_t n, F f) {
  constexpr int64_t kChunk = 512, kWords = sizeof(Bits) / 4;
  if (n < 8) {
    for (int64_t i = 0; i < n; ++i) f(i, kWords == 1 ? Bits(g.random()) : Bits(g.random64()));
    return;
  }
  uint32_t words[kChunk * kWords];
  for (int64_t at = 0; at < n; at += kChunk) {
    const int64_t count = n - at < kChunk ? n - at : kChunk;
    g.random(words, count * kWords);
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (kWords == 1) {
        f(at + i, words[i]);
      } else {
        f(at + i, (uint64_t(words[2 * i]) << 32) | words[2 * i + 1]);
      }
    }
  }
}

template <class T>
using BitsOf = std::conditional_t<std::is_same_v<T, float>, uint32_t, uint64_t>;

// [0, 1) from as many bits as T's mantissa has.
inline float unit(uint32_t bits) { return float(int32_t(bits & 0xffffff)) * 0x1p-24f; }
inline double unit(uint64_t bits) { return double(int64_t(bits & Generator::kMantissa)) * 0x1p-53; }

// f(i, u) for the next n uniform numbers.
template <class U, class F>
void for_each_uniform(Generator& g, int64_t n, F f) {
  for_each_draw<BitsOf<U>>(g, n, [&](int64_t i, BitsOf<U> bits) { f(i, unit(bits)); });
}

template <class T>
void uniform(Generator& g, T* out, int64_t n, T from, T to) {
  if (from == 0 && to == 1) {
    for_each_uniform<T>(g, n, [&](int64_t i, T u) { out[i] = u; });
  } else {  // rounded once, as PyTorch's vector code does
    for_each_uniform<T>(g, n, [&](int64_t i, T u) { out[i] = std::fma(u, to - from, from); });
  }
}

template <class T>
void normal(Generator& g, T* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; ++i) out[i] = T(g.normal() * std + mean);
}

template <class T>
void log_normal(Generator& g, T* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; ++i) out[i] = T(std::exp(g.normal() * std + mean));
}

template <class T>
void exponential(Generator& g, T* out, int64_t n, double rate) {
  const double scale = -1.0 / rate;
  for_each_uniform<double>(g, n, [&](int64_t i, double u) { out[i] = T(scale * std::log1p(-u)); });
}

template <class T>
void cauchy(Generator& g, T* out, int64_t n, double median, double sigma) {
  for_each_uniform<double>(g, n,
                           [&](int64_t i, double u) { out[i] = T(median + sigma * std::tan(std::numbers::pi * (u - 0.5))); });
}

template <class T>
void geometric(Generator& g, T* out, int64_t n, double p) {
  const double log_failure = std::log(1 - p);
  for_each_uniform<double>(g, n, [&](int64_t i, double u) { out[i] = T(std::ceil(std::log(u) / log_failure)); });
}

// on with probability p, else off. u < p is decided in integers: u is k / 2^53, and the product with a power of two is exact.
template <class T>
void choice(Generator& g, T* out, int64_t n, double p, T on, T off) {
  const uint64_t below = uint64_t(std::ceil(p * 0x1p53));
  for_each_draw<uint64_t>(g, n, [&](int64_t i, uint64_t bits) { out[i] = (bits & Generator::kMantissa) < below ? on : off; });
}
template <class T>
void bernoulli(Generator& g, T* out, int64_t n, double p) {
  choice(g, out, n, p, T(1), T(0));
}
template <class T, class P>
void bernoulli(Generator& g, T* out, int64_t n, const P* p) {
  for_each_uniform<P>(g, n, [&](int64_t i, P u) { out[i] = T(u < p[i]); });
}

// Integers in [low, low + range); a range of 0 stands for all 64 bits.
template <class T>
void integers(Generator& g, T* out, int64_t n, int64_t low, uint64_t range) {
  if (range == 0) {
    for_each_draw<uint64_t>(g, n, [&](int64_t i, uint64_t bits) { out[i] = T(int64_t(bits)); });
  } else if (range >= (uint64_t(1) << 28)) {
    for_each_draw<uint64_t>(g, n, [&](int64_t i, uint64_t bits) { out[i] = T(int64_t(uint64_t(low) + bits % range)); });
  } else {
    const uint32_t narrow = uint32_t(range);
    for_each_draw<uint32_t>(g, n, [&](int64_t i, uint32_t bits) { out[i] = T(int64_t(uint64_t(low) + bits % narrow)); });
  }
}

// All of an integer type's values that are not negative; the integers that a floating type holds, up to 2^digits.
template <class T>
void integers(Generator& g, T* out, int64_t n) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  if constexpr (std::is_same_v<T, bool>) {
    for_each_draw<uint32_t>(g, n, [&](int64_t i, uint32_t bits) { out[i] = bits & 1; });
  } else if constexpr (std::is_floating_point_v<T>) {
    constexpr Bits count = (Bits(1) << std::numeric_limits<T>::digits) + 1;
    for_each_draw<Bits>(g, n, [&](int64_t i, Bits bits) { out[i] = T(bits % count); });
  } else {
    for_each_draw<Bits>(g, n, [&](int64_t i, Bits bits) { out[i] = T(bits & Bits(std::numeric_limits<T>::max())); });
  }
}

int64_t poisson(Generator& g, double rate);  // Hoermann's transformed rejection from 10, products of uniforms below
// Hormann's transformed rejection where count p >= 10, sums of geometric variables below. T is the type PyTorch computes in.
template <class T>
T binomial(Generator& g, T count, T p);

}  // namespace tg::draws
