// Generators and the functions that draw from them.
#include "core/random.h"

#include <cmath>

#include "bind/caster.h"
#include "bind/interop.h"
#include "bind/make.h"
#include "bind/module.h"
#include "ops/inplace.h"

namespace tg::bind {
namespace {

using OptType = std::optional<DType>;

Generator& chosen(Generator* g) { return g ? *g : default_generator(); }

// Calls fill(T* out, n) on contiguous memory that then is t's.
template <class F>
void draw_into(const char* op, const Tensor& t, F&& fill) {
  ops::require_floating(op, "the tensor", t);
  ops::check_writable(op, t, tape::recording(t));
  Tensor target = t.contiguous() ? t : empty_like(t);
  ops::visit_float(t.dtype(), [&](auto zero) { fill(target.data<decltype(zero)>(), target.numel()); });
  if (target.is(t)) {
    t.wrote();
  } else {
    ops::copy_values(t, target);
  }
}

template <class T>
void fill_uniform(Generator& g, T* out, int64_t n, double low, double high) {
  for (int64_t i = 0; i < n; ++i) {
    const T u = std::is_same_v<T, float> ? T(g.uniform_float()) : T(g.uniform_double());
    out[i] = std::fma(u, T(high) - T(low), T(low));  // rounded once, as PyTorch's vector code does
  }
}

Tensor new_float(const char* op, Span shape, OptType dtype) {
  Tensor t = empty(shape, dtype.value_or(DType::float32));
  ops::require_floating(op, "dtype", t);
  return t;
}

Tensor rand(const char* op, Span shape, Generator* g, OptType dtype, bool requires_grad) {
  Tensor t = new_float(op, shape, dtype);
  draw_into(op, t, [&](auto* p, int64_t n) { fill_uniform(chosen(g), p, n, 0, 1); });
  return with_grad(op, t, requires_grad);
}

Tensor randn(const char* op, Span shape, Generator* g, OptType dtype, bool requires_grad) {
  Tensor t = new_float(op, shape, dtype);
  draw_into(op, t, [&](auto* p, int64_t n) { fill_normal(chosen(g), p, n, 0, 1); });
  return with_grad(op, t, requires_grad);
}

Tensor randint(int64_t low, int64_t high, const py::object& size, Generator* g, OptType dtype, bool requires_grad) {
  if (low >= high) fail<RuntimeError>("randint(): low ", low, " must be below high ", high);
  Tensor t = empty(shape_from("randint", py::args(), size), dtype.value_or(DType::int64));
  const uint64_t range = uint64_t(high) - uint64_t(low);
  visit(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = t.data<T>();
    for (int64_t i = 0; i < t.numel(); ++i) p[i] = T(chosen(g).integer(low, range));
  });
  return with_grad("randint", t, requires_grad);
}

// Fisher and Yates, drawing for the front place first.
Tensor randperm(int64_t n, Generator* g, OptType dtype) {
  if (n < 0) fail<RuntimeError>("randperm(): n must not be negative, got ", n);
  checked_numel("randperm", Shape{n});
  Tensor t = empty({n}, DType::int64);
  int64_t* p = t.data<int64_t>();
  for (int64_t i = 0; i < n; ++i) p[i] = i;
  for (int64_t i = 0; i + 1 < n; ++i) std::swap(p[i], p[i + int64_t(chosen(g).random() % uint64_t(n - i))]);
  return ops::cast(t, dtype.value_or(DType::int64));
}

}  // namespace

