// Names of datasets: registered, and deleted once no sweep is over them.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"

namespace tutti {

// Core::RegisterDataset and Core::DeleteDataset say what these mean.
bool RegisterDatasetInBooks(Books& books, Batch& batch, const DatasetRecord& dataset);
Status DeleteDatasetInBooks(Books& books, Batch& batch, const std::string& name);

}  // namespace tutti
