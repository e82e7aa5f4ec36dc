// What one step of a recurrent layer does to its gates, forward and backward. The products around it are the matrix
// kernels'; knows neither sequences nor weights.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/pieces.h"

namespace tg::kernels {
namespace {

// gates: i, f, g, o side by side in each row, raw, then activated. c' = f c + i g, h = o tanh(c').
template <class T>
void lstm(int64_t rows, int64_t size, void* gates_void, const void* c_void, void* c_new, void* h_void) {
  T* gates = static_cast<T*>(gates_void);
  const T* c = static_cast<const T*>(c_void);
  T *next = static_cast<T*>(c_new), *h = static_cast<T*>(h_void);
  for (int64_t r = 0; r < rows; ++r, gates += 4 * size, c += size, next += size, h += size)
    for (int64_t j = 0; j < size; j += kLanes<T>) {
      const int64_t count = size - j;
      const auto at = [&](int64_t gate) { return load_some(gates + gate * size + j, count, T(0)); };
      const Vec<T> i = sigmoid(at(0)), f = sigmoid(at(1)), g = tanh(at(2)), o = sigmoid(at(3));
      const Vec<T> cell = f * load_some(c + j, count, T(0)) + i * g;
      store_some(gates + j, count, i);
      store_some(gates + size + j, count, f);
      store_some(gates + 2 * size + j, count, g);
      store_some(gates + 3 * size + j, count, o);
      store_some(next + j, count, cell);
      store_some(h + j, count, o * tanh(cell));
    }
}

// dc, the gradient of c', becomes that of c; dgates that of the raw gates.
template <class T>
void lstm_grad(int64_t rows, int64_t size, const void* gates_void, const void* c_void, const void* c_new, const void* dh_void,
               void* dc_void, void* dgates) {
  const T *gates = static_cast<const T*>(gates_void), *c = static_cast<const T*>(c_void);
  const T *next = static_cast<const T*>(c_new), *dh = static_cast<const T*>(dh_void);
  T *dc = static_cast<T*>(dc_void), *d = static_cast<T*>(dgates);
  for (int64_t r = 0; r < rows; ++r, gates += 4 * size, d += 4 * size, c += size, next += size, dh += size, dc += size)
    for (int64_t j = 0; j < size; j += kLanes<T>) {
      const int64_t count = size - j;
      const auto at = [&](const T* p) { return load_some(p + j, count, T(0)); };
      const Vec<T> i = at(gates), f = at(gates + size), g = at(gates + 2 * size), o = at(gates + 3 * size);
      const Vec<T> t = tanh(at(next)), slope = at(dh), cell = at(dc) + slope * o * (T(1) - t * t);
      store_some(d + j, count, cell * g * i * (T(1) - i));
      store_some(d + size + j, count, cell * at(c) * f * (T(1) - f));
      store_some(d + 2 * size + j, count, cell * i * (T(1) - g * g));
      store_some(d + 3 * size + j, count, slope * t * o * (T(1) - o));
      store_some(dc + j, count, cell * f);
    }
}

template <class T>
void fill_type(RecurrentTable& t, int type) {
  t.lstm[type] = lstm<T>;
  t.lstm_grad[type] = lstm_grad<T>;
}

}  // namespace

namespace TG_ISA {
void fill_recurrent(RecurrentTable& t) {
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
