// Python numbers as doubles that remember whether they were ints: micrograd computes with what it is given, and shows it.
#pragma once
#include <Python.h>

#include <string>

namespace tg::micrograd {

struct Number {
  double value;
  bool is_int;
};

// 1 and n where o is a real number (Python's, NumPy's, an array or tensor of one element), 0 where it is none, -1 with
// Python's error set where it should have been one.
int to_number(PyObject* o, Number& n);

// As Python writes it: 2 for an int, 2.0 for a float. Ints are exact up to 2^53; above that they are floats here.
std::string text(Number n);
// The same as an object, int or float.
PyObject* to_object(Number n);

}  // namespace tg::micrograd
