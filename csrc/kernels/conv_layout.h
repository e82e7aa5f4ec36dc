// An image with its padding, laid out so that all taps of a row of outputs are whole vectors: what the convolutions without
// columns read.
#pragma once
#include "kernels/simd.h"
#include "kernels/walk.h"

namespace tg::kernels {
namespace {

// x laid out: [channels, rows, stride_w, pitch]; element (c, r, f, j) is the padded plane's at row r, column j * stride_w + f.
template <class T>
struct Layout {
  int64_t rows, pitch, row, plane;  // of elements
  int64_t offset[kDirectTaps];      // of each tap, from where its window starts

  // `slack`: elements behind each row that may be read, and are 0.
  Layout(const Window2d& w, int64_t slack) {
    rows = (w.out_h - 1) * w.stride_h + (w.kernel_h - 1) * w.dilation_h + 1;
    pitch = w.out_w + (w.kernel_w - 1) * w.dilation_w / w.stride_w + slack;
    row = w.stride_w * pitch;
    plane = rows * row;
  }
  void find_offsets(const Window2d& w) {
    for (int64_t v = 0; v < w.kernel_w; ++v) {
      const int64_t at = v * w.dilation_w;
      offset[v] = w.stride_w == 1 ? at : at % w.stride_w * pitch + at / w.stride_w;
    }
    for (int64_t t = w.kernel_w; t < w.kernel_h * w.kernel_w; ++t) offset[t] = offset[t - w.kernel_w] + w.dilation_h * row;
  }
  void fill(const Window2d& w, const T* x, T* to) const {
    if (w.stride_w == 1) return fill_rows(w, x, to);
    for (int64_t c = 0; c < w.channels; ++c, x += w.height * w.width, to += plane)
      for (int64_t f = 0; f < w.stride_w; ++f) {
        const int64_t first = f - w.pad_w;  // the column of j = 0
        const int64_t begin = first >= 0 ? 0 : min(pitch, ceil_div(-first, w.stride_w));
        const int64_t end = first >= w.width ? begin : max(begin, min(pitch, (w.width - 1 - first) / w.stride_w + 1));
        for (int64_t r = 0; r < rows; ++r) {
          const T* from = x + (r - w.pad_h) * w.width + first;
          T* line = to + r * row + f * pitch;
          const int64_t stop = r >= w.pad_h && r < w.pad_h + w.height ? end : begin;
          for (int64_t j = 0; j < begin; ++j) line[j] = 0;
          for (int64_t j = begin; j < stop; ++j) line[j] = from[j * w.stride_w];
          for (int64_t j = stop; j < pitch; ++j) line[j] = 0;
        }
      }
  }
  // The same where the elements of a row stay neighbours: zeros everywhere, then rows in whole vectors.
  void fill_rows(const Window2d& w, const T* x, T* to) const {
    const int64_t size = w.channels * plane;
    for (int64_t i = 0; i < size; i += kLanes<T>) store_some(to + i, size - i, Vec<T>{});
    const int64_t filled = min(w.height, rows - w.pad_h), columns = min(w.width, pitch - w.pad_w);
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t r = 0; r < filled; ++r) {
        const T* from = x + (c * w.height + r) * w.width;
        T* line = to + c * plane + (w.pad_h + r) * pitch + w.pad_w;
        for (int64_t n = columns; n > 0; n -= kLanes<T>, from += kLanes<T>, line += kLanes<T>)
          store_some(line, n, load_some(from, n, T(0)));
      }
  }
};

}  // namespace
}  // namespace tg::kernels
