#include "convert/hf_vocabulary.h"

#include <algorithm>

#include "base/utf8.h"

namespace ingot::core {
namespace {

class VocabularyReader {
 public:
  VocabularyReader(const JsonObject& root, int64_t n_rows) : root_(root), n_rows_(static_cast<size_t>(n_rows)) {}

  Result<HfVocabulary> read() {
    INGOT_ASSIGN(const auto model, root_.get_object("model"));
    if (!model) return root_.wrong("model", "an object");
    INGOT_TRY(check_model(*model));
    vocabulary_.tokens.resize(n_rows_);
    vocabulary_.types.resize(n_rows_, TokenType::kUnused);
    INGOT_TRY(read_tokens(*model));
    INGOT_TRY(read_added());
    for (size_t id = 0; id < n_rows_; ++id) {
      if (vocabulary_.types[id] == TokenType::kUnused) vocabulary_.tokens[id] = fmt::format("[PAD{}]", id);
    }
    INGOT_TRY(read_merges(*model));
    return std::move(vocabulary_);
  }

 private:
  static Status check_model(const JsonObject& model) {
    INGOT_ASSIGN(const auto type, model.get_string("type"));
    if (type.value_or("BPE") != "BPE") return model.wrong("type", "BPE");
    for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      INGOT_ASSIGN(const auto text, model.get_string(name));
      if (text && !text->empty()) return model.wrong(name, "none");
    }
    return {};
  }

  Status put(std::string token, int64_t id, TokenType type) {
    if (static_cast<size_t>(id) >= n_rows_) {
      return invalid("{}: the token {} has the id {}, but the embedding has {} rows", root_.name(), printable(token),
                     id, n_rows_);
    }
    const auto index = static_cast<size_t>(id);
    const bool is_there = vocabulary_.types[index] != TokenType::kUnused;
    if (is_there && vocabulary_.tokens[index] != token) {
      return invalid("{}: the tokens {} and {} both have the id {}", root_.name(), printable(vocabulary_.tokens[index]),
                     printable(token), id);
    }
    const auto [known, inserted] = vocabulary_.ids.emplace(token, id);
    if (!inserted && known->second != id) {
      return invalid("{}: the token {} has the ids {} and {}", root_.name(), printable(token), known->second, id);
    }
    vocabulary_.types[index] = type;
    vocabulary_.tokens[index] = std::move(token);
    return {};
  }

  Status read_tokens(const JsonObject& model) {
    INGOT_ASSIGN(const auto vocab, model.get_object("vocab"));
    if (!vocab) return model.wrong("vocab", "an object of tokens and ids");
    for (const auto& [token, id] : model.find("vocab")->items()) {
      INGOT_ASSIGN(const auto number, vocab->get_int(token));
      if (!number) return vocab->wrong(printable(token), "an id");
      INGOT_TRY(put(token, *number, TokenType::kNormal));
    }
    return {};
  }

  Status read_added() {
    const Json* list = root_.find("added_tokens");
    if (list == nullptr) return {};
    if (!list->is_array()) return root_.wrong("added_tokens", "an array");
    for (const Json& entry : *list) {
      INGOT_ASSIGN(const JsonObject added, JsonObject::make(entry, root_.name() + ": added_tokens"));
      INGOT_ASSIGN(const auto content, added.get_string("content"));
      INGOT_ASSIGN(const auto id, added.get_int("id"));
      INGOT_ASSIGN(const auto special, added.get_bool("special"));
      if (!content || content->empty() || !id) return added.wrong(id ? "content" : "id", "a token and its id");
      if (static_cast<size_t>(*id) >= n_rows_) {
        vocabulary_.without_row.push_back(*content);
        continue;
      }
      INGOT_TRY(put(*content, *id, special.value_or(false) ? TokenType::kControl : TokenType::kUserDefined));
    }
    return {};
  }

  // Each is "a b", in newer files ["a", "b"], which alone can hold tokens with spaces.
  Status read_merges(const JsonObject& model) {
    const Json* list = model.find("merges");
    if (list == nullptr || !list->is_array()) return model.wrong("merges", "an array of pairs");
    for (const Json& merge : *list) {
      std::pair<std::string, std::string> pair;
      if (merge.is_string()) {
        const auto& text = merge.get_ref<const std::string&>();
        const size_t space = text.find(' ');
        if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
          pair = {text.substr(0, space), text.substr(space + 1)};
        }
      } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        pair = {merge[0].get<std::string>(), merge[1].get<std::string>()};
      }
      if (pair.first.empty() || pair.second.empty()) {
        return invalid("{}: a merge is {}, expected two tokens", model.name(), shown_json(merge));
      }
      if (!vocabulary_.find(pair.first) || !vocabulary_.find(pair.second) ||
          !vocabulary_.find(pair.first + pair.second)) {
        return invalid("{}: the merge {} is of a token that the vocabulary does not have", model.name(),
                       shown_json(merge));
      }
      vocabulary_.merges.push_back(std::move(pair));
    }
    return {};
  }

  const JsonObject& root_;
  const size_t n_rows_;
  HfVocabulary vocabulary_;
};

}  // namespace

std::optional<int64_t> HfVocabulary::find(std::string_view token) const {
  const auto found = ids.find(std::string(token));
  if (found == ids.end()) return std::nullopt;
  return found->second;
}

Result<HfVocabulary> read_hf_vocabulary(const JsonObject& root, int64_t n_rows) {
  return VocabularyReader(root, n_rows).read();
}

// SentencePiece knows scores of tokens, not of pairs: every pair that makes a token is joined when that token's turn
// comes. A list of merges says the same if the merges of one token follow each other, and none of them is missing.
Result<std::vector<double>> scores_of_merges(const HfVocabulary& vocabulary, const std::string& name) {
  std::vector<double> scores(vocabulary.tokens.size(), 0.0);
  std::vector<size_t> n_merges(vocabulary.tokens.size(), 0);
  size_t turn = 0;
  int64_t last_id = -1;
  for (const auto& [left, right] : vocabulary.merges) {
    const int64_t id = *vocabulary.find(left + right);
    if (id != last_id && n_merges[static_cast<size_t>(id)] > 0) {
      return fail(ErrorKind::kUnsupported,
                  "{}: the merges that make {} do not follow each other, so that no scores give the same tokens", name,
                  printable(left + right));
    }
    if (id != last_id) scores[static_cast<size_t>(id)] = -static_cast<double>(++turn);
    ++n_merges[static_cast<size_t>(id)];
    last_id = id;
  }
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string& token = vocabulary.tokens[id];
    if (vocabulary.types[id] != TokenType::kNormal) continue;
    size_t n_pairs = 0;
    for (size_t cut = 1; cut < token.size(); ++cut) {
      if ((static_cast<unsigned char>(token[cut]) & 0xC0) == 0x80) continue;  // inside a character
      n_pairs += vocabulary.find(token.substr(0, cut)) && vocabulary.find(token.substr(cut)) ? 1 : 0;
    }
    if (n_pairs != n_merges[id]) {
      return fail(ErrorKind::kUnsupported,
                  "{}: {} pairs of tokens make {}, but {} merges do, so that no scores give the same tokens", name,
                  n_pairs, printable(token), n_merges[id]);
    }
    // What is never joined is a character or stands alone: behind everything that is.
    if (n_merges[id] == 0) scores[id] = -static_cast<double>(vocabulary.merges.size() + 1);
  }
  return scores;
}

}  // namespace ingot::core
