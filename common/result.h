// The one way in which operating failures travel: Result<T>, a value or an Error.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tutti {

// The meanings are those of gRPC's status codes of the same names, so that an error crosses the
// wire unchanged.
enum class ErrorCode {
  kInvalidArgument,
  kNotFound,
  kAlreadyExists,
  kFailedPrecondition,
  kPermissionDenied,
  kUnauthenticated,
  kResourceExhausted,
  kDataLoss,
  kUnavailable,
  kAborted,
  kCancelled,
  kDeadlineExceeded,
  kUnimplemented,
  kInternal,
};

// "invalid argument", "not found", …
std::string_view ErrorCodeName(ErrorCode code);

// message: what, where, expected, got, and how to mend it; no trailing full stop, no newline unless
// it lists findings.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  template <class U = T>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value)
      : value_(std::forward<U>(value)) {}  // NOLINT: implicit, so that `return value;` works
  Result(Error error) : value_(std::unexpected(std::move(error))) {}  // NOLINT: likewise

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Requires ok().
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

  // Requires !ok().
  const Error& error() const& { return value_.error(); }
  Error&& error() && { return std::move(value_).error(); }

 private:
  std::expected<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : value_(std::unexpected(std::move(error))) {}  // NOLINT: implicit on purpose

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return value_.error(); }
  Error&& error() && { return std::move(value_).error(); }

 private:
  std::expected<void, Error> value_;
};

using Status = Result<void>;

inline Error InvalidArgument(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}
inline Error NotFound(std::string message) {
  return {ErrorCode::kNotFound, std::move(message)};
}
inline Error AlreadyExists(std::string message) {
  return {ErrorCode::kAlreadyExists, std::move(message)};
}
inline Error FailedPrecondition(std::string message) {
  return {ErrorCode::kFailedPrecondition, std::move(message)};
}
inline Error PermissionDenied(std::string message) {
  return {ErrorCode::kPermissionDenied, std::move(message)};
}
inline Error Unauthenticated(std::string message) {
  return {ErrorCode::kUnauthenticated, std::move(message)};
}
inline Error ResourceExhausted(std::string message) {
  return {ErrorCode::kResourceExhausted, std::move(message)};
}
inline Error DataLoss(std::string message) {
  return {ErrorCode::kDataLoss, std::move(message)};
}
inline Error Unavailable(std::string message) {
  return {ErrorCode::kUnavailable, std::move(message)};
}
inline Error Internal(std::string message) {
  return {ErrorCode::kInternal, std::move(message)};
}

// The same error with "context: " before its message.
Error Annotate(Error error, std::string_view context);
// The operating system's error `errno_value` as an Error: "context: No such file or directory".
Error ErrnoError(int errno_value, std::string_view context);

}  // namespace tutti

#define TUTTI_CONCAT_INNER_(a, b) a##b
#define TUTTI_CONCAT_(a, b) TUTTI_CONCAT_INNER_(a, b)

// TUTTI_RETURN_IF_ERROR(expression): returns the error of a Status or Result from the calling
// function.
#define TUTTI_RETURN_IF_ERROR(expression)                         \
  do {                                                            \
    if (auto tutti_status_ = (expression); !tutti_status_.ok()) { \
      return std::move(tutti_status_).error();                    \
    }                                                             \
  } while (false)

// TUTTI_ASSIGN_OR_RETURN(auto value, expression): the value of a Result, or returns its error from
// the calling function.
#define TUTTI_ASSIGN_OR_RETURN(declaration, expression) \
  TUTTI_ASSIGN_OR_RETURN_IMPL_(TUTTI_CONCAT_(tutti_result_, __LINE__), declaration, expression)
#define TUTTI_ASSIGN_OR_RETURN_IMPL_(result, declaration, expression) \
  auto result = (expression);                                         \
  if (!result.ok()) return std::move(result).error();                 \
  declaration = *std::move(result)
