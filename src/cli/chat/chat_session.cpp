#include "cli/chat/chat_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "cli/chat/chat_settings.h"
#include "cli/chat/line_editor.h"
#include "cli/chat/reply_view.h"
#include "cli/chat/slash_command.h"
#include "cli/delta_text.h"
#include "cli/exit_codes.h"
#include "cli/generation_speed.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/streams.h"

namespace ingot::cli {
namespace {

// ${XDG_STATE_HOME:-~/.local/state}/ingot/history, its folder made; empty where there is no home. INGOT_HISTORY names
// another file, or, empty, none.
std::string history_path() {
  if (const char* given = std::getenv("INGOT_HISTORY")) return given;
  std::filesystem::path folder;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && state[0] == '/') {
    folder = state;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    folder = std::filesystem::path(home) / ".local" / "state";
  } else {
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(folder / "ingot", error);
  return error ? std::string() : (folder / "ingot" / "history").string();
}

// Larger ones are models and the like, and not to be read for an answer.
constexpr uintmax_t kMostConversationBytes = uintmax_t{256} << 20;

bool holds_conversation(const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kMostConversationBytes) return false;
  const Expected<std::string> text = read_file(path);
  const Json json = text ? Json::parse(*text, nullptr, /*allow_exceptions=*/false) : Json();
  return json.is_object() && json.contains("schema") && json.contains("messages");
}

class ChatSession {
 public:
  ChatSession(const Model& model, Conversation conversation, ChatSettings settings)
      : model_(model),
        conversation_(std::move(conversation)),
        settings_(std::move(settings)),
        style_(Style::detect(stdout_is_terminal())) {}

  int run() {
    editor_ = LineEditor::open(history_path());
    if (editor_ == nullptr) return report_error("this terminal cannot be edited on: use -p, -f or a pipe");
    greet();
    const StayScope stay;
    while (true) {
      const LineEditor::Input message = read_message();
      if (message.event == LineEditor::Event::kInterrupt) {
        out_.write("\n");
        return kInterrupted;
      }
      if (message.event == LineEditor::Event::kEnd) {
        out_.write("\n");
        return out_.exit_code();
      }
      if (message.text.find_first_not_of(" \t\n") == std::string::npos) continue;
      editor_->remember(message.text);
      if (message.text[0] == '/') {
        const SlashLine line = parse_slash_line(message.text);
        if (!line.command || line.is_too_long) {
          refuse(line);
        } else if (line.command == SlashCommand::kBye) {
          return out_.exit_code();
        } else {
          obey(*line.command, line.argument);
        }
      } else {
        send(message.text);
      }
      if (out_.broken()) return out_.exit_code();
    }
  }

 private:
  void greet() {
    const ModelInfo& info = model_.info();
    const std::string name = info.name.empty() ? info.architecture : info.name;
    notice(style_.dim, fmt::format("{}, context {} tokens; /help says more\n", name, info.context));
  }

  std::string prompt_text(std::string_view prompt) const {
    // The editor must know what takes no room on the line.
    const auto hidden = [](const std::string& escape) { return escape.empty() ? escape : "\001" + escape + "\001"; };
    return hidden(style_.prompt) + std::string(prompt) + hidden(style_.reset);
  }

  // A message of one line, of several that end with a backslash, or of those between lines of """.
  LineEditor::Input read_message() {
    constexpr std::string_view kQuotes = "\"\"\"";
    LineEditor::Input first = editor_->read(prompt_text(attached_.empty() ? ">>> " : "+>> "));
    if (first.event != LineEditor::Event::kLine) return first;
    std::string text = std::move(first.text);
    const bool quoted = text.starts_with(kQuotes);
    if (quoted) text.erase(0, kQuotes.size());
    const auto is_open = [&] { return quoted ? !text.ends_with(kQuotes) : text.ends_with('\\'); };
    while (is_open()) {
      LineEditor::Input next = editor_->read(prompt_text("... "));
      // Given up halfway: nothing is sent.
      if (next.event == LineEditor::Event::kInterrupt) return {LineEditor::Event::kLine, {}};
      if (next.event == LineEditor::Event::kEnd) break;
      if (!quoted) text.pop_back();
      text += "\n" + next.text;
    }
    if (quoted && text.ends_with(kQuotes)) text.resize(text.size() - kQuotes.size());
    if (quoted && text.starts_with("\n")) text.erase(0, 1);
    return {LineEditor::Event::kLine, std::move(text)};
  }

