// ingot embed: a vector for each text.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "engine/npy_writer.h"
#include "ingot/ingot.h"

namespace ingot::cli {
namespace {

constexpr const char* kEmbedExamples = R"(Examples:
  ingot embed model.gguf -f titles.txt --normalize             one text a line, one vector each, as JSON
  ingot embed model.gguf -p "a single text" --format text      its numbers, separated by spaces
  ingot embed model.gguf -f titles.txt --format npy > e.npy    NumPy's format: float32, (texts, embedding)
  cat doc.txt | ingot embed model.gguf --pool none --format npy > rows.npy

An embedding is the hidden state after the final norm: of the last token, of the first one (cls), the mean of all, or
(none) all of them. Texts are read together, whatever their lengths, and each gives the numbers that it would alone.)";

struct EmbedFlags {
  ModelFlags model;
  std::optional<std::string> file;
  std::optional<std::string> text;
  std::string pool;
  std::string format = "json";
  bool normalize = false;
  bool truncate = false;
};

const std::map<std::string, Pooling> kPoolings = {
    {"last", Pooling::kLast}, {"mean", Pooling::kMean}, {"cls", Pooling::kFirst}, {"none", Pooling::kNone}};

// The lines of a text; an empty last one, after the last newline, is none.
std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t first = 0; first < text.size();) {
    const size_t end = std::min(text.find('\n', first), text.size());
    std::string line = text.substr(first, end - first);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    first = end + 1;
  }
  return lines;
}

Json rows_json(const std::vector<float>& rows, size_t dim, bool nested) {
  if (!nested) return Json(rows);
  Json json = Json::array();
  for (size_t first = 0; first < rows.size(); first += dim) {
    json.push_back(std::vector<float>(rows.begin() + static_cast<ptrdiff_t>(first),
                                      rows.begin() + static_cast<ptrdiff_t>(first + dim)));
  }
  return json;
}

std::string as_json(const EmbedFlags& flags, const ModelInfo& info, Pooling pooling,
                    const std::vector<std::vector<Token>>& tokens, const std::vector<std::vector<float>>& embeddings) {
  Json json = {{"schema", kJsonSchema},         {"model", info.name},
               {"mode", mode_name(info.mode)},  {"pool", pooling_name(pooling)},
               {"normalized", flags.normalize}, {"dim", info.dim},
               {"embeddings", Json::array()}};
  for (size_t idx = 0; idx < embeddings.size(); ++idx) {
    json["embeddings"].push_back(
        {{"index", idx},
         {"tokens", tokens[idx].size()},
         {"embedding", rows_json(embeddings[idx], static_cast<size_t>(info.dim), pooling == Pooling::kNone)}});
  }
  return json_text(json, -1);
}

// A line for each row, nine digits: enough to give back every float.
std::string as_text(const ModelInfo& info, const std::vector<std::vector<float>>& embeddings) {
  std::string text;
  for (const std::vector<float>& rows : embeddings) {
    for (size_t n = 0; n < rows.size(); ++n) {
      text += fmt::format("{:.9g}{}", rows[n], (n + 1) % static_cast<size_t>(info.dim) == 0 ? '\n' : ' ');
    }
  }
  return text;
}

std::string as_npy(const ModelInfo& info, const std::vector<std::vector<float>>& embeddings) {
  size_t n_values = 0;
  for (const std::vector<float>& rows : embeddings) n_values += rows.size();
  std::string bytes = core::npy_header(static_cast<int64_t>(n_values) / info.dim, info.dim);
  for (const std::vector<float>& rows : embeddings) {
    bytes.append(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(float));
  }
  return bytes;
}

// The first tokens, and the one that the vocabulary puts at a text's end.
void truncate(const Tokenizer& tokenizer, size_t n_tokens, std::vector<Token>& tokens) {
  const Token last = tokens.back();
  tokens.resize(n_tokens);
  if (last == tokenizer.eos()) tokens.back() = last;
}

