// The pages' files, compiled into the program from coordinator/http/static.
#pragma once

#include <httplib.h>
#include <string>
#include <string_view>

namespace tutti {

struct StaticFile {
  std::string_view name;  // "app.js"
  std::string_view type;  // "text/javascript; charset=utf-8"
  std::string_view bytes;
};

// Null: there is no such file.
const StaticFile* FindStaticFile(std::string_view name);

// "/static/NAME" for each, and the one page that all addresses of pages show.
void InstallStaticFiles(httplib::Server& server);

}  // namespace tutti