  void send(const std::string& text) {
    conversation_.add({.role = "user", .content = attached_ + text});
    if (answer()) {
      attached_.clear();
    } else {
      // It would stand in the way of every message after it.
      conversation_.undo();
      notice(style_.dim, "The message was not sent.\n");
    }
  }

  void retry() {
    const std::span<const ChatMessage> messages = conversation_.messages();
    const ChatMessage before = messages.empty() ? ChatMessage() : messages.back();
    if (!conversation_.drop_reply()) return notice(style_.error, "There is no answer yet.\n");
    if (answer()) return;
    conversation_.add(before);
    notice(style_.dim, "The answer before stays.\n");
  }

  // False: there is none, and why was said.
  bool answer() {
    ReplyView view(
        style_, [this](std::string_view text) { return out_.write(text); }, stdout_columns);
    Progress progress("reading");
    ReplyOptions options;
    options.generate = settings_.generate;
    options.generate.sampling = settings_.sampling.sampling();
    options.generate.cancel = CancelToken();
    options.generate.on_prompt_progress = [&](int64_t n_done, int64_t n_total) {
      progress.show(fmt::format("{} of {} new tokens", n_done, n_total));
    };
    options.on_delta = [&](const ChatDelta& delta) {
      progress.clear();
      return show_delta(delta, view);
    };
    Expected<Reply> reply = [&] {
      const InterruptScope interrupt(options.generate.cancel);
      return conversation_.reply(options);
    }();
    progress.clear();
    view.finish();
    if (!reply) {
      notice(style_.error, reply.error().message + "\n");
      return false;
    }
    const GenerateResult& result = reply->result;
    if (result.finish == Finish::kInterrupted) {
      notice(style_.dim, "(stopped)\n");
      if (result.tokens.empty()) return false;
    }
    if (result.finish == Finish::kLength) notice(style_.dim, "(cut: -n is the most tokens of an answer)\n");
    if (result.finish == Finish::kContext) {
      notice(style_.error,
             fmt::format("The context of {} tokens is full: /undo or /clear makes room, -c a larger one.\n",
                         model_.info().context));
    }
    last_ = result;
    ++n_answers_;
    if (settings_.show_timings) notice(style_.dim, timings(result) + "\n");
    return true;
  }

  static bool show_delta(const ChatDelta& delta, ReplyView& view) {
    const bool reasons = delta.kind == ChatDeltaKind::kReasoning;
    return view.push(delta_text(delta), reasons ? ReplyView::Kind::kReasoning : ReplyView::Kind::kAnswer);
  }

  std::string timings(const GenerateResult& result) const {
    return fmt::format("[{} of {} tokens read, first after {:.0f} ms; {} written at {:.1f} tok/s]", n_read(result),
                       result.n_prompt_tokens, result.first_token_ms, result.tokens.size(), decode_speed(result));
  }

  void refuse(const SlashLine& line) {
    notice(style_.error,
           line.command
               ? fmt::format("{} takes nothing behind it.\n", line.name)
               : fmt::format("{} is no command. /help lists them; put a space in front to say it.\n", line.name));
  }

  void obey(SlashCommand command, const std::string& argument) {
    switch (command) {
      case SlashCommand::kHelp:
        return show(slash_help());
      case SlashCommand::kSystem:
        return set_system(argument);
      case SlashCommand::kClear:
        conversation_.clear();
        attached_.clear();
        last_.reset();
        return notice(style_.dim, "The conversation is empty again.\n");
      case SlashCommand::kRetry:
        return retry();
      case SlashCommand::kUndo:
        return undo();
      case SlashCommand::kSave:
        return save(argument);
      case SlashCommand::kLoad:
        return load(argument);
      case SlashCommand::kSet:
        return set(argument);
      case SlashCommand::kStats:
        return notice({}, stats());
      case SlashCommand::kFile:
        return attach(argument);
      case SlashCommand::kBye:
        return;  // run() has left
    }
  }

  void set_system(const std::string& text) {
    if (text.empty()) {
      const std::string& system = conversation_.system();
      return notice(style_.dim, system.empty() ? "There is no system text.\n" : system + "\n");
    }
    conversation_.set_system(text);
    notice(style_.dim, conversation_.messages().empty() ? "Set.\n" : "Set; the conversation is read again with it.\n");
  }

  void undo() {
    if (!attached_.empty()) {
      attached_.clear();
      return notice(style_.dim, "No file goes in front of your next message any more.\n");
    }
    if (!conversation_.undo()) return notice(style_.error, "There is no message to take back.\n");
    const size_t n_messages = conversation_.messages().size();
    notice(style_.dim, fmt::format("Taken back; {} message{} left.\n", n_messages, n_messages == 1 ? " is" : "s are"));
  }

