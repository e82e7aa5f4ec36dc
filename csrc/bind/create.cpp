// Functions that make tensors: from data, of one value, of a range.
#include <pybind11/stl.h>

#include <cmath>

#include "bind/caster.h"
#include "bind/dtype.h"
#include "bind/interop.h"
#include "bind/make.h"
#include "bind/module.h"
#include "ops/common.h"
#include "ops/functions.h"

namespace tg::bind {

Shape shape_from(const char* op, const py::args& sizes, const py::object& keyword) {
  const py::args size = keyword.is_none() ? sizes : py::args(py::make_tuple(keyword));
  static const Param param = [] {
    Param p;
    p.name = "size";
    p.annotation = "int | tuple";
    return p;
  }();
  Shape shape;
  if (size.size() == 1 && !PyIndex_Check(size[0].ptr())) {
    shape = to_ints(op, param, size[0].ptr());
  } else {
    for (py::handle n : size) shape.push_back(to_int(op, param, n.ptr()));
  }
  checked_numel(op, shape);
  return shape;
}

Tensor with_grad(const char* op, Tensor t, bool requires_grad) {
  if (requires_grad) ops::require_floating(op, "a tensor with requires_grad=True", t);
  t->requires_grad = requires_grad;
  return t;
}

namespace {

using OptType = std::optional<DType>;

Tensor filled(Span shape, const Tensor& value, DType dtype) {
  Tensor out = empty(shape, dtype);
  ops::copy_values(out, value);
  return out;
}

Tensor number_argument(const char* op, const char* name, const py::object& o) {
  Tensor t = as_operand(o.ptr());
  if (!t || t.numel() != 1) fail<TypeError>(op, "(): ", name, " must be a number, got ", Py_TYPE(o.ptr())->tp_name);
  return t;
}

Tensor arange(const py::object& a, const py::object& b, const py::object& c, OptType dtype, bool requires_grad, Cpu) {
  if (a.is_none() && b.is_none()) fail<TypeError>("arange(): argument 'end' is missing");
  const Tensor start = a.is_none() || b.is_none() ? scalar(int64_t(0), DType::int64) : number_argument("arange", "start", a);
  const Tensor end = number_argument("arange", "end", b.is_none() ? a : b);
  const Tensor step = number_argument("arange", "step", c);
  const bool whole = !is_floating(start.dtype()) && !is_floating(end.dtype()) && !is_floating(step.dtype());
  const DType t = dtype ? *dtype : whole ? DType::int64 : DType::float32;
  const double s = start.scalar<double>(), e = end.scalar<double>(), d = step.scalar<double>();
  if (d == 0 || !std::isfinite(s) || !std::isfinite(e) || std::isnan(d)) {
    fail<RuntimeError>("arange(): start ", s, ", end ", e, " and step ", d, " make no range");
  }
  if ((e - s) * d < 0) fail<RuntimeError>("arange(): step ", d, " does not lead from ", s, " to ", e);
  const double count = std::ceil((e - s) / d);
  if (!(count < 0x1p59)) fail<RuntimeError>("arange(): ", count, " elements are more than can be addressed");
  Tensor out = empty({int64_t(count)}, t);
  visit(t, [&](auto zero) {
    using T = decltype(zero);
    T* p = out.data<T>();
    const int64_t si = start.scalar<int64_t>(), di = step.scalar<int64_t>();
    for (int64_t i = 0; i < out.numel(); ++i) p[i] = whole ? T(si + i * di) : T(s + double(i) * d);
  });
  return with_grad("arange", out, requires_grad);
}

Tensor linspace(double start, double end, int64_t steps, OptType dtype, bool requires_grad, Cpu) {
  if (steps < 0) fail<RuntimeError>("linspace(): steps must not be negative, got ", steps);
  checked_numel("linspace", Shape{steps});
  Tensor out = empty({steps}, dtype.value_or(DType::float32));
  visit(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    // From both ends, so that the last value is exactly `end`.
    using F = std::conditional_t<std::is_same_v<T, float>, float, double>;
    const F a = F(start), b = F(end), step = steps > 1 ? (b - a) / F(steps - 1) : F(0);
    T* p = out.data<T>();
    for (int64_t i = 0; i < steps; ++i) p[i] = T(i < steps / 2 || steps == 1 ? a + step * F(i) : b - step * F(steps - 1 - i));
  });
  return with_grad("linspace", out, requires_grad);
}

Tensor eye(int64_t n, std::optional<int64_t> m, OptType dtype, bool requires_grad, Cpu) {
  const Shape shape{n, m.value_or(n)};
  checked_numel("eye", shape);
  Tensor out = ops::zeros(shape, dtype.value_or(DType::float32));
  const int64_t diagonal = std::min(shape[0], shape[1]);
  ops::copy_values(alias(out, Shape{diagonal}, Ints{shape[1] + 1}, 0), number(1));
  return with_grad("eye", out, requires_grad);
}

template <class F>
void def_like(py::module_& m, const char* name, const char* doc, F fill) {
  m.def(
      name,
      [name, fill](const Tensor& input, OptType dtype, bool requires_grad, Cpu) {
        return with_grad(name, fill(input.shape(), dtype.value_or(input.dtype())), requires_grad);
      },
      py::arg("input").none(false), py::kw_only(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      py::arg("device") = py::none(), doc);
}

template <class F>
void def_filled(py::module_& m, const char* name, const char* doc, F fill) {
  m.def(
      name,
      [name, fill](const py::args& sizes, const py::object& size, OptType dtype, bool requires_grad, Cpu) {
        return with_grad(name, fill(shape_from(name, sizes, size), dtype.value_or(DType::float32)), requires_grad);
      },
      py::kw_only(), py::arg("size") = py::none(), py::arg("dtype") = py::none(), py::arg("requires_grad") = false,
      py::arg("device") = py::none(), doc);
}

}  // namespace

void init_create(py::module_& m) {
  const auto kw = py::kw_only();
  const auto dtype_arg = py::arg("dtype") = py::none();
  const auto grad_arg = py::arg("requires_grad") = false;
  const auto device_arg = py::arg("device") = py::none();
  m.def(
      "tensor",
      [](const py::object& data, OptType dtype, bool requires_grad, const std::string& label, Cpu) {
        Tensor t = with_grad("tensor", tensor_from_data("tensor", data.ptr(), dtype), requires_grad);
        if (!label.empty()) t.meta().label = py::str(label).release().ptr();
        return t;
      },
      py::arg("data"), dtype_arg, grad_arg, py::arg("label") = "", device_arg,
      "A new tensor with a copy of data: a number, nested lists, an array or a tensor.\nPython floats become float32, ints "
      "int64.");
  m.def(
      "as_tensor",
      [](const py::object& data, OptType dtype, Cpu) {
        if (is_tensor(data.ptr()) && (!dtype || *dtype == as_tensor(data.ptr()).dtype())) return as_tensor(data.ptr());
        if (py::isinstance<py::array>(data)) {
          const py::array a = py::reinterpret_borrow<py::array>(data);
          const OptType own = dtype_of_array(a);
          if (own && a.writeable() && shareable(a) && (!dtype || *dtype == *own)) return tensor_from_array("as_tensor", a, true);
        }
        return tensor_from_data("as_tensor", data.ptr(), dtype);
      },
      py::arg("data"), dtype_arg, device_arg, "data as a tensor, without copying where that is possible.");
  m.def(
      "from_numpy",
      [](const py::object& array) {
        if (!py::isinstance<py::array>(array))
          fail<TypeError>("from_numpy(): expected a NumPy array, got ", Py_TYPE(array.ptr())->tp_name);
        return tensor_from_array("from_numpy", py::reinterpret_borrow<py::array>(array), true);
      },
      py::arg("array"), "A tensor on the memory of a NumPy array.");
  def_filled(m, "zeros", "zeros(*size, dtype=float32, requires_grad=False)", [](Span s, DType t) { return ops::zeros(s, t); });
  def_filled(m, "ones", "ones(*size, dtype=float32, requires_grad=False)", [](Span s, DType t) { return ops::full(s, 1, t); });
  def_filled(m, "empty", "empty(*size, dtype=float32, requires_grad=False): values are whatever the memory holds.",
             [](Span s, DType t) { return empty(s, t); });
  def_like(m, "zeros_like", "Zeros of input's shape and dtype.", [](Span s, DType t) { return ops::zeros(s, t); });
  def_like(m, "ones_like", "Ones of input's shape and dtype.", [](Span s, DType t) { return ops::full(s, 1, t); });
  def_like(m, "empty_like", "A tensor of input's shape and dtype, values not set.", [](Span s, DType t) { return empty(s, t); });
  m.def(
      "full",
      [](const py::object& size, const py::object& fill_value, OptType dtype, bool requires_grad, Cpu) {
        const Tensor value = number_argument("full", "fill_value", fill_value);
        const Shape shape = shape_from("full", py::args(), size);
        return with_grad("full", filled(shape, value, dtype.value_or(default_dtype(category(value.dtype())))), requires_grad);
      },
      py::arg("size"), py::arg("fill_value"), kw, dtype_arg, grad_arg, device_arg, "A tensor of one value.");
  m.def(
      "full_like",
      [](const Tensor& input, const py::object& fill_value, OptType dtype, bool requires_grad) {
        const Tensor value = number_argument("full_like", "fill_value", fill_value);
        return with_grad("full_like", filled(input.shape(), value, dtype.value_or(input.dtype())), requires_grad);
      },
      py::arg("input").none(false), py::arg("fill_value"), kw, dtype_arg, grad_arg, "One value in input's shape and dtype.");
  m.def("arange", &arange, py::arg("start") = py::none(), py::arg("end") = py::none(), py::arg("step") = 1, kw, dtype_arg,
        grad_arg, device_arg, "start, start + step, ... below end; arange(end) starts at 0.");
  m.def("linspace", &linspace, py::arg("start"), py::arg("end"), py::arg("steps"), kw, dtype_arg, grad_arg, device_arg,
        "`steps` values from start to end, both included, evenly spaced.");
  m.def("eye", &eye, py::arg("n"), py::arg("m") = py::none(), kw, dtype_arg, grad_arg, device_arg,
        "Ones on the diagonal of an n x m matrix.");
  m.def(
      "result_type",
      [](const py::object& a, const py::object& b) {
        const Tensor x = as_operand(a.ptr()), y = as_operand(b.ptr());
        if (!x || !y) fail<TypeError>("result_type(): expected tensors or numbers");
        return OptType(ops::result_type(x, y));
      },
      py::arg("a"), py::arg("b"), "The dtype that an operation on both would have.");
}

}  // namespace tg::bind
