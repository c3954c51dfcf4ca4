// Hugging Face's cache: a folder for each repository, in it one for each revision, in it links to blobs.
//
//   models--ORG--NAME/refs/main                       holds the name of a revision
//   models--ORG--NAME/snapshots/REVISION/FILE.gguf    a link to ../../blobs/DIGEST
//
// Source: huggingface_hub's guide "Understand caching".
#pragma once

#include <string>
#include <vector>

#include "catalog/found_model.h"
#include "catalog/places.h"

namespace ingot::core {

// A file that several revisions have is one model. Where they differ, the revision of main, or else the one with the
// newest folder, has the plain name; an older one has "@" and the beginning of its revision behind it.
FoundModels find_in_hugging_face(const ModelPlace& place);

}  // namespace ingot::core