void init_random(py::module_& m) {
  py::class_<Generator>(m, "Generator", "A stream of random numbers (MT19937), as PyTorch's on the CPU.")
      .def(py::init([](const py::object& device) {
             if (!device.is_none() && py::str(device).cast<std::string>() != "cpu")
               fail<ValueError>("Generator(): the only device is 'cpu'");
             return new Generator();
           }),
           py::arg("device") = py::none())
      .def(
          "manual_seed",
          [](py::object self, int64_t seed) {
            self.cast<Generator&>().manual_seed(uint64_t(seed));
            return self;
          },
          py::arg("seed"), "Starts the stream of this seed; returns self.")
      .def("initial_seed", &Generator::initial_seed, "The seed the stream was started with.")
      .def(
          "get_state",
          [](const Generator& g) {
            const std::string bytes = g.state();
            Tensor t = empty({int64_t(bytes.size())}, DType::uint8);
            std::copy(bytes.begin(), bytes.end(), t.bytes());
            return t;
          },
          "The state as a uint8 tensor.")
      .def(
          "set_state",
          [](py::object self, const Tensor& state) {
            if (!state || state.dtype() != DType::uint8)
              fail<TypeError>("set_state(): expected the uint8 tensor that get_state() gave");
            const Tensor flat = ops::contiguous_values(state);
            self.cast<Generator&>().set_state(std::string(flat.bytes(), size_t(flat.numel())));
            return self;
          },
          py::arg("new_state"), "Goes on from a state; returns self.");
  m.attr("default_generator") = py::cast(&default_generator(), py::return_value_policy::reference);

  const auto kw = py::kw_only();
  const auto generator = py::arg("generator") = py::none();
  const auto dtype_arg = py::arg("dtype") = py::none();
  const auto grad_arg = py::arg("requires_grad") = false;
  const auto device_arg = py::arg("device") = py::none();
  m.def(
      "rand",
      [](const py::args& sizes, const py::object& size, Generator* g, OptType dtype, bool grad, Cpu) {
        return rand("rand", shape_from("rand", sizes, size), g, dtype, grad);
      },
      kw, py::arg("size") = py::none(), generator, dtype_arg, grad_arg, device_arg,
      "rand(*size, generator=None, dtype=float32, requires_grad=False): uniform in [0, 1).");
  m.def(
      "randn",
      [](const py::args& sizes, const py::object& size, Generator* g, OptType dtype, bool grad, Cpu) {
        return randn("randn", shape_from("randn", sizes, size), g, dtype, grad);
      },
      kw, py::arg("size") = py::none(), generator, dtype_arg, grad_arg, device_arg,
      "randn(*size, generator=None, dtype=float32, requires_grad=False): standard normal.");
  m.def(
      "rand_like",
      [](const Tensor& t, OptType dtype, bool grad) {
        return rand("rand_like", t.shape(), nullptr, dtype ? dtype : t.dtype(), grad);
      },
      py::arg("input").none(false), kw, dtype_arg, grad_arg, "Uniform in [0, 1), of input's shape and dtype.");
  m.def(
      "randn_like",
      [](const Tensor& t, OptType dtype, bool grad) {
        return randn("randn_like", t.shape(), nullptr, dtype ? dtype : t.dtype(), grad);
      },
      py::arg("input").none(false), kw, dtype_arg, grad_arg, "Standard normal, of input's shape and dtype.");
  m.def("randint", &randint, py::arg("low"), py::arg("high"), py::arg("size"), kw, generator, dtype_arg, grad_arg,
        "Integers in [low, high); randint(high, size) starts at 0.");
  m.def(
      "randint",
      [](int64_t high, const py::object& size, Generator* g, OptType dtype, bool grad) {
        return randint(0, high, size, g, dtype, grad);
      },
      py::arg("high"), py::arg("size"), kw, generator, dtype_arg, grad_arg);
  m.def("randperm", &randperm, py::arg("n"), kw, generator, dtype_arg, "The numbers 0 to n - 1 in random order.");
  m.def(
      "_uniform_",
      [](const Tensor& t, double low, double high, Generator* g) {
        if (!(low <= high)) fail<RuntimeError>("uniform_(): from ", low, " must not be above to ", high);
        draw_into("uniform", t, [&](auto* p, int64_t n) { fill_uniform(chosen(g), p, n, low, high); });
        return t;
      },
      py::arg("input").none(false), py::arg("a") = 0.0, py::arg("b") = 1.0, kw, generator);
  m.def(
      "_normal_",
      [](const Tensor& t, double mean, double std, Generator* g) {
        if (!(std >= 0)) fail<RuntimeError>("normal_(): std must not be negative, got ", std);
        draw_into("normal", t, [&](auto* p, int64_t n) {
          // Only contiguous tensors are filled in blocks; others go one sample at a time.
          if (t.contiguous()) return fill_normal(chosen(g), p, n, mean, std);
          for (int64_t i = 0; i < n; ++i) fill_normal(chosen(g), p + i, 1, mean, std);
        });
        return t;
      },
      py::arg("input").none(false), py::arg("mean") = 0.0, py::arg("std") = 1.0, kw, generator);
}

}  // namespace tg::bind
