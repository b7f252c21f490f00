// What embed.cmake made of the folder static/.
#pragma once

#include <span>

#include "coordinator/http/static_files.h"

namespace tutti {

std::span<const StaticFile> EmbeddedFiles();

}  // namespace tutti