  void save(const std::string& path) {
    if (path.empty()) return notice(style_.error, "/save wants a file: /save talk.json\n");
    if (std::error_code error; std::filesystem::is_regular_file(path, error) && !holds_conversation(path)) {
      return notice(style_.error, fmt::format("{} is there and holds no conversation: it stays as it is.\n", path));
    }
    if (const Status saved = conversation_.save(path); !saved) {
      return notice(style_.error, saved.error().message + "\n");
    }
    notice(style_.dim,
           fmt::format("Written to {}, and what was read to {}.state; both tell what was said.\n", path, path));
  }

  void load(const std::string& path) {
    if (path.empty()) return notice(style_.error, "/load wants a file: /load talk.json\n");
    const auto loaded = conversation_.load(path);
    if (!loaded) return notice(style_.error, loaded.error().message + "\n");
    last_.reset();
    notice(style_.dim, fmt::format("{} messages{}.\n", loaded->n_messages,
                                   loaded->unread_reason.empty()
                                       ? ", nothing to read again"
                                       : ", which the next answer reads again: " + loaded->unread_reason));
  }

  void set(const std::string& argument) {
    const Expected<std::string> done = change_setting(argument, settings_);
    if (!done) return notice(style_.error, done.error().message + "\n");
    if (argument.empty()) return show(*done + "\n");
    notice(style_.dim, *done + "\n");
  }

  std::string stats() const {
    const ModelInfo& info = model_.info();
    constexpr double kMebi = 1024.0 * 1024.0;
    std::string text = fmt::format("context: {} of {} tokens; {} answer{} in this session\n", conversation_.length(),
                                   info.context, n_answers_, n_answers_ == 1 ? "" : "s");
    if (last_) {
      text += fmt::format("last answer: {} tokens of the prompt were known, {} read at {:.0f} tok/s\n",
                          last_->n_cached_tokens, n_read(*last_), prefill_speed(*last_));
      text += "             " + timings(*last_) + "\n";
    }
    text += fmt::format("memory: weights {:.0f} MiB", static_cast<double>(info.weights_bytes) / kMebi);
    if (info.kv_bytes_per_token > 0) {
      text += fmt::format(", keys and values {:.1f} MiB",
                          static_cast<double>(info.kv_bytes_per_token * conversation_.length()) / kMebi);
    }
    if (info.state_bytes > 0) text += fmt::format(", state {:.1f} MiB", static_cast<double>(info.state_bytes) / kMebi);
    return text + fmt::format("\nmodel loaded in {:.0f} ms; {} mode, {} kernels, {} threads\n", info.load_ms,
                              mode_name(info.mode), info.kernels, info.threads);
  }

  void attach(const std::string& path) {
    if (path.empty()) return notice(style_.error, "/file wants a path: /file notes.txt\n");
    const Expected<std::string> text = read_file(path);
    if (!text) return notice(style_.error, text.error().message + "\n");
    const auto tokens = model_.tokenizer().tokenize(*text, {.parse_special = false, .add_special = false});
    if (!tokens) return notice(style_.error, tokens.error().message + "\n");
    attached_ += *text;
    if (!attached_.empty() && attached_.back() != '\n') attached_ += '\n';
    notice(style_.dim, fmt::format("{}: {} tokens, in front of your next message.\n", path, tokens->size()));
  }

  void show(std::string_view text) { out_.write(text); }

  // Sentences, broken between words. Ends in a newline.
  void notice(const std::string& style, std::string_view text) {
    std::string lines;
    ReplyView view(
        {},
        [&lines](std::string_view piece) {
          lines += piece;
          return true;
        },
        stdout_columns);
    view.push(text);
    view.finish();
    // The reset before the last newline, so that a terminal paints no background beyond.
    if (lines.ends_with('\n')) lines.pop_back();
    out_.write(style + lines + style_.reset + "\n");
  }

  const Model& model_;
  Conversation conversation_;
  ChatSettings settings_;
  Style style_;
  ResultStream out_;
  std::unique_ptr<LineEditor> editor_;
  std::string attached_;  // files that go in front of the next message
  std::optional<GenerateResult> last_;
  int64_t n_answers_ = 0;
};

}  // namespace

int run_chat(const Model& model, Conversation conversation, ChatSettings settings) {
  return ChatSession(model, std::move(conversation), std::move(settings)).run();
}

}  // namespace ingot::cli
