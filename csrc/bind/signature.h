// A call's arguments against an operation's signature: the string in OpInfo is parsed once, at import.
#pragma once
#include <Python.h>

#include <string>
#include <vector>

#include "tape/info.h"

namespace tg::bind {

struct Param {
  std::string name;
  std::string annotation;     // "Tensor | Number"
  std::string default_text;   // empty where required
  PyObject* value = nullptr;  // the default
  bool keyword_only = false;
  bool variadic = false;  // *shape: int
  bool number = false;    // a Python number serves as a tensor
  bool none = false;      // None serves as no tensor
};

struct Signature {
  const char* op = nullptr;
  std::vector<Param> params;
  int positional = 0;  // how many may be given by position
  int variadic = -1;   // which parameter takes what is left of them
  std::string returns;

  explicit Signature(const OpInfo& info);

  // Sorts the arguments of a vectorcall into slots[params.size()], defaults filled in. `first` of them come before args
  // (self). For a variadic parameter the slot is null when given as separate ints: rest, rest_count then hold them.
  void bind(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames, PyObject** slots, PyObject* const*& rest,
            Py_ssize_t& rest_count) const;

 private:
  // What every call looks at, one after the other in memory.
  std::vector<PyObject*> values;      // the defaults; null where required
  std::vector<PyObject*> keys;        // the names, interned
  std::vector<PyObject*> numpy_keys;  // NumPy's words for them (axis for dim); null where it has none

  int find(PyObject* key) const;  // -1 where there is none
};

}  // namespace tg::bind
