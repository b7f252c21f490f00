#include "coordinator/core/records.h"

#include "coordinator/core/name_table.h"

namespace tutti {
namespace {

constexpr NameTable<Role, 5> kRoles{{{
    {Role::kAdmin, "admin"},
    {Role::kReader, "reader"},
    {Role::kEnrol, "enrol"},
    {Role::kWorker, "worker"},
    {Role::kInvited, "invited"},
}}};

}  // namespace

std::string_view Name(Role role) {
  return kRoles.NameOf(role);
}
std::optional<Role> ParseRole(std::string_view name) {
  return kRoles.Parse(name);
}

}  // namespace tutti
