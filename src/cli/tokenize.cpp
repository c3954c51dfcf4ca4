// ingot tokenize and ingot detokenize: text to ids and back; files without weights suffice.
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <sstream>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/json_text.h"
#include "cli/model_argument.h"
#include "cli/streams.h"
#include "ingot/tokenizer.h"

namespace ingot::cli {
namespace {

constexpr const char* kTokenizeExamples = R"(Examples:
  ingot tokenize model.gguf "Hello world"                 ids, separated by spaces
  ingot tokenize model.gguf "Hello world" --pieces        one line a token: id, tab, text as a JSON string
  ingot tokenize model.gguf -f article.txt | wc -w        how many tokens a file has
  ingot tokenize model.gguf "<|im_start|>user" --special  special tokens in the text become tokens

Without TEXT and -f all of standard input is read, its last newline too.)";

constexpr const char* kDetokenizeExamples = R"(Examples:
  ingot detokenize model.gguf 19556 905
  ingot tokenize model.gguf "Hello" | ingot detokenize model.gguf

Ids are separated by white space. The bytes go to standard output as they are.)";

struct TokenFlags {
  std::string path;
  std::string models;
  std::optional<std::string> file;
  std::optional<std::string> text;  // tokenize
  std::vector<std::string> ids;     // detokenize
  bool special = false;
  bool no_special = false;
  bool no_bos = false;
  bool pieces = false;
  bool json = false;
};

// The text of the flags, of a file or of standard input.
struct Input {
  std::string text;
  int exit_code = kDone;
};

Input read_input(const std::optional<std::string>& text, const std::optional<std::string>& file, const char* what) {
  if (text && file) {
    report_error(fmt::format("{} and -f exclude each other", what));
    return {{}, kWrongUsage};
  }
  if (text) return {*text, kDone};
  if (!file && stdin_is_terminal()) {
    report_error(fmt::format("no input: give {}, -f FILE, or write to standard input", what));
    return {{}, kWrongUsage};
  }
  Expected<std::string> read = read_file(file.value_or("-"));
  if (!read) return {{}, report_error(read.error().message)};
  return {std::move(*read), kDone};
}

Expected<Tokenizer> open_tokenizer(const TokenFlags& flags) {
  const Expected<std::string> path = resolve_model(flags.path, flags.models);
  if (!path) return path.error();
  return Tokenizer::open(*path);
}

int tokenize(const TokenFlags& flags) {
  const Expected<Tokenizer> tokenizer = open_tokenizer(flags);
  if (!tokenizer) return report_error(tokenizer.error().message);
  const Input input = read_input(flags.text, flags.file, "TEXT");
  if (input.exit_code != kDone) return input.exit_code;
  const auto tokens = tokenizer->tokenize(input.text, {.parse_special = flags.special, .add_special = !flags.no_bos});
  if (!tokens) return report_error(tokens.error().message);

  if (flags.json) {
    Json json = {{"schema", kJsonSchema}, {"tokens", *tokens}};
    if (flags.pieces) {
      json["pieces"] = Json::array();
      for (const Token token : *tokens) json["pieces"].push_back(*tokenizer->piece(token));
    }
    return write_result(json_text(json, -1));
  }
  std::string out;
  for (const Token token : *tokens) {
    if (flags.pieces) {
      out += fmt::format("{}\t{}", token, json_text(Json(*tokenizer->piece(token)), -1));
    } else {
      out += fmt::format("{}{}", out.empty() ? "" : " ", token);
    }
  }
  if (!flags.pieces) out += '\n';
  return write_result(out);
}

int detokenize(const TokenFlags& flags) {
  const Expected<Tokenizer> tokenizer = open_tokenizer(flags);
  if (!tokenizer) return report_error(tokenizer.error().message);
  std::optional<std::string> given;
  if (!flags.ids.empty()) given = fmt::format("{}", fmt::join(flags.ids, " "));
  const Input input = read_input(given, flags.file, "IDS");
  if (input.exit_code != kDone) return input.exit_code;

  std::vector<Token> tokens;
  std::istringstream words(input.text);
  for (std::string word; words >> word;) {
    Token token = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), token);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size()) {
      report_error(fmt::format("'{}' is no token id, expected 0 to {}", word.substr(0, 40), tokenizer->n_tokens() - 1));
      return given ? kWrongUsage : kFailed;
    }
    tokens.push_back(token);
  }
  const auto text = tokenizer->detokenize(tokens, flags.special);
  if (!text) return report_error(text.error().message);
  if (flags.json) return write_result(json_text(Json{{"schema", kJsonSchema}, {"text", *text}}, -1));
  return write_result(*text);
}

}  // namespace

Command add_tokenize(CommandLine app) {
  auto flags = std::make_shared<TokenFlags>();
  CommandLine command = app.add_command("tokenize", "Text to token ids");
  add_model_argument(command, flags->path, flags->models,
                     "A GGUF file, one without weights suffices; or a name of ingot models");
  command.add_argument("TEXT", flags->text, "The text");
  command.add_optional("-f,--file", flags->file, "A file with the text; - is standard input");
  const Flag special =
      command.add_switch("--special", flags->special, "Special tokens written in the text become tokens");
  command.add_switch("--no-special", flags->no_special, "Special tokens in the text stay text: the default")
      .excludes(special);
  command.add_switch("--no-bos", flags->no_bos, "Add no BOS, EOS, CLS or SEP");
  command.add_switch("--pieces", flags->pieces, "One line a token: id, tab, its text as a JSON string");
  command.add_switch("--json", flags->json, "Print one JSON document");
  command.footer(kTokenizeExamples);
  return {command, [flags] { return tokenize(*flags); }};
}

Command add_detokenize(CommandLine app) {
  auto flags = std::make_shared<TokenFlags>();
  CommandLine command = app.add_command("detokenize", "Token ids to text");
  add_model_argument(command, flags->path, flags->models,
                     "A GGUF file, one without weights suffices; or a name of ingot models");
  command.add_argument("IDS", flags->ids, "Token ids");
  command.add_optional("-f,--file", flags->file, "A file with the ids; - is standard input");
  command.add_switch("--special", flags->special, "Spell out control tokens too");
  command.add_switch("--json", flags->json, "Print one JSON document");
  command.footer(kDetokenizeExamples);
  return {command, [flags] { return detokenize(*flags); }};
}

}  // namespace ingot::cli
