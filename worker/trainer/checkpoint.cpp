#include "worker/trainer/checkpoint.h"

#include <cstring>

#include "common/safetensors.h"

namespace tutti {
namespace {

Result<ElementType> TypeOf(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return ElementType::kF32;
    case torch::kFloat64:
      return ElementType::kF64;
    case torch::kInt64:
      return ElementType::kI64;
    default:
      return Internal("checkpoint: a tensor of a type that no model has");
  }
}

Result<torch::ScalarType> TypeOf(ElementType type, const std::string& name) {
  switch (type) {
    case ElementType::kF32:
      return torch::kFloat32;
    case ElementType::kF64:
      return torch::kFloat64;
    case ElementType::kI64:
      return torch::kInt64;
    default:
      return DataLoss("checkpoint: tensor " + name + " has type " +
                      std::string(ElementTypeName(type)) + ", expected F32, F64 or I64");
  }
}

torch::Tensor Copy(const torch::Tensor& tensor) {
  return tensor.detach().to(torch::kCPU).contiguous().clone();
}

}  // namespace

Weights WeightsOf(const Model& model) {
  Weights weights;
  for (const auto& item : model.named_parameters()) weights[item.key()] = Copy(item.value());
  for (const auto& item : model.named_buffers()) weights[item.key()] = Copy(item.value());
  return weights;
}

Status LoadWeights(const Weights& weights, Model& model) {
  const torch::NoGradGuard no_grad;
  std::size_t used = 0;
  const auto load = [&](const std::string& name, torch::Tensor& target) -> Status {
    const auto found = weights.find(name);
    if (found == weights.end()) return InvalidArgument("weights: tensor " + name + " is missing");
    if (found->second.sizes() != target.sizes()) {
      return InvalidArgument("weights: tensor " + name + " has another shape than the model's");
    }
    target.copy_(found->second);
    ++used;
    return {};
  };
  for (auto& item : model.named_parameters()) {
    TUTTI_RETURN_IF_ERROR(load(item.key(), item.value()));
  }
  for (auto& item : model.named_buffers()) TUTTI_RETURN_IF_ERROR(load(item.key(), item.value()));
  if (used == weights.size()) return {};
  return InvalidArgument("weights: " + std::to_string(weights.size() - used) +
                         " tensors that the model does not have");
}

Status SaveCheckpoint(const std::filesystem::path& path, const Weights& weights,
                      const std::map<std::string, std::string, std::less<>>& metadata) {
  std::map<std::string, TensorView, std::less<>> views;
  for (const auto& [name, tensor] : weights) {
    TensorView view;
    TUTTI_ASSIGN_OR_RETURN(view.type, TypeOf(tensor));
    view.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
    view.bytes = {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()};
    views.emplace(name, std::move(view));
  }
  return WriteSafetensors(path, views, metadata);
}

Result<Weights> ReadCheckpoint(const std::filesystem::path& path) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Open(path));
  Weights weights;
  for (const auto& [name, view] : file->tensors()) {
    TUTTI_ASSIGN_OR_RETURN(const torch::ScalarType type, TypeOf(view.type, name));
    torch::Tensor tensor = torch::empty(view.shape, type);
    std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
    weights[name] = std::move(tensor);
  }
  return weights;
}

}  // namespace tutti
