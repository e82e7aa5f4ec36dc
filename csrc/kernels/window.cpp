// The columns of a convolution, which are its windows side by side, and their adjoint.
// Knows planes and geometry only: no batches, no gradients' bookkeeping.
#include "kernels/fill.h"
#include "kernels/simd.h"
#include "kernels/walk.h"

namespace tg::kernels {
namespace {

// The outputs o in [begin, end) for which tap `tap` reads a real element, at position first + o * stride.
struct Run {
  int64_t begin, end, first;
};
template <class Stride>
inline Run run_of(const Axis& a, int64_t tap, Stride stride) {
  const int64_t first = tap * a.dilation - a.pad;
  const int64_t begin = first >= 0 ? 0 : min(ceil_div(-first, stride), a.out);
  const int64_t end = first >= a.size ? 0 : min((a.size - 1 - first) / stride + 1, a.out);
  return {begin, max(begin, end), first};
}

// One tap's part of the columns, [out_h, out_w], and the plane it comes from, walked in rows of whole vectors: rows are
// short, and a loop with a tail costs more than the row. `from` and `to` may reach into the neighbouring rows, so that
// the lanes outside the run are blanked; fits() says whether they stay inside the memory.
template <class T>
struct TapWalk {
  Run down, across;
  int64_t first;  // the plane's element under output (down.begin, 0); may lie outside the plane
  int64_t step;   // between the elements under two rows of outputs
  int64_t reach;  // a row of outputs in whole vectors

  TapWalk(const Window2d& w, int64_t tap_h, int64_t tap_w)
      : down(run_of(rows_of(w), tap_h, w.stride_h)), across(run_of(cols_of(w), tap_w, w.stride_w)) {
    first = (down.first + down.begin * w.stride_h) * w.width + across.first;
    step = w.stride_h * w.width;
    reach = ceil_div(w.out_w, kLanes<T>) * kLanes<T>;
  }
  // Elements of the plane before and behind which whole rows touch, against what there is; the same for the columns.
  bool fits(const Window2d& w, int64_t plane_begin, int64_t plane_end, int64_t columns_end) const {
    const int64_t last = first + (down.end - down.begin - 1) * step;
    return w.stride_w == 1 && first >= plane_begin && last + reach <= plane_end &&
           (down.end - 1) * w.out_w + reach <= columns_end;
  }
};

template <class T>
void im2col(const Window2d& w, const void* x_void, void* columns_void) {
  const T* x = static_cast<const T*>(x_void);
  T* columns = static_cast<T*>(columns_void);
  const int64_t plane = w.height * w.width, block = w.out_h * w.out_w, taps = w.kernel_h * w.kernel_w;
  for (int64_t c = 0; c < w.channels; ++c)
    for (int64_t tap = 0; tap < taps; ++tap, columns += block) {
      const TapWalk<T> walk(w, tap / w.kernel_w, tap % w.kernel_w);
      const Run down = walk.down, across = walk.across;
      for (int64_t i = 0; i < down.begin * w.out_w; ++i) columns[i] = 0;
      const int64_t columns_left = (w.channels * taps - c * taps - tap) * block;
      if (walk.fits(w, -c * plane, (w.channels - c) * plane, columns_left)) {
        // From the right, so that what a row spills into the next one is written over.
        for (int64_t o = walk.reach - kLanes<T>; o >= 0; o -= kLanes<T>) {
          const auto inside = lanes_within<T>(across.begin - o, across.end - o);
          const T* from = x + c * plane + walk.first + o;
          T* to = columns + down.begin * w.out_w + o;
          for (int64_t row = down.begin; row < down.end; ++row, from += walk.step, to += w.out_w) {
            store(to, inside ? load(from) : Vec<T>{});
          }
        }
      } else {
        for (int64_t row = down.begin; row < down.end; ++row) {
          const T* from = x + c * plane + walk.first + (row - down.begin) * walk.step;
          T* to = columns + row * w.out_w;
          for (int64_t o = 0; o < w.out_w; ++o) to[o] = o >= across.begin && o < across.end ? from[o * w.stride_w] : T(0);
        }
      }
      for (int64_t i = down.end * w.out_w; i < block; ++i) columns[i] = 0;
    }
}

template <class T>
void col2im(const Window2d& w, const void* columns_void, void* x_void) {
  const T* columns = static_cast<const T*>(columns_void);
  T* x = static_cast<T*>(x_void);
  const int64_t plane = w.height * w.width, block = w.out_h * w.out_w, taps = w.kernel_h * w.kernel_w;
  for (int64_t c = 0; c < w.channels; ++c)
    for (int64_t tap = 0; tap < taps; ++tap, columns += block) {
      const TapWalk<T> walk(w, tap / w.kernel_w, tap % w.kernel_w);
      const Run down = walk.down, across = walk.across;
      const int64_t columns_left = (w.channels * taps - c * taps - tap) * block;
      if (walk.fits(w, -c * plane, (w.channels - c) * plane, columns_left)) {
        for (int64_t o = 0; o < walk.reach; o += kLanes<T>) {
          const auto inside = lanes_within<T>(across.begin - o, across.end - o);
          T* to = x + c * plane + walk.first + o;
          const T* from = columns + down.begin * w.out_w + o;
          for (int64_t row = down.begin; row < down.end; ++row, to += walk.step, from += w.out_w) {
            store(to, load(to) + (inside ? load(from) : Vec<T>{}));
          }
        }
      } else {
        for (int64_t row = down.begin; row < down.end; ++row) {
          T* to = x + c * plane + walk.first + (row - down.begin) * walk.step;
          const T* from = columns + row * w.out_w;
          for (int64_t o = across.begin; o < across.end; ++o) to[o * w.stride_w] += from[o];
        }
      }
    }
}

template <class T>
void fill_type(WindowTable& t, int type) {
  t.im2col[type] = im2col<T>;
  t.col2im[type] = col2im<T>;
}

}  // namespace

namespace TG_ISA {

void fill_window(WindowTable& t) {
  fill_type<float>(t, 0);
  fill_type<double>(t, 1);
  fill_type<int64_t>(t, 2);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
