// Trampolines of convolution, pooling, resizing, padding and layouts.
#include "bind/call.h"
#include "ops/conv.h"
#include "ops/fold.h"
#include "ops/grid.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/pool_adaptive.h"
#include "ops/resize.h"

namespace tg::bind {

template <>
struct Arg<ops::ScaleFactors> {
  ops::ScaleFactors v;
  void set(const char* op, const Param& param, PyObject* o) {
    v.listed = looks_like_list(o);
    if (!v.listed && o != Py_None) v.values = {to_double(op, param, o)};
    for (Py_ssize_t i = 0; v.listed && i < PySequence_Fast_GET_SIZE(o); ++i)
      v.values.push_back(to_double(op, param, PySequence_Fast_GET_ITEM(o, i)));
  }
  const ops::ScaleFactors& value() const { return v; }
};

void add_conv(std::vector<Entry>& entries) {
  add_entries<ops::Convolutions>(entries, "conv");
  add_entries<ops::Pools>(entries, "pool");
  add_entries<ops::AdaptivePools>(entries, "pool");
  add_entries<ops::Resizes>(entries, "resize");
  add_entries<ops::Grids>(entries, "resize");
  add_entries<ops::Paddings>(entries, "resize");
  add_entries<ops::Folds>(entries, "layout");
  add_internal<ops::ConvolutionsInternal>(entries, "conv");
  add_internal<ops::PoolsInternal>(entries, "pool");
  add_internal<ops::ResamplesInternal>(entries, "resize");
  add_internal<ops::FoldsInternal>(entries, "layout");
}

}  // namespace tg::bind
