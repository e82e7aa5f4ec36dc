// Optimizer steps: one call over all parameters.
#include <algorithm>
#include <deque>
#include <vector>

#include "bind/cold.h"
#include "bind/module.h"
#include "core/gil.h"
#include "core/parallel.h"
#include "ops/inplace.h"

namespace py = pybind11;

namespace tg::bind {
namespace {

using kernels::OptimRule;
using kernels::OptimStep;
using ops::table;

constexpr const char* kName = "optim_step";
// Elements, of one or several parameters, that a thread takes at once.
constexpr int64_t kGrain = 1 << 15;

const OptimRule& find_rule(std::string_view name) {
  for (const OptimRule& rule : table().optim.rules)
    if (name == rule.name) return rule;
  fail<ValueError>(kName, "(): there is no rule '", name, "'");
}

Tensor like_parameter(const char* what, Py_ssize_t number, PyObject* o, const Tensor* p) {
  if (!o || !is_tensor(o))
    fail<TypeError>(kName, "(): ", what, " of parameter ", number, " must be a Tensor, got ",
                    o ? Py_TYPE(o)->tp_name : "nothing");
  const Tensor t = Tensor::borrow(static_cast<TensorImpl*>(o));
  ops::require_floating(kName, what, t);
  if (p && (!same(t.shape(), p->shape()) || t.dtype() != p->dtype())) {
    fail<RuntimeError>(kName, "(): ", what, " of parameter ", number, " has shape ", Show{t.shape()}, " and dtype ", t.dtype(),
                       ", its parameter ", Show{p->shape()}, " and ", p->dtype());
  }
  return t;
}

// What a step reads and writes, gathered and checked before anything is changed. What is not contiguous goes through a copy
// that is stored afterwards.
class Work {
 public:
  explicit Work(const OptimRule& rule) : rule_(rule) {}

  // Parameters that share their settings: (params, entries, names, settings, decay, keep, maximize).
  void add_batch(PyObject* batch) {
    PyObject *params, *entries, *names, *settings;
    OptimStep step{};
    int maximize = 0;
    if (!PyTuple_Check(batch)) fail<TypeError>(kName, "(): a batch must be a tuple, got ", Py_TYPE(batch)->tp_name);
    if (!PyArg_ParseTuple(batch, "O!O!O!O!ddp:optim_step", &PyList_Type, &params, &PyList_Type, &entries, &PyTuple_Type, &names,
                          &PyTuple_Type, &settings, &step.decay, &step.keep, &maximize))
      throw PythonError();
    if (PyTuple_GET_SIZE(names) != rule_.states || PyTuple_GET_SIZE(settings) != rule_.settings)
      fail<ValueError>(kName, "(): rule '", rule_.name, "' has ", rule_.states, " states and ", rule_.settings, " settings, got ",
                       PyTuple_GET_SIZE(names), " and ", PyTuple_GET_SIZE(settings));
    for (int i = 0; i < rule_.states - rule_.optional; ++i)
      if (PyTuple_GET_ITEM(names, i) == Py_None) fail<ValueError>(kName, "(): rule '", rule_.name, "' needs its state ", i);
    step.settings = settings_.emplace_back(numbers(settings)).data();
    step.maximize = maximize != 0;
    const Py_ssize_t count = PyList_GET_SIZE(params);
    if (PyList_GET_SIZE(entries) != count)
      fail<ValueError>(kName, "(): ", PyList_GET_SIZE(entries), " entries for ", count, " parameters");
    steps_.reserve(steps_.size() + size_t(count));
    types_.reserve(steps_.size() + size_t(count));
    ends_.reserve(steps_.size() + size_t(count));
    held_.reserve(held_.size() + size_t(count * (2 + rule_.states)));
    for (Py_ssize_t i = 0; i < count; ++i) add(step, PyList_GET_ITEM(params, i), PyList_GET_ITEM(entries, i), names);
  }

