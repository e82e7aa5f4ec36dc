// Parsing signatures and sorting arguments.
#include "bind/signature.h"

#include <cstdlib>

#include "bind/errors.h"
#include "core/errors.h"

namespace tg::bind {
namespace {

std::string trim(const std::string& s) {
  const size_t a = s.find_first_not_of(' ');
  return a == std::string::npos ? "" : s.substr(a, s.find_last_not_of(' ') - a + 1);
}

// The parts between commas that stand outside brackets.
std::vector<std::string> split_params(const std::string& text) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (char c : text) {
    depth += (c == '[' || c == '(') - (c == ']' || c == ')');
    if (c == ',' && depth == 0) {
      parts.push_back(trim(part));
      part.clear();
    } else {
      part += c;
    }
  }
  if (!trim(part).empty()) parts.push_back(trim(part));
  return parts;
}

PyObject* interned(const char* text) { return PyUnicode_InternFromString(text); }

PyObject* parse_default(const std::string& text) {
  if (text == "None") return Py_NewRef(Py_None);
  if (text == "True") return Py_NewRef(Py_True);
  if (text == "False") return Py_NewRef(Py_False);
  if (text.front() == '\'') return interned(text.substr(1, text.size() - 2).c_str());
  if (text.front() == '(') {  // a tuple of ints
    const std::vector<std::string> parts = split_params(text.substr(1, text.size() - 2));
    PyObject* tuple = PyTuple_New(Py_ssize_t(parts.size()));
    for (size_t i = 0; tuple && i < parts.size(); ++i) PyTuple_SET_ITEM(tuple, Py_ssize_t(i), parse_default(parts[i]));
    return tuple;
  }
  if (text.find_first_of(".e") != std::string::npos) return PyFloat_FromDouble(std::strtod(text.c_str(), nullptr));
  return PyLong_FromLong(std::strtol(text.c_str(), nullptr, 10));
}

// Other words for an argument: NumPy's, and those that PyTorch itself is not of one mind about.
PyObject* other_word(const std::string& name) {
  static const char* const words[][2] = {{"dim", "axis"},        {"dim0", "axis0"}, {"dim1", "axis1"}, {"keepdim", "keepdims"},
                                         {"correction", "ddof"}, {"input", "self"}, {"A", "input"},    {"training", "train"}};
  for (const auto& [ours, other] : words)
    if (name == ours) return interned(other);
  return nullptr;
}

std::string text_of(PyObject* o) {
  const char* s = PyUnicode_AsUTF8(o);
  if (!s) PyErr_Clear();
  return s ? s : "?";
}

}  // namespace

Signature::Signature(const OpInfo& info) : op(info.name) {
  const std::string text = info.signature;
  const size_t close = text.rfind(") -> ");
  returns = text.substr(close + 5);
  bool keyword_only = false;
  for (const std::string& part : split_params(text.substr(1, close - 1))) {
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    Param p;
    const size_t colon = part.find(':'), equals = part.find('=', colon);
    p.variadic = part[0] == '*';
    p.name = trim(part.substr(p.variadic, colon - p.variadic));
    p.annotation = trim(part.substr(colon + 1, equals == std::string::npos ? equals : equals - colon - 1));
    if (equals != std::string::npos) p.default_text = trim(part.substr(equals + 1));
    p.keyword_only = keyword_only;
    if (!p.default_text.empty()) p.value = parse_default(p.default_text);
    p.number = p.annotation.find("Number") != std::string::npos;
    p.none = p.annotation.find("None") != std::string::npos;
    if (!keyword_only) ++positional;
    keyword_only |= p.variadic;
    if (p.variadic) variadic = int(params.size());
    values.push_back(p.value);
    keys.push_back(interned(p.name.c_str()));
    numpy_keys.push_back(other_word(p.name));
    params.push_back(p);
  }
}

int Signature::find(PyObject* key) const {
  const int count = int(keys.size());
  for (int i = 0; i < count; ++i)
    if (keys[size_t(i)] == key || numpy_keys[size_t(i)] == key) return i;
  for (int i = 0; i < count; ++i)  // a name that is not interned
    if (PyUnicode_Compare(keys[size_t(i)], key) == 0) return i;
  return -1;
}

void Signature::bind(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames, PyObject** slots,
                     PyObject* const*& rest, Py_ssize_t& rest_count) const {
  const int count = int(values.size());
  rest = nullptr;
  rest_count = 0;
  int at = 0;
  if (self) slots[at++] = self;
  Py_ssize_t taken = 0;
  const int fixed = variadic < 0 ? positional : variadic;
  while (taken < nargs && at < fixed) slots[at++] = args[taken++];
  if (taken < nargs && at == variadic) {
    slots[at++] = nullptr;
    if (nargs - taken == 1 && !PyLong_Check(args[taken])) {
      slots[at - 1] = args[taken];
    } else {
      rest = args + taken;
      rest_count = nargs - taken;
    }
    taken = nargs;
  }
  if (taken < nargs) {
    fail<TypeError>(op, "(): takes ", positional - (self ? 1 : 0), " positional arguments, got ", nargs);
  }
  const int given = at;
  for (; at < count; ++at) slots[at] = nullptr;
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < keywords; ++k) {
    PyObject* key = PyTuple_GET_ITEM(kwnames, k);
    const int found = find(key);
    if (found < 0) {
      const std::string name = text_of(key);
      if ((name == "out" || name == "dtype") && args[nargs + k] == Py_None) continue;  // NumPy's functions pass them along
      if (name == "out") fail<TypeError>(op, "(): out= is not supported; results are always new tensors");
      std::string known;
      for (const Param& p : params) known += (known.empty() ? "" : ", ") + p.name;
      fail<TypeError>(op, "(): unknown argument '", name, "'; it has: ", known);
    }
    if (found < given || slots[found]) {
      fail<TypeError>(op, "(): argument '", params[size_t(found)].name, "' is given twice");
    }
    slots[found] = args[nargs + k];
  }
  for (int i = given; i < count; ++i) {
    if (slots[i]) continue;
    slots[i] = values[size_t(i)];
    if (!slots[i]) fail<TypeError>(op, "(): argument '", params[size_t(i)].name, "' is missing");
  }
}

}  // namespace tg::bind
