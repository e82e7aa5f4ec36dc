// The Generator type.
#include "core/random.h"

#include "bind/cold.h"
#include "bind/interop.h"
#include "bind/module.h"

namespace tg::bind {
namespace {

PyTypeObject* g_generator_type = nullptr;

Generator& of(Object self) { return py::handle(self.o).cast<Generator&>(); }

struct ManualSeed {
  static constexpr OpInfo info{.name = "manual_seed",
                               .signature = "(self: Generator, seed: int) -> Generator",
                               .doc = "Starts the stream of a seed, which may be any integer of 64 bits; returns self."};
  static PyObject* forward(Object self, Object seed) {
    PyObject* whole = PyNumber_Index(seed.o);
    if (!whole) {
      PyErr_Clear();
      fail<TypeError>("manual_seed(): argument 'seed' must be int, got ", Py_TYPE(seed.o)->tp_name);
    }
    uint64_t bits = uint64_t(PyLong_AsLongLong(whole));
    if (PyErr_Occurred()) {
      PyErr_Clear();
      bits = PyLong_AsUnsignedLongLong(whole);
    }
    Py_DECREF(whole);
    if (PyErr_Occurred()) {
      PyErr_Clear();
      fail<ValueError>("manual_seed(): argument 'seed' must have at most 64 bits");
    }
    of(self).manual_seed(bits);
    return Py_NewRef(self.o);
  }
};

struct Seed {
  static constexpr OpInfo info{.name = "seed",
                               .signature = "(self: Generator) -> int",
                               .doc = "Seeds from the system's source of randomness; returns the seed."};
  static PyObject* forward(Object self) { return PyLong_FromUnsignedLongLong(of(self).seed()); }
};

struct InitialSeed {
  static constexpr OpInfo info{
      .name = "initial_seed", .signature = "(self: Generator) -> int", .doc = "The seed the stream was started with."};
  static PyObject* forward(Object self) { return PyLong_FromUnsignedLongLong(of(self).initial_seed()); }
};

struct GetState {
  static constexpr OpInfo info{
      .name = "get_state",
      .signature = "(self: Generator) -> Tensor",
      .doc = "The state as a uint8 tensor, laid out as PyTorch's: either library goes on from the other's."};
  static Tensor forward(Object self) {
    const std::string bytes = of(self).state();
    Tensor t = empty({int64_t(bytes.size())}, DType::uint8);
    std::copy(bytes.begin(), bytes.end(), t.bytes());
    return t;
  }
};

struct SetState {
  static constexpr OpInfo info{.name = "set_state",
                               .signature = "(self: Generator, new_state: Tensor) -> Generator",
                               .doc = "Goes on from a state; returns self."};
  static PyObject* forward(Object self, const Tensor& state) {
    if (state.dtype() != DType::uint8) fail<TypeError>("set_state(): expected a uint8 tensor, got dtype ", state.dtype());
    const Tensor flat = ops::contiguous_values(state);
    of(self).set_state(std::string(flat.bytes(), size_t(flat.numel())));
    return Py_NewRef(self.o);
  }
};

struct CloneState {
  static constexpr OpInfo info{
      .name = "clone_state", .signature = "(self: Generator) -> Generator", .doc = "Another generator in the same state."};
  static PyObject* forward(Object self) {
    return py::cast(new Generator(of(self)), py::return_value_policy::take_ownership).release().ptr();
  }
};

// Generator(device=None)
std::unique_ptr<Generator> make_generator(const py::args& args, const py::kwargs& kwargs) {
  static const Signature signature(OpInfo{.name = "Generator", .signature = "(device: object = None) -> Generator", .doc = ""});
  std::vector<PyObject*> values;
  for (py::handle a : args) values.push_back(a.ptr());
  py::list names;
  for (auto [name, value] : kwargs) {
    names.append(name);
    values.push_back(value.ptr());
  }
  PyObject* device;
  PyObject* const* rest;
  Py_ssize_t rest_count;
  signature.bind(nullptr, values.data(), Py_ssize_t(args.size()), py::tuple(names).ptr(), &device, rest, rest_count);
  Arg<ops::Neutral>{}.set("Generator", signature.params[0], device);
  return std::make_unique<Generator>();
}

}  // namespace

Generator* to_generator(const char* op, const Param& p, PyObject* o) {
  if (!PyObject_TypeCheck(o, g_generator_type)) wrong_type(op, p, o);
  return &py::handle(o).cast<Generator&>();
}

void init_random(py::module_& m) {
  py::class_<Generator> type(m, "Generator", "A stream of random numbers (MT19937), as PyTorch's on the CPU.");
  type.def(py::init(&make_generator));
  type.def_property_readonly("device", [](const Generator&) { return "cpu"; });
  def_method<ManualSeed>(type);
  def_method<Seed>(type);
  def_method<InitialSeed>(type);
  def_method<GetState>(type);
  def_method<SetState>(type);
  def_method<CloneState>(type);
  g_generator_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  m.attr("default_generator") = py::cast(&default_generator(), py::return_value_policy::reference);
}

}  // namespace tg::bind
