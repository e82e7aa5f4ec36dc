// What the files of convolution share: the sizes of one image and group, and work by the image with memory of its own.
// Which algorithm serves which shape is conv.cpp's to say.
#pragma once
#include "ops/conv.h"

namespace tg::ops {

// Work below this many multiply-adds stays on one thread.
inline constexpr int64_t kParallelConv = 1 << 19;

// What one image and group need of the operands, in bytes.
struct ConvSteps {
  int64_t size, x_group, x_image, y_group, y_image, w_group, columns;
  int64_t taps, places, outputs;  // the matrix product: [outputs, taps] x [taps, places]

  ConvSteps(const ConvShape& s, DType dtype) {
    const auto& w = s.window;
    size = int64_t(itemsize(dtype));
    taps = w.channels * w.kernel_h * w.kernel_w;
    places = w.out_h * w.out_w;
    outputs = s.outputs / s.groups;
    x_group = w.channels * s.height * s.width * size;
    x_image = x_group * s.groups;
    y_group = outputs * places * size;
    y_image = y_group * s.groups;
    w_group = outputs * taps * size;
    columns = taps * places * size;
  }
};

inline int64_t align_bytes(int64_t bytes) { return (bytes + 63) / 64 * 64; }

inline int64_t free_chunks(const ConvShape& s) {
  return s.work() < kParallelConv ? 1 : std::min<int64_t>(s.n, 4 * num_threads());
}

// Runs f(unit, chunk, columns, scratch) for every unit of work, each chunk of them with memory of its own.
template <class F>
void for_each_unit(const ConvShape& s, int64_t units, int64_t chunks, int64_t columns_bytes, int64_t scratch_bytes,
                   std::initializer_list<const Tensor*> operands, const F& f) {
  columns_bytes = align_bytes(columns_bytes);
  scratch_bytes = align_bytes(scratch_bytes);
  Tensor memory = empty({chunks * (columns_bytes + scratch_bytes)}, DType::uint8);
  char* base = memory.bytes();
  Unlocked unlocked(s.work(), operands);
  parallel_for(chunks, [&](int64_t chunk) {
    char* columns = base + chunk * (columns_bytes + scratch_bytes);
    const int64_t begin = units * chunk / chunks, end = units * (chunk + 1) / chunks;
    for (int64_t i = begin; i < end; ++i) f(i, chunk, columns, columns + columns_bytes);
  });
}
template <class F>
void for_each_image(const ConvShape& s, int64_t chunks, int64_t columns_bytes, int64_t scratch_bytes,
                    std::initializer_list<const Tensor*> operands, const F& f) {
  for_each_unit(s, s.n, chunks, columns_bytes, scratch_bytes, operands, f);
}

// With the padded image as the matrix product's operand (conv_padded.cpp); values only.
// y = conv(x, weight) + bias. In the adjoint, at stride 1, x and y have changed places, and each group's weights are read
// backwards.
void multiply_image(const ConvShape& s, const ConvSteps& t, const kernels::Window2d& w, const kernels::ImageProduct& product,
                    bool adjoint, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
// The weight gradient, its parts in the kernel's order until they are added up.
Tensor weight_grad_rows(const ConvShape& s, const ConvSteps& t, int64_t parts, const Tensor& dy, const Tensor& x);

// All images in one matrix product (conv_deep.cpp); values only, no bias.
Tensor deep_forward(const ConvShape& s, const ConvSteps& t, const Tensor& x, const Tensor& weight);
Tensor deep_transposed(const ConvShape& s, const ConvSteps& t, const Tensor& y, const Tensor& weight);
Tensor deep_weight_grad(const ConvShape& s, const ConvSteps& t, const Tensor& dy, const Tensor& x);

}  // namespace tg::ops
