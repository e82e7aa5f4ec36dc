// The Value type.
#include "micrograd/type.h"

#include <structmember.h>

#include <new>
#include <string>
#include <utility>

#include "micrograd/rules.h"

namespace tg::micrograd {

void refuse_number(const char* what, PyObject* got) {
  if (!got) {
    PyErr_Format(PyExc_TypeError, "%s cannot be deleted", what);
  } else if (is_value(got)) {
    PyErr_Format(PyExc_TypeError, "%s must be a number, got a Value; its number is its .data", what);
  } else if (PyObject* shape = PyObject_GetAttrString(got, "shape")) {
    PyErr_Format(PyExc_TypeError, "%s must be one number, got %s of shape %S", what, Py_TYPE(got)->tp_name, shape);
    Py_DECREF(shape);
  } else {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "%s must be a number, got %s", what, Py_TYPE(got)->tp_name);
  }
}

bool to_values(const char* what, PyObject* iterable, std::vector<Value*>& values) {
  if (!Py_TYPE(iterable)->tp_iter && !PySequence_Check(iterable)) {
    PyErr_Format(PyExc_TypeError, "%s must hold Values, got %s", what, Py_TYPE(iterable)->tp_name);
    return false;
  }
  PyObject* items = PySequence_List(iterable);
  if (!items) return false;
  bool good = true;
  for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(items); ++i) {
    PyObject* item = PyList_GET_ITEM(items, i);
    if (is_value(item)) continue;
    PyErr_Format(PyExc_TypeError, "%s must hold Values, got %s", what, Py_TYPE(item)->tp_name);
    good = false;
  }
  if (good) {
    values.reserve(size_t(PyList_GET_SIZE(items)));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); ++i)
      values.push_back(static_cast<Value*>(Py_NewRef(PyList_GET_ITEM(items, i))));
  }
  Py_DECREF(items);
  return good;
}

namespace {

constexpr const char* kDoc =
    "Value(data, _children=(), _op='', label='')\n--\n\n"
    "A number that records what is done with it and differentiates it.\n\n"
    "Parameters\n----------\n"
    "data : float\n    The number.\n"
    "_children : iterable of Value\n    What it was computed from, for an operation of one's own.\n"
    "_op : str\n    The name of that operation.\n"
    "label : str\n    A name for graphs.\n";

// Everything but data may be missing (null).
bool initialize(Value* v, PyObject* data, PyObject* children, PyObject* op, PyObject* label) {
  Number n;
  const int found = to_number(data, n);
  if (found == 0) refuse_number("Value(): data", data);
  if (found <= 0) return false;
  try {
    std::vector<Value*> operands;
    if (children && !to_values("Value(): _children", children, operands)) return false;
    reset(v);
    v->data = n.value;
    v->grad = 0;
    v->ints = kIntGrad | (n.is_int ? kIntData : 0);
    if (!operands.empty()) {
      v->kind = Kind::custom;
      replace_operands(v, std::move(operands));
    }
    if (op && PyUnicode_GET_LENGTH(op)) Py_XSETREF(extras(v).op, Py_NewRef(op));
    if (label && PyUnicode_GET_LENGTH(label)) Py_XSETREF(extras(v).label, Py_NewRef(label));
    return true;
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
}

// The fields are set by __init__, so that subclasses may have their own.
PyObject* new_slot(PyTypeObject* type, PyObject*, PyObject*) {
  if (type == g_value_type) return make(Kind::leaf, 0, true);
  auto* v = static_cast<Value*>(static_cast<void*>(type->tp_alloc(type, 0)));
  if (!v) return nullptr;
  set_blank(v, Kind::leaf, 0, kIntData | kIntGrad);
  v->slot = Pool::kNoSlot;
  v->tracked = true;
  return v;
}

int init_slot(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"data", "_children", "_op", "label", nullptr};
  PyObject *data, *children = nullptr, *op = nullptr, *label = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OUU:Value", const_cast<char**>(names), &data, &children, &op, &label))
    return -1;
  return initialize(static_cast<Value*>(self), data, children, op, label) ? 0 : -1;
}

// Value(2.0) without a tuple of arguments; the rest goes the usual way.
PyObject* call_type(PyObject* type, PyObject* const* args, size_t flagged, PyObject* kwnames) {
  const Py_ssize_t count = PyVectorcall_NARGS(flagged);
  if (count == 1 && !kwnames && g_value_type->tp_init == init_slot && PyFloat_CheckExact(args[0]))
    return make(Kind::leaf, PyFloat_AS_DOUBLE(args[0]), false);
  PyObject* positional = PyTuple_New(count);
  if (!positional) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
  PyObject* keywords = kwnames ? PyDict_New() : nullptr;
  for (Py_ssize_t i = 0; keywords && i < PyTuple_GET_SIZE(kwnames); ++i)
    if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(kwnames, i), args[count + i]) < 0) Py_CLEAR(keywords);
  PyObject* made = PyErr_Occurred() ? nullptr : PyType_Type.tp_call(type, positional, keywords);
  Py_DECREF(positional);
  Py_XDECREF(keywords);
  return made;
}

