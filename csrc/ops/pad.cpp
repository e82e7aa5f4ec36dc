// Padding on values, and the tables of the modes that continue a tensor.
#include "ops/pad.h"

namespace tg::ops {
namespace {

// How many elements stand before and after dim d.
std::pair<int64_t, int64_t> around(const Tensor& x, const Pads& pads, int d) {
  const size_t at = 2 * size_t(x.ndim() - 1 - d);
  return at < pads.size() ? std::pair{pads[at], pads[at + 1]} : std::pair<int64_t, int64_t>{0, 0};
}

enum class Mode { reflect, replicate, circular };

Taps taps_of(Mode mode, int64_t size, int64_t before, int64_t after) {
  const int64_t out = size + before + after;
  // What is left where both ends are cropped repeats itself.
  const int64_t first = std::max<int64_t>(-before, 0), period = size - first - std::max<int64_t>(-after, 0);
  Taps t{empty({out, 1}, DType::int64), {}};
  int64_t* p = t.index.data<int64_t>();
  for (int64_t o = 0; o < out; ++o) {
    const int64_t i = o - before;
    if (mode == Mode::replicate)
      p[o] = std::clamp<int64_t>(i, 0, size - 1);
    else if (mode == Mode::circular)
      p[o] = first + ((i - first) % period + period) % period;
    else
      p[o] = i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
  }
  return t;
}

}  // namespace

void check_pads(const char* op, const Tensor& x, const Pads& pads) {
  const Span shown(pads.data(), pads.size());
  if (pads.size() % 2) fail<RuntimeError>(op, "(): pad must have an even number of entries, got ", Show{shown});
  if (pads.size() > 2 * size_t(x.ndim()))
    fail<RuntimeError>(op, "(): pad ", Show{shown}, " is for more dims than those of shape ", Show{x.shape()});
  Shape shape = x.shape();
  for (int d = 0; d < x.ndim(); ++d) {
    const auto [before, after] = around(x, pads, d);
    if (before <= INT64_MIN / 4 || after <= INT64_MIN / 4 || before >= INT64_MAX / 4 || after >= INT64_MAX / 4 ||
        (shape[d] += before + after) < 0) {
      fail<RuntimeError>(op, "(): pad ", Show{shown}, " gives dim ", d, " of shape ", Show{x.shape()}, " an impossible size");
    }
  }
  checked_numel(op, shape);
}

Tensor pad_values(const Tensor& x, const Pads& pads, double value) {
  Shape shape = x.shape(), kept = x.shape();
  int64_t from = 0, to = 0;
  bool grows = false, empties = false;
  for (int d = 0; d < x.ndim(); ++d) {
    const auto [before, after] = around(x, pads, d);
    shape[d] += before + after;
    kept[d] += std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    grows |= before > 0 || after > 0;
    empties |= kept[d] <= 0;
    from += std::max<int64_t>(-before, 0) * x.stride(d);
  }
  Tensor y = grows ? full(shape, value, x.dtype()) : empty(shape, x.dtype());
  if (empties) return y;
  for (int d = 0; d < x.ndim(); ++d) to += std::max<int64_t>(around(x, pads, d).first, 0) * y.stride(d);
  copy_values(alias(y, kept, y.strides(), to), alias(x, kept, x.strides(), from));
  return y;
}

Tensor Pad::forward(const Tensor& x, const Pads& pad, std::string_view mode, std::optional<double> value) {
  if (mode == "constant") return tape::apply<ConstantPad>(x, pad, value.value_or(0));
  if (mode != "reflect" && mode != "replicate" && mode != "circular")
    fail<ValueError>("pad(): mode must be 'constant', 'reflect', 'replicate' or 'circular', got '", mode, "'");
  if (value && *value != 0) fail<ValueError>("pad(): mode '", mode, "' takes no value, got ", *value);
  check_pads(info.name, x, pad);
  const int dims = int(pad.size() / 2);
  if (dims < 1 || dims > 3 || (x.ndim() != dims + 1 && x.ndim() != dims + 2)) {
    fail<RuntimeError>("pad(): mode '", mode, "' pads the last n dims of n + 1 or n + 2; ", pad.size(),
                       " numbers do not fit shape ", Show{x.shape()});
  }
  const Mode m = mode == "reflect" ? Mode::reflect : mode == "replicate" ? Mode::replicate : Mode::circular;
  Tensor y = x;
  for (int d = x.ndim() - dims; d < x.ndim(); ++d) {
    const auto [before, after] = around(x, pad, d);
    const int64_t size = x.size(d), most = m == Mode::reflect ? size - 1 : size, out = size + before + after;
    if (size == 0 || out < 1 || (m != Mode::replicate && std::max(before, after) > most) ||
        (m == Mode::circular && size + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0) < 1)) {
      fail<RuntimeError>("pad(): mode '", mode, "' cannot add ", before, " and ", after, " elements to ", size, " in dim ", d,
                         " of shape ", Show{x.shape()});
    }
  }
  for (int d = x.ndim() - 1; d >= x.ndim() - dims; --d) {
    const auto [before, after] = around(x, pad, d);
    if (before || after) y = tape::apply<Resample>(y, d, taps_of(m, x.size(d), before, after));
  }
  return y.is(x) ? clone(x) : y;
}

}  // namespace tg::ops
