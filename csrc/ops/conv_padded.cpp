// Convolution and its weight gradient as matrix products that read the padded image, group by group.
#include "ops/conv_steps.h"

namespace tg::ops {
namespace {

// How many parts of the outputs are computed apart, each with an image of its own: so that one image keeps all threads busy.
int64_t output_parts(const ConvShape& s, int64_t outputs) {
  return s.n >= num_threads() || s.work() < kParallelConv ? 1 : std::clamp<int64_t>(outputs / 16, 1, num_threads());
}

}  // namespace

void multiply_image(const ConvShape& s, const ConvSteps& t, const kernels::Window2d& w, const kernels::ImageProduct& product,
                    bool adjoint, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
  const int type = int(x.dtype());
  const int64_t outputs = adjoint ? s.window.channels : t.outputs, taps = w.kernel_h * w.kernel_w;
  const int64_t parts = output_parts(s, outputs), places = w.out_h * w.out_w;
  const auto first = [&](int64_t part) { return outputs * part / parts; };
  const int64_t size = product.packed_size[type](w, (outputs + parts - 1) / parts) * t.size;  // of a part
  const Tensor b = bias ? contiguous_values(bias) : Tensor(), packed = empty({s.groups * parts * size}, DType::uint8);
  const char *px = x.bytes(), *pw = weight.bytes(), *pb = b ? b.bytes() : nullptr;
  char *py = y.bytes(), *factors = packed.bytes();
  for (int64_t g = 0; g < s.groups; ++g)
    for (int64_t part = 0; part < parts; ++part) {
      const char* own = pw + g * t.w_group + first(part) * (adjoint ? taps : t.taps) * t.size;
      const kernels::WindowWeights weights = adjoint ? kernels::WindowWeights{own + (taps - 1) * t.size, taps, t.taps, -1}
                                                     : kernels::WindowWeights{own, t.taps, taps, 1};
      product.pack[type](w, first(part + 1) - first(part), weights, factors + (g * parts + part) * size);
    }
  const int64_t units = s.n * parts, chunks = parts > 1 ? units : free_chunks(s);
  for_each_unit(s, units, chunks, 0, product.scratch_size[type](w) * t.size, {&x, &b, &y},
                [&](int64_t unit, int64_t, char*, char* scratch) {
                  const int64_t i = unit / parts, part = unit % parts, begin = first(part), count = first(part + 1) - begin;
                  for (int64_t g = 0; g < s.groups; ++g) {
                    const char* from = px + i * (adjoint ? t.y_image : t.x_image) + g * (adjoint ? t.y_group : t.x_group);
                    char* to = py + i * (adjoint ? t.x_image : t.y_image) + g * (adjoint ? t.x_group : t.y_group);
                    product.run[type](w, count, from, factors + (g * parts + part) * size,
                                      pb ? pb + (g * outputs + begin) * t.size : nullptr, to + begin * places * t.size, scratch);
                  }
                });
}

Tensor weight_grad_rows(const ConvShape& s, const ConvSteps& t, int64_t parts, const Tensor& dy, const Tensor& x) {
  const int type = int(x.dtype());
  const auto& window = table().window;
  const auto size = window.weight_strips_size[type](s.window, t.outputs);
  const Tensor sums = zeros(Shape{parts, s.groups * size.sums}, x.dtype());
  const char *py = dy.bytes(), *px = x.bytes();
  char* to = sums.bytes();
  for_each_image(s, parts, 0, size.scratch * t.size, {&dy, &x, &sums}, [&](int64_t i, int64_t part, char*, char* scratch) {
    for (int64_t g = 0; g < s.groups; ++g)
      window.weight_strips[type](s.window, t.outputs, py + i * t.y_image + g * t.y_group, px + i * t.x_image + g * t.x_group,
                                 to + (part * s.groups + g) * size.sums * t.size, scratch);
  });
  tape::GradMode values_only(false);
  const Tensor total = parts == 1 ? sums : sum(sums, {0}), dw = empty(s.weight(), x.dtype());
  for (int64_t g = 0; g < s.groups; ++g)
    window.unpack_weight_strips[type](s.window, t.outputs, total.bytes() + g * size.sums * t.size, dw.bytes() + g * t.w_group);
  return dw;
}

}  // namespace tg::ops
