// Optimizer steps: one call over all parameters.
#include "bind/caster.h"
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

// A checked list: one tensor per parameter, of its shape and dtype, contiguous.
TensorList like_parameters(const char* op, const char* what, const py::sequence& list, const TensorList* params) {
  TensorList out;
  if (params && list.size() == 0) return out;
  if (params && list.size() != params->size()) fail<ValueError>(op, "(): ", list.size(), " ", what, " for ", params->size(), " parameters");
  for (size_t i = 0; i < list.size(); ++i) {
    const py::object o = list[i];
    if (!is_tensor(o.ptr())) fail<TypeError>(op, "(): element ", i, " of ", what, " must be a Tensor, got ", Py_TYPE(o.ptr())->tp_name);
    Tensor t = Tensor::borrow(static_cast<TensorImpl*>(o.ptr()));
    ops::require_floating(op, what, t);
    if (params) {
      const Tensor& p = (*params)[i];
      if (!same(t.shape(), p.shape()) || t.dtype() != p.dtype()) {
        fail<RuntimeError>(op, "(): element ", i, " of ", what, " has shape ", Show{t.shape()}, " and dtype ", t.dtype(), ", its parameter ",
                           Show{p.shape()}, " and ", p.dtype());
      }
    }
    out.push_back(t);
  }
  return out;
}

// The state and the parameters are written through these pointers, so both must be contiguous; a gradient may be copied.
char* memory_of(const char* op, const Tensor& t) {
  if (!t.contiguous()) fail<RuntimeError>(op, "(): parameters and their state must be contiguous, got strides ", Show{t.strides()});
  return t.bytes();
}

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

void sgd_step(const py::sequence& param_list, const py::sequence& grad_list, const py::sequence& buffer_list, bool first, double lr,
              double momentum, double dampening, double weight_decay, bool nesterov, bool maximize) {
  const TensorList params = like_parameters("sgd_step", "params", param_list, nullptr);
  TensorList grads = like_parameters("sgd_step", "grads", grad_list, &params);
  const TensorList buffers = like_parameters("sgd_step", "buffers", buffer_list, &params);
  if (grads.size() != params.size()) fail<ValueError>("sgd_step(): no gradients given");
  if (momentum != 0 && buffers.empty() && !params.empty()) fail<ValueError>("sgd_step(): momentum needs buffers");
  std::vector<char*> p, b;
  for (size_t i = 0; i < params.size(); ++i) {
    p.push_back(memory_of("sgd_step", params[i]));
    b.push_back(momentum != 0 ? memory_of("sgd_step", buffers[i]) : nullptr);
    grads[i] = ops::contiguous_values(grads[i]);
  }
  const kernels::Sgd h{lr, momentum, dampening, weight_decay, nesterov, maximize, first};
  for_each_part(params, [&](size_t i, int64_t begin, int64_t end) {
    const int type = int(params[i].dtype());
    const int64_t at = begin * int64_t(itemsize(params[i].dtype()));
    table().optim.sgd[type](h, end - begin, p[i] + at, grads[i].get()->data + at, b[i] ? b[i] + at : nullptr);
  });
  for (size_t i = 0; i < params.size(); ++i) {
    params[i].wrote();
    if (b[i]) buffers[i].wrote();
  }
}

void adam_step(const py::sequence& param_list, const py::sequence& grad_list, const py::sequence& m_list, const py::sequence& v_list,
               const py::sequence& max_v_list, int64_t step, double lr, double beta1, double beta2, double eps, double weight_decay,
               bool decoupled, bool maximize) {
  const TensorList params = like_parameters("adam_step", "params", param_list, nullptr);
  TensorList grads = like_parameters("adam_step", "grads", grad_list, &params);
  const TensorList ms = like_parameters("adam_step", "exp_avgs", m_list, &params);
  const TensorList vs = like_parameters("adam_step", "exp_avg_sqs", v_list, &params);
  const TensorList max_vs = like_parameters("adam_step", "max_exp_avg_sqs", max_v_list, &params);
  if (grads.size() != params.size() || ms.size() != params.size() || vs.size() != params.size()) {
    fail<ValueError>("adam_step(): grads, exp_avgs and exp_avg_sqs must have one tensor per parameter");
  }
  if (step < 1) fail<ValueError>("adam_step(): step counts from 1, got ", step);
  std::vector<char*> p, m, v, max_v;
  for (size_t i = 0; i < params.size(); ++i) {
    p.push_back(memory_of("adam_step", params[i]));
    m.push_back(memory_of("adam_step", ms[i]));
    v.push_back(memory_of("adam_step", vs[i]));
    max_v.push_back(max_vs.empty() ? nullptr : memory_of("adam_step", max_vs[i]));
    grads[i] = ops::contiguous_values(grads[i]);
  }
  const kernels::Adam h{lr, beta1, beta2, eps, weight_decay, 1 - std::pow(beta1, double(step)), 1 - std::pow(beta2, double(step)),
                        decoupled, maximize};
  for_each_part(params, [&](size_t i, int64_t begin, int64_t end) {
    const int type = int(params[i].dtype());
    const int64_t at = begin * int64_t(itemsize(params[i].dtype()));
    table().optim.adam[type](h, end - begin, p[i] + at, grads[i].get()->data + at, m[i] + at, v[i] + at, max_v[i] ? max_v[i] + at : nullptr);
  });
  for (size_t i = 0; i < params.size(); ++i) {
    params[i].wrote();
    ms[i].wrote();
    vs[i].wrote();
    if (max_v[i]) max_vs[i].wrote();
  }
}

}  // namespace

void init_optim(py::module_& m) {
  m.def("sgd_step", &sgd_step, py::arg("params"), py::arg("grads"), py::arg("buffers"), py::arg("first"), py::arg("lr"), py::arg("momentum"),
        py::arg("dampening"), py::arg("weight_decay"), py::arg("nesterov"), py::arg("maximize"),
        "One step of SGD over all parameters, in place. `first` fills the momentum buffers with the gradients.");
  m.def("adam_step", &adam_step, py::arg("params"), py::arg("grads"), py::arg("exp_avgs"), py::arg("exp_avg_sqs"), py::arg("max_exp_avg_sqs"),
        py::arg("step"), py::arg("lr"), py::arg("beta1"), py::arg("beta2"), py::arg("eps"), py::arg("weight_decay"), py::arg("decoupled"),
        py::arg("maximize"), "One step of Adam (AdamW where decoupled) over all parameters, in place.");
}

}  // namespace tg::bind
