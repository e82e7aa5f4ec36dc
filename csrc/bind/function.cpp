// Operations that users write in Python (autograd.Function): one node that calls back, and one small node per output.
#include <memory>
#include <unordered_map>

#include "bind/caster.h"
#include "bind/interop.h"
#include "bind/module.h"
#include "ops/functions.h"
#include "tape/engine.h"
#include "tape/life.h"
#include "tape/saved.h"

namespace tg::bind {
namespace {

// What is said of functions of this name; it outlives their nodes, as what is said of operations does.
const OpInfo& info_of(const std::string& name) {
  static std::unordered_map<std::string, OpInfo> known;
  const auto [at, is_new] = known.try_emplace(name, OpInfo{.name = "", .signature = "", .doc = "", .face = Face::internal});
  if (is_new) at->second.name = at->first.c_str();
  return at->second;
}

struct FunctionNode;

// One output of the function: hands its gradient to the function's node.
struct OutputNode final : tape::Node {
  size_t slot;
  tape::Edge edge{};

  OutputNode(FunctionNode& f, size_t s);
  ~OutputNode() override;
  FunctionNode& function() const;
  void backward(const Tensor& dy, tape::Needs, tape::Sink&) override;
  const Node& inputs() const override { return *edge.node; }
  size_t object_size() const override { return sizeof(*this); }
};

struct FunctionNode final : tape::Node {
  struct Output {
    OutputNode* node;  // null once it is gone
    Shape shape;
    DType dtype;
    Tensor grad;  // what the running backward has brought
  };
  py::object callback;
  std::vector<tape::Edge> input_edges;
  std::vector<Output> outputs;
  // Saved outputs find the node through this; null once it is gone.
  std::shared_ptr<FunctionNode*> self = std::make_shared<FunctionNode*>(this);

  FunctionNode(const std::string& name, py::object f) : Node(info_of(name)), callback(std::move(f)) {}
  ~FunctionNode() override {
    *self = nullptr;
    for (tape::Edge& e : input_edges) {
      if (e.node) tape::release(e.node);
      Py_XDECREF(e.leaf);
    }
    num_edges = 0;
  }

  bool ready() const override {
    for (const Output& o : outputs)
      if (o.grad) return true;
    return false;
  }
  void reset() override {
    for (Output& o : outputs) o.grad = Tensor();
  }

  void backward(const Tensor&, tape::Needs needs, tape::Sink& sink) override {
    if (!callback)
      fail<RuntimeError>(info->name, ".backward(): the graph was freed by an earlier backward; pass retain_graph=True there");
    py::tuple grads(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      Output& o = outputs[i];
      Tensor g = o.grad ? std::move(o.grad) : ops::to(ops::expand(scalar(0.0, DType::float32), o.shape), o.dtype);
      o.grad = Tensor();
      grads[i] = as_object(std::move(g));
    }
    const py::tuple result = callback(*grads).cast<py::tuple>();
    if (result.size() != input_edges.size()) {
      fail<RuntimeError>(info->name, ".backward(): returned ", result.size(), " gradients for ", input_edges.size(),
                         " tensor inputs");
    }
    for (size_t i = 0; i < input_edges.size(); ++i) {
      const py::object g = result[i];
      if (g.is_none() || !needs[int(i)]) continue;
      if (!is_tensor(g.ptr()))
        fail<TypeError>(info->name, ".backward(): gradient ", i, " must be a Tensor or None, got ", Py_TYPE(g.ptr())->tp_name);
      sink.deliver(*this, int(i), as_tensor(g.ptr()));
    }
  }
  void release_saved() override {
    callback = py::object();
    released = true;
  }
  size_t object_size() const override { return sizeof(*this); }
};

OutputNode::OutputNode(FunctionNode& f, size_t s) : Node(*f.info), slot(s) {
  edge.node = &f;
  tape::retain(&f);
  edges = &edge;
  num_edges = 1;
}
OutputNode::~OutputNode() { function().outputs[slot].node = nullptr; }
FunctionNode& OutputNode::function() const { return static_cast<FunctionNode&>(*edge.node); }
void OutputNode::backward(const Tensor& dy, tape::Needs, tape::Sink&) { function().outputs[slot].grad = dy; }

py::tuple attach(py::object callback, const std::string& name, const py::tuple& inputs, const py::tuple& outputs) {
  auto* f = tape::make_node<FunctionNode>(name, std::move(callback));
  struct Release {
    FunctionNode* f;
    ~Release() { tape::release(f); }
  } release{f};
  for (py::handle in : inputs) {
    const Tensor t = as_tensor(in.ptr());
    tape::refresh(t);
    tape::set_edge(f->input_edges.emplace_back(), t);
  }
  f->edges = f->input_edges.data();
  f->num_edges = uint32_t(f->input_edges.size());
  f->outputs.reserve(outputs.size());
  py::tuple wired(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    Tensor t = as_tensor(py::object(outputs[i]).ptr());
    if (!is_floating(t.dtype()))
      fail<RuntimeError>(f->info->name, ".forward(): output ", i, " has dtype ", t.dtype(), "; mark it as non-differentiable");
    if (t->grad_fn || t->requires_grad || Py_TYPE(t.get()) != g_tensor_type) t = alias(t);
    f->outputs.push_back({nullptr, t.shape(), t.dtype(), Tensor()});
    auto* node = tape::make_node<OutputNode>(*f, i);
    f->outputs[i].node = node;
    tape::set_history(t, node);
    wired[i] = as_object(t);
  }
  return wired;
}

// What ctx.save_for_backward keeps: checked for in-place changes, and for an output without owning its node.
class SavedTensor {
 public:
  SavedTensor(const Tensor& t, bool is_output, std::string owner) : owner_(std::move(owner)), version_(t->storage->version()) {
    const auto* node = is_output ? dynamic_cast<OutputNode*>(t->grad_fn) : nullptr;
    if (!node) {
      tensor_ = t;
      return;
    }
    tensor_ = alias(t);
    slot_ = node->slot;
    function_ = node->function().self;
  }
  Tensor unpack() const {
    if (tensor_->storage->version() != version_) {
      fail<RuntimeError>(owner_, ".backward(): a tensor that forward saved was changed in place afterwards (version ",
                         tensor_->storage->version(), ", saved at version ", version_, ")");
    }
    FunctionNode* f = function_ ? *function_ : nullptr;
    OutputNode* node = f ? f->outputs[slot_].node : nullptr;
    if (!node) return tensor_;
    if (node->output->storage == tensor_->storage) return tape::output_of(*node);
    Tensor t = alias(tensor_);
    tape::retain(node);
    t->grad_fn = node;
    return t;
  }

 private:
  std::string owner_;  // the function's name, for the error
  Tensor tensor_;
  uint32_t version_;
  size_t slot_ = 0;
  std::shared_ptr<FunctionNode*> function_;
};

}  // namespace

void init_function(py::module_& m) {
  m.def("_attach", &attach, py::arg("backward"), py::arg("name"), py::arg("inputs"), py::arg("outputs"),
        "Records outputs as computed from inputs by an operation whose gradient is backward(*grads).");
  py::class_<SavedTensor>(m, "_SavedTensor")
      .def(py::init<const Tensor&, bool, std::string>(), py::arg("tensor").none(false), py::arg("is_output"), py::arg("owner"))
      .def("unpack", &SavedTensor::unpack);
}

}  // namespace tg::bind
