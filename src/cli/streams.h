// The three standard streams: results go to stdout, all else to stderr, prompts may come from stdin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/expected.h"

namespace ingot::cli {

// Unbuffered, so that a reader sees a token when it is there.
class ResultStream {
 public:
  // False once nothing more can be written: the reader closed the pipe, or an error.
  bool write(std::string_view text);
  bool broken() const { return error_ != 0; }
  // kDone if all was written or the reader left, else kFailed, having said why.
  int exit_code() const;

 private:
  int error_ = 0;  // errno of the write that failed
};

// Writes one whole result and gives the exit code.
int write_result(std::string_view text);

// One line on stderr: "ingot: error: ...". Gives kFailed.
int report_error(std::string_view message);
// "ingot: ..." on stderr.
void say(std::string_view message);

bool stdout_is_terminal();
bool stderr_is_terminal();
bool stdin_is_terminal();
// Columns of the window behind stdout; 0 where there is none, or it does not say.
int stdout_columns();

// Whether a file can be made or written there, to be asked before hours of work: an error names the path.
Status check_writable(const std::string& path);

// All of standard input. Says after a second of silence that it is waiting.
Expected<std::string> read_stdin();
// A regular file, or a pipe such as the shell's <(...). "-" is standard input.
Expected<std::string> read_file(const std::string& path);

// The prompt from its parts, by the rules of the command line: files in order, then standard input where it counts,
// then text. given_text: -p was there, even if empty.
struct PromptParts {
  std::vector<std::string> files;
  bool given_text = false;
  std::string text;
};
// An error of code kUnsupported stands for wrong usage: there is no prompt at all.
Expected<std::string> read_prompt(const PromptParts& parts);

}  // namespace ingot::cli
