// Trampolines of what follows an order: scans, sorting, counting into bins, differences of neighbours.
#include "bind/call.h"
#include "ops/count.h"
#include "ops/difference.h"
#include "ops/scan.h"
#include "ops/sort.h"

namespace tg::bind {

template <>
struct Arg<ops::Spacing> {
  ops::Spacing v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None) return v.steps.push_back(1);
    v.listed = looks_like_list(o);
    const Py_ssize_t n = v.listed ? PySequence_Fast_GET_SIZE(o) : 1;
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* item = v.listed ? PySequence_Fast_ITEMS(o)[i] : o;
      if (v.listed && is_tensor(item))
        v.places.push_back(Tensor::borrow(static_cast<TensorImpl*>(item)));
      else
        v.steps.push_back(to_double(op, param, item));
    }
    if (!v.places.empty() && !v.steps.empty()) wrong_type(op, param, o);
  }
  const ops::Spacing& value() const { return v; }
};

void add_sort(std::vector<Entry>& entries) {
  add_entries<ops::Scans>(entries, "scan");
  add_entries<ops::Sorts>(entries, "sort");
  add_entries<ops::Counts>(entries, "count");
  add_entries<ops::Differences>(entries, "difference");
  add_internal<ops::ScansInternal>(entries, "scan");
  add_internal<ops::SortsInternal>(entries, "sort");
}

}  // namespace tg::bind
