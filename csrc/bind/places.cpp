// Names and namespaces of operations.
#include "bind/places.h"

#include <sstream>

namespace tg::bind {
namespace {

struct Namespace {
  Face face;
  const char* name;
  std::string prefix;  // of the operations that live there: linalg_norm is linalg.norm
};

const Namespace kNamespaces[] = {{Face::function, "tg", ""},
                                 {Face::method, "Tensor", ""},
                                 {Face::functional, "nn.functional", ""},
                                 {Face::linalg, "linalg", "linalg_"},
                                 {Face::special, "special", "special_"}};

void add_everywhere(std::vector<Place>& found, const OpInfo& info, const std::string& name) {
  for (const Namespace& n : kNamespaces) {
    if (!has(info.face, n.face)) continue;
    found.push_back({n.face, name.starts_with(n.prefix) ? name.substr(n.prefix.size()) : name});
    const bool has_inplace_form = n.face == Face::method || n.face == Face::function || n.face == Face::functional;
    if (info.inplace && has_inplace_form) found.push_back({n.face, name + "_", true});
  }
}

}  // namespace

std::vector<Place> places(const OpInfo& info) {
  std::vector<Place> found;
  add_everywhere(found, info, info.name);
  std::istringstream aliases(info.aliases);
  for (std::string alias; aliases >> alias;) {
    const size_t dot = alias.rfind('.');
    if (dot == std::string::npos) {
      add_everywhere(found, info, alias);
      continue;
    }
    for (const Namespace& n : kNamespaces)
      if (alias.substr(0, dot) == n.name) found.push_back({n.face, alias.substr(dot + 1)});
  }
  return found;
}

const char* namespace_of(Face one) {
  for (const Namespace& n : kNamespaces)
    if (n.face == one) return n.name;
  return "";
}

}  // namespace tg::bind
