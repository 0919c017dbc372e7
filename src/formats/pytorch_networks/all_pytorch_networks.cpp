// The table of networks. To add one: a file that says which weights it has and what is computed with them, and a line
// here.
#include <array>

#include "formats/pytorch_networks/pytorch_network.h"
#include "formats/pytorch_networks/resnet.h"

namespace adze::formats {
namespace {

constexpr std::array kNetworks = {
    PytorchNetwork{"resnet",
                   "residual networks that classify images: of CIFAR's size (3x3 first) and of ImageNet's (7x7)",
                   is_resnet, build_resnet},
};

}  // namespace

std::span<const PytorchNetwork> all_pytorch_networks() { return kNetworks; }

}  // namespace adze::formats
