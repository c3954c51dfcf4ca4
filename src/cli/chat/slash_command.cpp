#include "cli/chat/slash_command.h"

#include <fmt/format.h>

#include <array>

namespace ingot::cli {
namespace {

struct Entry {
  SlashCommand command;
  const char* name;
  const char* argument;
  const char* help;
};

constexpr std::array kEntries{
    Entry{SlashCommand::kHelp, "/help", "", "these lines"},
    Entry{SlashCommand::kSystem, "/system", "[TEXT]", "what the model is told of its part"},
    Entry{SlashCommand::kClear, "/clear", "", "forget the conversation"},
    Entry{SlashCommand::kRetry, "/retry", "", "answer the last message again"},
    Entry{SlashCommand::kUndo, "/undo", "", "take back the /file, or your last message"},
    Entry{SlashCommand::kSave, "/save", "FILE", "keep the conversation in a file"},
    Entry{SlashCommand::kLoad, "/load", "FILE", "go on with one that was saved"},
    Entry{SlashCommand::kSet, "/set", "[NAME VALUE]", "as in /set temp 0; alone: show all"},
    Entry{SlashCommand::kStats, "/stats", "", "time, tokens and memory"},
    Entry{SlashCommand::kFile, "/file", "PATH", "its text goes before your message (+>>)"},
    Entry{SlashCommand::kBye, "/bye", "", "leave; Ctrl-D as well"},
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

SlashLine parse_slash_line(std::string_view line) {
  const size_t end = line.find_first_of(" \t\n");
  SlashLine parsed;
  parsed.name = std::string(line.substr(0, end));
  if (end != std::string_view::npos) parsed.argument = std::string(trimmed(line.substr(end)));
  for (const Entry& entry : kEntries) {
    if (parsed.name == entry.name) parsed.command = entry.command;
  }
  // What people type elsewhere.
  if (parsed.name == "/exit" || parsed.name == "/quit" || parsed.name == "/q") parsed.command = SlashCommand::kBye;
  if (parsed.name == "/?") parsed.command = SlashCommand::kHelp;
  for (const Entry& entry : kEntries) {
    if (parsed.command == entry.command && entry.argument[0] == '\0') parsed.is_too_long = !parsed.argument.empty();
  }
  return parsed;
}

std::string slash_help() {
  std::string text;
  for (const Entry& entry : kEntries) {
    text += fmt::format("  {:<20} {}\n", fmt::format("{} {}", entry.name, entry.argument), entry.help);
  }
  return text +
         "Several lines: end a line with \\, or write \"\"\" before the\n"
         "first and after the last. Ctrl-C stops an answer; at an\n"
         "empty prompt it leaves. To begin a message with a slash,\n"
         "put a space in front.\n";
}

}  // namespace ingot::cli
