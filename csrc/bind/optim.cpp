// Optimizer steps: one call over all parameters.
#include "bind/cold.h"
#include "bind/module.h"
#include "core/gil.h"
#include "core/parallel.h"
#include "ops/inplace.h"

namespace py = pybind11;

namespace tg::bind {
namespace {

using ops::table;

// Parameters below this size are stepped on the calling thread.
constexpr int64_t kGrain = 1 << 16;

// A checked list: one tensor per parameter, of its shape and dtype.
TensorList like_parameters(const char* op, const char* what, const py::sequence& list, const TensorList* params) {
  TensorList out;
  if (params && list.size() == 0) return out;
  if (params && list.size() != params->size())
    fail<ValueError>(op, "(): ", list.size(), " ", what, " for ", params->size(), " parameters");
  for (size_t i = 0; i < list.size(); ++i) {
    const py::object o = list[i];
    if (!is_tensor(o.ptr()))
      fail<TypeError>(op, "(): element ", i, " of ", what, " must be a Tensor, got ", Py_TYPE(o.ptr())->tp_name);
    Tensor t = Tensor::borrow(static_cast<TensorImpl*>(o.ptr()));
    ops::require_floating(op, what, t);
    if (params) {
      const Tensor& p = (*params)[i];
      if (!same(t.shape(), p.shape()) || t.dtype() != p.dtype()) {
        fail<RuntimeError>(op, "(): element ", i, " of ", what, " has shape ", Show{t.shape()}, " and dtype ", t.dtype(),
                           ", its parameter ", Show{p.shape()}, " and ", p.dtype());
      }
    }
    out.push_back(t);
  }
  return out;
}

// Tensors that a step writes to: in place where they are contiguous, else through a copy that is stored afterwards.
class Written {
 public:
  explicit Written(const TensorList& tensors) : tensors_(tensors) {
    for (const Tensor& t : tensors_) {
      work_.push_back(ops::contiguous_values(t));
      pointers_.push_back(work_.back().bytes());
    }
  }
  // The element `at` of tensor i; null where there are no tensors.
  char* at(size_t i, int64_t byte) const { return pointers_.empty() ? nullptr : pointers_[i] + byte; }
  void finish() const {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (work_[i].is(tensors_[i])) {
        tensors_[i].wrote();
      } else {
        ops::copy_values(tensors_[i], work_[i]);
      }
    }
  }