  // Cut by the number of elements alone: a chunk may end inside a parameter, or cover many.
  void run() const {
    const int64_t total = ends_.empty() ? 0 : ends_.back();
    Unlocked unlocked(total * 4, {});
    parallel_ranges(total, total < 2 * kGrain ? total : kGrain, [&](int64_t begin, int64_t end) {
      for (size_t i = std::upper_bound(ends_.begin(), ends_.end(), begin) - ends_.begin(); begin < end; ++i) {
        const int64_t stop = std::min(end, ends_[i]);
        part(i, steps_[i].n - (ends_[i] - begin), stop - begin);
        begin = stop;
      }
    });
  }

  void finish() const {
    for (const Held& h : held_) {
      if (!h.written) continue;
      if (h.work.is(h.tensor))
        h.tensor.wrote();
      else
        ops::copy_values(h.tensor, h.work);
    }
  }

 private:
  struct Held {
    Tensor tensor, work;
    StoragePtr pin;  // other threads may rebind a tensor while this one works
    bool written;
  };

  static std::vector<double> numbers(PyObject* tuple) {
    std::vector<double> out;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
      out.push_back(PyFloat_AsDouble(PyTuple_GET_ITEM(tuple, i)));
      if (PyErr_Occurred()) throw PythonError();
    }
    return out;
  }

  // names[i] is the key in `entry` of the rule's state i, or None.
  void add(OptimStep step, PyObject* param, PyObject* entry, PyObject* names) {
    const Py_ssize_t number = Py_ssize_t(steps_.size());
    const Tensor p = like_parameter("the tensor", number, param, nullptr);
    const Tensor g = like_parameter("grad", number, p.grad().get(), &p);
    step.n = p.numel();
    step.grad = hold(g, false);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
      PyObject* name = PyTuple_GET_ITEM(names, i);
      if (name == Py_None) continue;
      if (!PyUnicode_Check(name) || !PyDict_Check(entry)) fail<TypeError>(kName, "(): states are looked up by name in dicts");
      const char* text = PyUnicode_AsUTF8(name);
      if (!text) throw PythonError();
      step.state[i] = hold(like_parameter(text, number, PyDict_GetItem(entry, name), &p), true);
    }
    step.p = hold(p, true);
    types_.push_back(int(p.dtype() == DType::bfloat16 ? DType::float32 : p.dtype()));
    steps_.push_back(step);
    ends_.push_back((ends_.empty() ? 0 : ends_.back()) + p.numel());
  }

  char* hold(const Tensor& t, bool written) {
    const Tensor work = t.dtype() == DType::bfloat16 ? ops::cast(t, DType::float32) : ops::contiguous_values(t);
    held_.push_back({t, work, StoragePtr(work->storage), written});
    return work.bytes();
  }

  void part(size_t i, int64_t begin, int64_t n) const {
    OptimStep step = steps_[i];
    const int64_t at = begin * int64_t(itemsize(DType(types_[i])));
    step.n = n;
    step.p = static_cast<char*>(step.p) + at;
    step.grad = static_cast<const char*>(step.grad) + at;
    for (void*& state : step.state)
      if (state) state = static_cast<char*>(state) + at;
    rule_.fn[types_[i]](step);
  }

  const OptimRule& rule_;
  std::deque<std::vector<double>> settings_;  // of each batch
  std::vector<OptimStep> steps_;              // of each parameter
  std::vector<int> types_;
  std::vector<int64_t> ends_;  // of each parameter, if all stood one behind the other
  std::vector<Held> held_;
};

struct Step {
  static constexpr OpInfo info{
      .name = kName,
      .signature = "(rule: str, batches: object) -> None",
      .doc =
          "One step of an optimizer, in place. A batch is (params, entries, names, settings, decay, keep, maximize): a list of "
          "tensors with gradients; entries[i][name] is what the rule remembers of params[i], for each of `names` (None: does "
          "without); the rule's own settings; decay * p joins the gradient; p is multiplied by keep."};
  static PyObject* forward(std::string_view rule, Object batches) {
    if (!PyList_Check(batches.o)) fail<TypeError>(kName, "(): batches must be a list, got ", Py_TYPE(batches.o)->tp_name);
    Work work(find_rule(rule));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(batches.o); ++i) work.add_batch(PyList_GET_ITEM(batches.o, i));
    work.run();
    work.finish();
    return Py_NewRef(Py_None);
  }
};

}  // namespace

void init_optim(py::module_& m) { def_function<Step>(m); }

}  // namespace tg::bind