// Errors name the line.
Expected<std::vector<std::vector<Token>>> tokenize_lines(const Model& model, const std::vector<std::string>& lines,
                                                         bool may_truncate) {
  std::vector<std::vector<Token>> sequences;
  for (const std::string& line : lines) {
    const std::string place = lines.size() == 1 ? "the text" : fmt::format("line {}", sequences.size() + 1);
    if (line.empty()) return Error{ErrorCode::kInvalidInput, fmt::format("{} is empty: it has no embedding", place)};
    Expected<std::vector<Token>> tokens =
        model.tokenizer().tokenize(line, {.parse_special = false, .add_special = true});
    if (!tokens) return tokens.error();
    const auto n_tokens = static_cast<int64_t>(tokens->size());
    if (n_tokens > model.info().context && may_truncate) {
      say(fmt::format("{} is cut from {} tokens to the {} of the context", place, n_tokens, model.info().context));
      truncate(model.tokenizer(), static_cast<size_t>(model.info().context), *tokens);
    } else if (n_tokens > model.info().context) {
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("{} has {} tokens, but the context holds {} (--truncate cuts it)", place, n_tokens,
                               model.info().context)};
    }
    sequences.push_back(std::move(*tokens));
  }
  return sequences;
}

int embed(const EmbedFlags& flags) {
  if (flags.text && flags.file) {
    report_error("-p and -f exclude each other");
    return kWrongUsage;
  }
  if (!flags.text && !flags.file && stdin_is_terminal()) {
    report_error("no text: give -p TEXT, -f FILE with one text a line, or write to standard input");
    return kWrongUsage;
  }
  if (flags.format == "npy" && stdout_is_terminal()) {
    report_error("--format npy is not for a terminal: redirect it to a file");
    return kWrongUsage;
  }
  std::vector<std::string> lines;
  if (flags.text) {
    lines.push_back(*flags.text);
  } else {
    const Expected<std::string> text = read_file(flags.file.value_or("-"));
    if (!text) return report_error(text.error().message);
    lines = split_lines(*text);
    if (lines.empty()) return report_error("there is no text: expected one a line");
  }
  const Expected<Model> model = open_model(flags.model);
  if (!model) return report_error(model.error().message);
  const auto tokens = tokenize_lines(*model, lines, flags.truncate);
  if (!tokens) return report_error(tokens.error().message);

  Progress progress("reading texts");
  EmbedOptions options;
  const Pooling pooling = flags.pool.empty() ? model->info().pooling : kPoolings.at(flags.pool);
  options.pooling = pooling;
  options.normalize = flags.normalize;
  options.on_progress = [&progress](int64_t n_done, int64_t n_total) {
    progress.show(fmt::format("{} of {} tokens", n_done, n_total));
  };
  const InterruptScope interrupt(options.cancel);
  const auto embeddings = model->embed_batch(*tokens, options);
  progress.clear();
  if (!embeddings && embeddings.error().code == ErrorCode::kCancelled) return kInterrupted;
  if (!embeddings) return report_error(embeddings.error().message);
  if (flags.format == "npy") return write_result(as_npy(model->info(), *embeddings));
  if (flags.format == "text") return write_result(as_text(model->info(), *embeddings));
  return write_result(as_json(flags, model->info(), pooling, *tokens, *embeddings));
}

}  // namespace

Command add_embed(CommandLine app) {
  auto flags = std::make_shared<EmbedFlags>();
  CommandLine command = app.add_command("embed", "Texts to vectors");
  add_model_flags(command, flags->model,
                  "Most tokens of a text; without it the model's, or what half of the free memory holds");
  command.add_optional("-p,--prompt", flags->text, "A single text");
  command.add_optional("-f,--file", flags->file, "A file with one text a line; - is standard input");
  command
      .add_optional("--pool", flags->pool,
                    "Which hidden states: last, mean, cls or none (all); without it what the model "
                    "says, or last")
      .choices({"last", "mean", "cls", "none"});
  command.add_switch("--normalize", flags->normalize, "Bring each vector to length 1");
  command.add_value("--format", flags->format, "json, npy or text").choices({"json", "npy", "text"});
  command.add_switch("--truncate", flags->truncate,
                     "Cut texts that the context does not hold, and say so; without it they are an error");
  command.footer(kEmbedExamples);
  return {command, [flags] { return embed(*flags); }};
}

}  // namespace ingot::cli
