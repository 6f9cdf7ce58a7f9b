#include "model.h"

#include <cstring>

#include "error.h"
#include "text.h"

namespace rlsys::core {
namespace {

std::vector<float> LogStd(const Version& version) {
  const Tensor* tensor = version.layout->Find("exploration.log_std");
  if (tensor == nullptr || tensor->type != DataType::kFloat32) return {};
  std::vector<float> values(tensor->count);
  std::memcpy(values.data(), version.data.data() + tensor->offset, tensor->bytes);
  return values;
}

}  // namespace

Model::Model(const Version& version, const Box& observation, const Space& action, bool masked,
             bool items, bool explore)
    : number(version.number),
      incarnation(version.incarnation),
      network(*version.layout, version.data, items ? observation.shape.front() : 1),
      chooser(action, network.decoding(), version.exploration, LogStd(version), explore) {
  if (network.inputs() != observation.size() || network.outputs() != OutputsOf(action)) {
    throw Error(RLSYS_ERROR_MODEL, Cat("the model takes ", network.inputs(), " values and has ",
                                       network.outputs(), " outputs, but the spaces have ",
                                       observation.size(), " and ", OutputsOf(action)));
  }
  if (network.masked() && !masked) {
    throw Error(RLSYS_ERROR_MODEL,
                "the model needs masks; set `masked` in the configuration and pass them");
  }
}

}  // namespace rlsys::core
