# cmake -DOUT=FILE -DFILES=a;b -P embed.cmake: a C++ source with the files' bytes in it.
set(types_html "text/html; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_svg "image/svg+xml")
set(types_txt "text/plain; charset=utf-8")
set(types_ogg "audio/ogg")

set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  string(REGEX REPLACE "^.*\\." "" ending "${name}")
  if(NOT DEFINED types_${ending})
    message(FATAL_ERROR "${file}: embed.cmake knows no media type for .${ending}")
  endif()
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", \"${types_${ending}}\", {reinterpret_cast<const char*>(kFile${number}), ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}.new" "#include \"coordinator/http/embedded_files.h\"
namespace tutti {
namespace {
${arrays}
const StaticFile kFiles[] = {
${rows}};
}  // namespace
std::span<const StaticFile> EmbeddedFiles() { return kFiles; }
}  // namespace tutti
")
file(RENAME "${OUT}.new" "${OUT}")
