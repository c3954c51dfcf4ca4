#include "engine/sequence_bytes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>
#include <memory>

namespace ingot::core {
namespace {

struct Header {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t zero;
  uint64_t n_tokens;
  uint64_t n_logits;
  uint64_t state_bytes;
  uint64_t checksum;
};
static_assert(sizeof(Header) == 48, "the header has no padding");

constexpr std::array<char, 8> kMagic = {'I', 'N', 'G', 'O', 'T', 'S', 'E', 'Q'};
constexpr uint32_t kVersion = 1;

uint64_t checksum(const Header& header, std::span<const std::byte> body) {
  const uint64_t seed = XXH3_64bits(&header, offsetof(Header, checksum));
  return XXH3_64bits_withSeed(body.data(), body.size(), seed);
}

}  // namespace

std::vector<std::byte> pack_sequence(const SavedSequence& sequence) {
  Header header = {kMagic, kVersion, 0, sequence.tokens.size(), sequence.last_logits.size(), sequence.state.size(), 0};
  const auto tokens = std::as_bytes(std::span(sequence.tokens));
  const auto logits = std::as_bytes(std::span(sequence.last_logits));
  std::vector<std::byte> bytes(sizeof(Header));
  bytes.reserve(sizeof(Header) + tokens.size() + logits.size() + sequence.state.size());
  bytes.insert(bytes.end(), tokens.begin(), tokens.end());
  bytes.insert(bytes.end(), logits.begin(), logits.end());
  bytes.insert(bytes.end(), sequence.state.begin(), sequence.state.end());
  header.checksum = checksum(header, std::span(bytes).subspan(sizeof(Header)));
  std::memcpy(bytes.data(), &header, sizeof(Header));
  return bytes;
}

Result<SavedSequence> unpack_sequence(std::span<const std::byte> bytes) {
  Header header{};
  if (bytes.size() < sizeof(Header)) {
    return invalid("a saved sequence of {} bytes, expected at least {}", bytes.size(), sizeof(Header));
  }
  std::memcpy(&header, bytes.data(), sizeof(Header));
  std::span<const std::byte> body = bytes.subspan(sizeof(Header));
  if (header.magic != kMagic) return invalid("these bytes are no saved sequence of ingot");
  if (header.version != kVersion) {
    return invalid("a saved sequence of version {}, this library reads {}", header.version, kVersion);
  }
  // One by one, so that no sum of foreign numbers can overflow.
  uint64_t left = body.size();
  const auto take = [&left](uint64_t count, uint64_t unit_bytes) {
    if (count > left / unit_bytes) return false;
    left -= count * unit_bytes;
    return true;
  };
  if (!take(header.n_tokens, 4) || !take(header.n_logits, 4) || !take(header.state_bytes, 1) || left != 0) {
    return invalid("a saved sequence that is cut: it has {} bytes after its header", body.size());
  }
  if (header.zero != 0 || header.checksum != checksum(header, body)) {
    return invalid("a saved sequence whose checksum does not match: it was altered");
  }
  SavedSequence sequence;
  sequence.tokens.resize(header.n_tokens);
  sequence.last_logits.resize(header.n_logits);
  const size_t token_bytes = header.n_tokens * 4;
  const size_t logit_bytes = header.n_logits * 4;
  if (token_bytes > 0) std::memcpy(sequence.tokens.data(), body.data(), token_bytes);
  if (logit_bytes > 0) std::memcpy(sequence.last_logits.data(), body.data() + token_bytes, logit_bytes);
  const auto state = body.subspan(token_bytes + logit_bytes);
  sequence.state.assign(state.begin(), state.end());
  return sequence;
}

}  // namespace ingot::core
