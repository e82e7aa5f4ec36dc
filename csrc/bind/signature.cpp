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
    depth += (c == '[') - (c == ']');
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
  if (text.find_first_of(".e") != std::string::npos) return PyFloat_FromDouble(std::strtod(text.c_str(), nullptr));
  return PyLong_FromLong(std::strtol(text.c_str(), nullptr, 10));
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
    p.key = interned(p.name.c_str());
    if (p.name == "dim") p.numpy_key = interned("axis");
    if (p.name == "keepdim") p.numpy_key = interned("keepdims");
    if (p.name == "correction") p.numpy_key = interned("ddof");
    if (p.name == "input") p.numpy_key = interned("self");
    if (!p.default_text.empty()) p.value = parse_default(p.default_text);
    p.number = p.annotation.find("Number") != std::string::npos;
    p.none = p.annotation.find("None") != std::string::npos;
    if (!keyword_only) ++positional;
    params.push_back(p);
  }
}

void Signature::bind(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames, PyObject** slots,
                     PyObject* const*& rest, Py_ssize_t& rest_count) const {
  const int count = int(params.size());
  rest = nullptr;
  rest_count = 0;
  for (int i = 0; i < count; ++i) slots[i] = nullptr;
  int at = 0;
  if (self) slots[at++] = self;
  Py_ssize_t taken = 0;
  for (; taken < nargs && at < positional; ++taken, ++at) {
    if (params[size_t(at)].variadic && !(nargs - taken == 1 && !PyLong_Check(args[taken]))) {
      rest = args + taken;
      rest_count = nargs - taken;
      taken = nargs;
      slots[at] = nullptr;
      break;
    }
    slots[at] = args[taken];
  }
  if (taken < nargs) {
    fail<TypeError>(op, "(): takes ", positional - (self ? 1 : 0), " positional arguments, got ", nargs);
  }
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < keywords; ++k) {
    PyObject* key = PyTuple_GET_ITEM(kwnames, k);
    int found = -1;
    for (int i = 0; i < count && found < 0; ++i)
      if (params[size_t(i)].key == key || params[size_t(i)].numpy_key == key) found = i;
    for (int i = 0; i < count && found < 0; ++i)  // a name that is not interned
      if (PyUnicode_Compare(params[size_t(i)].key, key) == 0) found = i;
    if (found < 0) {
      const std::string name = text_of(key);
      if ((name == "out" || name == "dtype") && args[nargs + k] == Py_None) continue;  // NumPy's functions pass them along
      if (name == "out") fail<TypeError>(op, "(): out= is not supported; results are always new tensors");
      std::string known;
      for (const Param& p : params) known += (known.empty() ? "" : ", ") + p.name;
      fail<TypeError>(op, "(): unknown argument '", name, "'; it has: ", known);
    }
    if (slots[found]) fail<TypeError>(op, "(): argument '", params[size_t(found)].name, "' is given twice");
    slots[found] = args[nargs + k];
  }
  for (int i = 0; i < count; ++i) {
    if (slots[i]) continue;
    const Param& p = params[size_t(i)];
    if (p.variadic) continue;
    if (!p.value) fail<TypeError>(op, "(): argument '", p.name, "' is missing");
    slots[i] = p.value;
  }
}

}  // namespace tg::bind