 private:
  const TensorList& tensors_;
  TensorList work_;
  std::vector<char*> pointers_;
};

// Calls step(i, begin, end) over the elements of every parameter, large ones cut.
template <class F>
void for_each_part(const TensorList& params, const F& step) {
  int64_t total = 0;
  for (const Tensor& p : params) total += p.numel();
  Unlocked unlocked(total * 4, {});
  for (size_t i = 0; i < params.size(); ++i) {
    parallel_ranges(params[i].numel(), params[i].numel() < 2 * kGrain ? params[i].numel() : kGrain,
                    [&](int64_t begin, int64_t end) { step(i, begin, end); });
  }
}

void sgd_step(const py::sequence& param_list, const py::sequence& grad_list, const py::sequence& buffer_list, bool first,
              double lr, double momentum, double dampening, double weight_decay, bool nesterov, bool maximize) {
  const TensorList params = like_parameters("sgd_step", "params", param_list, nullptr);
  TensorList grads = like_parameters("sgd_step", "grads", grad_list, &params);
  const TensorList buffers = like_parameters("sgd_step", "buffers", buffer_list, &params);
  if (grads.size() != params.size()) fail<ValueError>("sgd_step(): no gradients given");
  if (momentum != 0 && buffers.empty() && !params.empty()) fail<ValueError>("sgd_step(): momentum needs buffers");
  const TensorList none;
  const Written p(params), b(momentum != 0 ? buffers : none);
  for (Tensor& g : grads) g = ops::contiguous_values(g);
  const kernels::Sgd h{lr, momentum, dampening, weight_decay, nesterov, maximize, first};
  for_each_part(params, [&](size_t i, int64_t begin, int64_t end) {
    const int type = int(params[i].dtype());
    const int64_t at = begin * int64_t(itemsize(params[i].dtype()));
    table().optim.sgd[type](h, end - begin, p.at(i, at), grads[i]->data + at, b.at(i, at));
  });
  p.finish();
  b.finish();
}

void adam_step(const py::sequence& param_list, const py::sequence& grad_list, const py::sequence& m_list,
               const py::sequence& v_list, const py::sequence& max_v_list, int64_t step, double lr, double beta1, double beta2,
               double eps, double weight_decay, bool decoupled, bool maximize) {
  const TensorList params = like_parameters("adam_step", "params", param_list, nullptr);
  TensorList grads = like_parameters("adam_step", "grads", grad_list, &params);
  const TensorList ms = like_parameters("adam_step", "exp_avgs", m_list, &params);
  const TensorList vs = like_parameters("adam_step", "exp_avg_sqs", v_list, &params);
  const TensorList max_vs = like_parameters("adam_step", "max_exp_avg_sqs", max_v_list, &params);
  if (grads.size() != params.size() || ms.size() != params.size() || vs.size() != params.size()) {
    fail<ValueError>("adam_step(): grads, exp_avgs and exp_avg_sqs must have one tensor per parameter");
  }
  if (step < 1) fail<ValueError>("adam_step(): step counts from 1, got ", step);
  const Written p(params), m(ms), v(vs), max_v(max_vs);
  for (Tensor& g : grads) g = ops::contiguous_values(g);
  const kernels::Adam h{
      lr,        beta1,   beta2, eps, weight_decay, 1 - std::pow(beta1, double(step)), 1 - std::pow(beta2, double(step)),
      decoupled, maximize};
  for_each_part(params, [&](size_t i, int64_t begin, int64_t end) {
    const int type = int(params[i].dtype());
    const int64_t at = begin * int64_t(itemsize(params[i].dtype()));
    table().optim.adam[type](h, end - begin, p.at(i, at), grads[i]->data + at, m.at(i, at), v.at(i, at), max_v.at(i, at));
  });
  for (const Written* w : {&p, &m, &v, &max_v}) w->finish();
}

py::sequence sequence(const char* op, const char* name, Object o) {
  if (!looks_like_list(o.o))
    fail<TypeError>(op, "(): argument '", name, "' must be a list of tensors, got ", Py_TYPE(o.o)->tp_name);
  return py::reinterpret_borrow<py::sequence>(o.o);
}

struct SgdStep {
  static constexpr OpInfo info{
      .name = "sgd_step",
      .signature =
          "(params: object, grads: object, buffers: object, first: bool, lr: float, momentum: float, dampening: float, "
          "weight_decay: float, nesterov: bool, maximize: bool) -> None",
      .doc = "One step of SGD over all parameters, in place. `first` fills the momentum buffers with the gradients."};
  static PyObject* forward(Object params, Object grads, Object buffers, bool first, double lr, double momentum, double dampening,
                           double weight_decay, bool nesterov, bool maximize) {
    sgd_step(sequence(info.name, "params", params), sequence(info.name, "grads", grads), sequence(info.name, "buffers", buffers),
             first, lr, momentum, dampening, weight_decay, nesterov, maximize);
    return Py_NewRef(Py_None);
  }
};

struct AdamStep {
  static constexpr OpInfo info{
      .name = "adam_step",
      .signature =
          "(params: object, grads: object, exp_avgs: object, exp_avg_sqs: object, max_exp_avg_sqs: object, step: int, lr: "
          "float, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool, maximize: bool) -> None",
      .doc = "One step of Adam (AdamW where decoupled) over all parameters, in place."};
  static PyObject* forward(Object params, Object grads, Object m, Object v, Object max_v, int64_t step, double lr, double beta1,
                           double beta2, double eps, double weight_decay, bool decoupled, bool maximize) {
    adam_step(sequence(info.name, "params", params), sequence(info.name, "grads", grads), sequence(info.name, "exp_avgs", m),
              sequence(info.name, "exp_avg_sqs", v), sequence(info.name, "max_exp_avg_sqs", max_v), step, lr, beta1, beta2, eps,
              weight_decay, decoupled, maximize);
    return Py_NewRef(Py_None);
  }
};

}  // namespace

void init_optim(py::module_& m) {
  def_function<SgdStep>(m);
  def_function<AdamStep>(m);
}

}  // namespace tg::bind