PyObject* show(PyObject* self) {
  const Value& v = *static_cast<Value*>(self);
  return PyUnicode_FromString(("Value(data=" + text(data_of(v)) + ", grad=" + text(grad_of(v)) + ")").c_str());
}

Py_hash_t hash_slot(PyObject* self) { return Py_hash_t(reinterpret_cast<uintptr_t>(self) >> 4); }

// Only values that hold Python objects, and those above them, are tracked by the collector.
int set_attribute(PyObject* self, PyObject* name, PyObject* given) {
  auto* v = static_cast<Value*>(self);
  const int result = PyObject_GenericSetAttr(self, name, given);
  if (v->dict) track(v);
  return result;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  const Value& v = *static_cast<Value*>(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(v.dict);
  Py_VISIT(v.a);
  if (!has_exponent(v)) Py_VISIT(v.b);
  if (v.extras) {
    Py_VISIT(v.extras->backward);
    for (Value* operand : v.extras->operands) Py_VISIT(operand);
  }
  return 0;
}

int clear(PyObject* self) {
  clear_objects(static_cast<Value*>(self));
  return 0;
}

// A type's definition lives as long as the type, that is as long as the process.
template <class T>
void* kept(std::vector<T> definitions) {
  definitions.push_back({});
  return (new std::vector<T>(std::move(definitions)))->data();
}

}  // namespace

PyObject* make_value_type() {
  static Value sample{};
  const auto offset = [](PyObject** field) { return reinterpret_cast<char*>(field) - reinterpret_cast<char*>(&sample); };
  std::vector<PyMethodDef> methods = value_methods();
  for (const PyMethodDef& m : value_functions()) methods.push_back(m);
  std::vector<PyType_Slot> slots = value_operators();
  slots.insert(slots.end(),
               {
                   {Py_tp_doc, const_cast<char*>(kDoc)},
                   {Py_tp_new, reinterpret_cast<void*>(new_slot)},
                   {Py_tp_init, reinterpret_cast<void*>(init_slot)},
                   {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                   {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                   {Py_tp_clear, reinterpret_cast<void*>(clear)},
                   {Py_tp_setattro, reinterpret_cast<void*>(set_attribute)},
                   {Py_tp_repr, reinterpret_cast<void*>(show)},
                   {Py_tp_hash, reinterpret_cast<void*>(hash_slot)},
                   {Py_tp_methods, kept(std::move(methods))},
                   {Py_tp_getset, kept(value_attributes())},
                   {Py_tp_members, kept(std::vector<PyMemberDef>{
                                       {"__weaklistoffset__", T_PYSSIZET, offset(&sample.weakrefs), READONLY, nullptr},
                                       {"__dictoffset__", T_PYSSIZET, offset(&sample.dict), READONLY, nullptr},
                                   })},
                   {0, nullptr},
               });
  PyType_Spec spec = {"tinygrad_ext.micrograd.engine.Value", sizeof(Value), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots.data()};
  g_value_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!g_value_type) return nullptr;
  g_value_type->tp_vectorcall = call_type;
  // NumPy's scalars leave arithmetic with a Value to the Value; its arrays go on through their elements.
  PyObject* priority = PyFloat_FromDouble(-1000);
  const int set =
      priority ? PyObject_SetAttrString(reinterpret_cast<PyObject*>(g_value_type), "__array_priority__", priority) : -1;
  Py_XDECREF(priority);
  return set < 0 ? nullptr : reinterpret_cast<PyObject*>(g_value_type);
}

}  // namespace tg::micrograd
