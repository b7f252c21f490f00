#include "coordinator/http/listening.h"

#include <charconv>
#include <utility>

#include "coordinator/http/hearing.h"
#include "coordinator/http/http_reply.h"

namespace tutti {
namespace {

constexpr int kTooLarge = 413;

// Screen has seen that it is told.
std::size_t BodyBytes(const httplib::Request& request) {
  const std::string text = request.get_header_value("Content-Length");
  std::size_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

Error TooLarge(std::size_t bytes) {
  return InvalidArgument("a file of " + std::to_string(bytes) + " bytes; at most " +
                         std::to_string(kMaxAudioBytes) +
                         " are listened to. Cut a piece out of it: 30 s are heard");
}

Error AllTaken() {
  return ResourceExhausted(std::to_string(kMostListens) +
                           " files are being listened to at the moment, which is as many as are "
                           "taken at a time; try again in " +
                           std::to_string(kListenAgain.count()) + " s");
}

}  // namespace

void Listening::Answer(const httplib::Request& request, httplib::Response& response,
                       const httplib::ContentReader& body) {
  const auto token = Admit(request);
  if (!token.ok()) return ReplyError(token.error(), response);
  if (BodyBytes(request) > kMaxAudioBytes) {
    Drain(body);
    ReplyError(TooLarge(BodyBytes(request)), response);
    response.status = kTooLarge;
    return;
  }
  if (!places_.try_acquire()) {
    Drain(body);
    ReplyError(AllTaken(), response);
  } else {
    struct Place {
      std::counting_semaphore<kMostListens>& places;
      ~Place() { places.release(); }
    } place{places_};
    Hear(request, *token, body, response);
  }
  if (response.status == HttpStatus(ErrorCode::kResourceExhausted)) {
    response.set_header("Retry-After", std::to_string(kListenAgain.count()));
  }
}

// Listening changes nothing, but costs time: it is asked for as a change is, so that no foreign
// page can do it.
Result<std::string> Listening::Admit(const httplib::Request& request) const {
  TUTTI_ASSIGN_OR_RETURN(const Visitor visitor, door_.AdmitChange(request, Rpc::kPredict));
  if (request.is_multipart_form_data()) {
    return InvalidArgument(
        "a form was sent; expected the file's bytes as they are, with "
        "Content-Type: application/octet-stream");
  }
  return visitor.token;
}

Result<std::string> Listening::Read(const httplib::ContentReader& body) const {
  const SteadyTime end = clock_.SteadyNow() + kUploadLimit;
  std::string bytes;
  Status took;
  const bool is_complete = body([&](const char* piece, std::size_t size) {
    if (bytes.size() + size > kMaxAudioBytes) {  // it was compressed on its way
      took = TooLarge(bytes.size() + size);
    } else if (clock_.SteadyNow() > end) {
      took = Error{ErrorCode::kDeadlineExceeded,
                   "the file had not arrived after " + std::to_string(kUploadLimit.count()) + " s"};
    } else {
      bytes.append(piece, size);
    }
    return took.ok();
  });
  TUTTI_RETURN_IF_ERROR(took);
  if (!is_complete) return InvalidArgument("the file did not arrive as a whole");
  return bytes;
}

void Listening::Drain(const httplib::ContentReader& body) const {
  const SteadyTime end = clock_.SteadyNow() + kDrainLimit;
  body([&](const char*, std::size_t) { return clock_.SteadyNow() < end; });
}

void Listening::Hear(const httplib::Request& request, const std::string& token,
                     const httplib::ContentReader& body, httplib::Response& response) {
  auto bytes = Read(body);
  if (!bytes.ok()) return ReplyError(bytes.error(), response);
  v1::PredictRequest wanted;
  wanted.set_audio(*std::move(bytes));
  wanted.set_sweep(request.get_param_value("sweep"));
  const auto heard = gateway_.Predict(token, wanted);
  heard.ok() ? ReplyJson(HearingJson(*heard), response) : ReplyError(heard.error(), response);
}

}  // namespace tutti
