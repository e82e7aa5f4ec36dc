// Einstein's notation: the equation parsed into labels, then pairwise contraction.
#include "ops/einsum.h"

#include <string>

namespace tg::ops {
namespace {

// Letters are 0..51, A first; the dims of an ellipsis count up from here, the last dim first.
constexpr int kEllipsis = 52, kLabels = kEllipsis + kMaxDims, kDots = -1;

// The labels of one tensor; more than a tensor can have is an error.
class Labels {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int operator[](size_t i) const { return labels_[i]; }
  const int8_t* begin() const { return labels_; }
  const int8_t* end() const { return labels_ + size_; }
  void push_back(int label) {
    if (size_ == kMost) fail<RuntimeError>("einsum(): more than ", kMost, " subscripts for one tensor");
    labels_[size_++] = int8_t(label);
  }
  void append(const Labels& more) {
    for (int label : more) push_back(label);
  }
  void erase(size_t at) {
    std::copy(labels_ + at + 1, labels_ + size_, labels_ + at);
    --size_;
  }

 private:
  static constexpr size_t kMost = 2 * kMaxDims;
  size_t size_ = 0;
  int8_t labels_[kMost];
};

int label_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  return -1;
}
std::string name_of(int label) {
  return label >= kEllipsis ? "..." : std::string(1, char(label < 26 ? 'A' + label : 'a' + label - 26));
}

// One operand's letters, kDots for an ellipsis.
Labels parse(std::string_view text) {
  Labels labels;
  bool dots = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == '.') {
      if (text.substr(i, 3) != "...") fail<RuntimeError>("einsum(): a '.' that is not part of an ellipsis in '", text, "'");
      if (dots) fail<RuntimeError>("einsum(): more than one ellipsis in '", text, "'");
      dots = true;
      i += 2;
      labels.push_back(kDots);
      continue;
    }
    const int label = label_of(c);
    if (label < 0) fail<RuntimeError>("einsum(): subscripts must be letters, got '", c, "' in '", text, "'");
    labels.push_back(label);
  }
  return labels;
}

struct Operand {
  Tensor t;
  Labels labels;  // one per dim, none twice

  int find(int label) const {
    for (size_t d = 0; d < labels.size(); ++d)
      if (labels[d] == label) return int(d);
    return -1;
  }
  // Summed over the labels that are not kept.
  void sum_away(const bool* kept, bool widens = false) {
    Ints dims;
    Labels left;
    for (size_t d = 0; d < labels.size(); ++d) {
      if (kept[labels[d]]) {
        left.push_back(labels[d]);
      } else {
        dims.push_back(int64_t(d));
      }
    }
    if (dims.empty()) return;
    t = widens ? sum(t, dims) : to(sum(t, dims), t.dtype());
    labels = left;
  }
  // With its dims in the order of `wanted`, all of which it has.
  Tensor ordered(const Labels& wanted) const {
    Ints dims;
    bool moves = false;
    for (size_t d = 0; d < wanted.size(); ++d) {
      dims.push_back(find(wanted[d]));
      moves |= dims[int(d)] != int64_t(d);
    }
    return moves ? permute(t, dims) : t;
  }
};

// An ellipsis written out, repeated letters read along the diagonal.
Operand make_operand(size_t number, const Tensor& t, const Labels& subscripts, int64_t* sizes) {
  const bool dots = std::count(subscripts.begin(), subscripts.end(), kDots) > 0;
  const int spare = t.ndim() - int(subscripts.size()) + dots;
  if (spare < 0 || (spare > 0 && !dots)) {
    fail<RuntimeError>("einsum(): operand ", number, " of shape ", Show{t.shape()}, " has ", t.ndim(),
                       " dims, but its subscripts name ", subscripts.size() - size_t(dots), dots ? " and an ellipsis" : "");
  }
  Operand o{t, {}};
  for (int label : subscripts) {
    if (label != kDots) {
      o.labels.push_back(label);
    } else {
      for (int i = spare - 1; i >= 0; --i) o.labels.push_back(kEllipsis + i);
    }
  }
  for (size_t d = 0; d < o.labels.size();) {
    const int label = o.labels[d];
    const size_t e = size_t(std::find(o.labels.begin() + d + 1, o.labels.end(), label) - o.labels.begin());
    if (e == o.labels.size()) {
      ++d;
      continue;
    }
    if (o.t.size(int(d)) != o.t.size(int(e))) {
      fail<RuntimeError>("einsum(): subscript '", name_of(label), "' is repeated for dims of sizes ", o.t.size(int(d)), " and ",
                         o.t.size(int(e)), " of operand ", number);
    }
    o.t = tape::apply<Diagonal>(o.t, int64_t(0), int64_t(d), int64_t(e));
    o.labels.erase(e);
    o.labels.erase(d);
    o.labels.push_back(label);
  }
  for (size_t d = 0; d < o.labels.size(); ++d) {
    int64_t& size = sizes[o.labels[d]];
    const int64_t own = o.t.size(int(d));
    if (size != -1 && size != 1 && own != 1 && size != own) {
      fail<RuntimeError>("einsum(): subscript '", name_of(o.labels[d]), "' has sizes ", size, " and ", own, "; operand ", number,
                         " of shape ", Show{t.shape()}, " does not broadcast with those before it");
    }
    if (size == -1 || size == 1) size = own;
  }
  return o;
}

// Both summed over what only one of them has and nobody needs, then multiplied.
Operand contract(Operand a, Operand b, const bool* kept) {
  bool needed[kLabels];
  const auto reduce = [&](Operand& one, const Operand& other) {
    for (size_t own = 0; own < one.labels.size(); ++own) {
      const int label = one.labels[own], d = other.find(label);
      // A dim of size 1 that meets a longer one adds nothing to the sum over it.
      needed[label] = kept[label] || (d >= 0 && (other.t.size(d) != 1 || one.t.size(int(own)) == 1));
    }
    one.sum_away(needed);
  };
  reduce(a, b);
  reduce(b, a);
  Labels batch, rows, columns, inner;
  for (int label : a.labels) (b.find(label) < 0 ? rows : kept[label] ? batch : inner).push_back(label);
  for (int label : b.labels)
    if (a.find(label) < 0) columns.push_back(label);
  Labels result(batch);
  result.append(rows);
  result.append(columns);
  Shape shape, batch_shape;
  int64_t b_size = 1, m = 1, n = 1, k = 1;
  for (int label : batch) {
    const int64_t x = a.t.size(a.find(label)), y = b.t.size(b.find(label));
    batch_shape.push_back(x == 1 ? y : x);
    b_size *= batch_shape.back();
  }
  shape = batch_shape;
  for (int label : rows) shape.push_back(a.t.size(a.find(label))), m *= shape.back();
  for (int label : columns) shape.push_back(b.t.size(b.find(label))), n *= shape.back();
  for (int label : inner) k *= a.t.size(a.find(label));
  checked_numel("einsum", shape);
  const auto joined = [](Labels x, const Labels& y, const Labels& z) {
    x.append(y);
    x.append(z);
    return x;
  };
  Tensor x = a.ordered(joined(batch, rows, inner)), y = b.ordered(joined(batch, inner, columns));
  if (inner.empty()) {  // nothing is summed: an elementwise product
    Shape xs(x.shape()), ys(y.shape());
    for (size_t i = 0; i < columns.size(); ++i) xs.push_back(1);
    for (size_t i = 0; i < rows.size(); ++i) ys.insert(int(batch.size()), 1);
    if (!columns.empty()) x = reshape(x, xs);
    if (!rows.empty()) y = reshape(y, ys);
    return {x * y, result};
  }
  const auto spread = [&](const Tensor& t) {  // batch dims of size 1 repeated
    Shape to = batch_shape;
    for (int d = int(batch.size()); d < t.ndim(); ++d) to.push_back(t.size(d));
    return same(t.shape(), to) ? t : expand(t, to);
  };
  x = spread(x);
  y = spread(y);
  const auto in = [](const Tensor& t, const Shape& to) { return same(t.shape(), to) ? t : reshape(t, to); };
  Tensor z;
  if (!batch.empty()) {
    z = matmul(in(x, {b_size, m, k}), in(y, {b_size, k, n}));
  } else {  // an operand without free dims is a vector
    z = matmul(in(x, rows.empty() ? Shape{k} : Shape{m, k}), in(y, columns.empty() ? Shape{k} : Shape{k, n}));
  }
  return {in(z, shape), result};
}

// The result's labels: those after the arrow, or the ellipsis and every letter that appears once.
Labels output_labels(std::string_view equation, const std::vector<Labels>& inputs, int dots) {
  int seen[kEllipsis] = {};
  for (const Labels& labels : inputs)
    for (int label : labels)
      if (label != kDots) ++seen[label];
  Labels wanted, output;
  const size_t arrow = equation.find("->");
  if (arrow == std::string_view::npos) {
    wanted.push_back(kDots);
    for (int i = 0; i < kEllipsis; ++i)
      if (seen[i] == 1) wanted.push_back(i);
  } else {
    wanted = parse(equation.substr(arrow + 2));
  }
  for (int label : wanted) {
    if (label == kDots) {
      for (int i = dots - 1; i >= 0; --i) output.push_back(kEllipsis + i);
      continue;
    }
    if (!seen[label]) fail<RuntimeError>("einsum(): output subscript '", name_of(label), "' does not appear in any operand");
    if (std::count(output.begin(), output.end(), label))
      fail<RuntimeError>("einsum(): output subscript '", name_of(label), "' appears more than once");
    output.push_back(label);
  }
  return output;
}

}  // namespace

Tensor Einsum::forward(std::string_view equation, const TensorArgs& operands) {
  const TensorList& tensors = operands.list;
  if (tensors.empty()) fail<ValueError>("einsum(): must provide at least one operand");
  const std::string_view left = equation.substr(0, equation.find("->"));
  std::vector<Labels> subscripts;
  for (size_t begin = 0;;) {
    const size_t comma = left.find(',', begin);
    subscripts.push_back(parse(left.substr(begin, comma == std::string_view::npos ? comma : comma - begin)));
    if (comma == std::string_view::npos) break;
    begin = comma + 1;
  }
  if (subscripts.size() != tensors.size()) {
    fail<RuntimeError>("einsum(): the equation '", equation, "' is for ", subscripts.size(), " operands, got ", tensors.size());
  }
  int64_t sizes[kLabels];
  std::fill(sizes, sizes + kLabels, -1);
  std::vector<Operand> list;
  int dots = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    list.push_back(make_operand(i, tensors[i], subscripts[i], sizes));
    for (int label : list.back().labels) dots = std::max(dots, label - kEllipsis + 1);
  }
  const Labels output = output_labels(equation, subscripts, dots);
  Operand result = list[0];
  bool kept[kLabels];
  for (size_t i = 0; i < list.size(); ++i) {
    std::fill(kept, kept + kLabels, false);
    for (int label : output) kept[label] = true;
    for (size_t j = i + 1; j < list.size(); ++j)
      for (int label : list[j].labels) kept[label] = true;
    if (i == 0) {
      result.sum_away(kept, list.size() == 1);  // integers alone sum as sum() does, to int64
    } else {
      result = contract(result, list[i], kept);
    }
  }
  Tensor y = result.ordered(output);
  return y.is(tensors[0]) ? reshape(y, y.shape()) : y;
}

}  // namespace tg::ops
