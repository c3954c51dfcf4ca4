// ingot completion: a script for a shell.
#include <memory>

#include "cli/commands.h"
#include "cli/completion_scripts.h"
#include "cli/exit_codes.h"
#include "cli/streams.h"

namespace ingot::cli {
namespace {

constexpr const char* kCompletionExamples = R"(Examples:
  source <(ingot completion bash)                      in ~/.bashrc
  source <(ingot completion zsh)                       in ~/.zshrc, after compinit
  ingot completion fish | source                       in ~/.config/fish/config.fish
  ingot completion bash > ~/.local/share/bash-completion/completions/ingot

TAB then completes commands, flags, their values, files, and the names of models. cmake --install puts the scripts into
the folders in which each shell looks by itself.)";

}  // namespace

Command add_completion(CommandLine app) {
  auto shell = std::make_shared<std::string>();
  CommandLine command = app.add_command("completion", "A script with which a shell completes command lines");
  command.add_argument("SHELL", *shell, "bash, zsh or fish").required().choices({"bash", "zsh", "fish"});
  command.footer(kCompletionExamples);
  return {command, [shell, app] {
            const CompletionCommand program = completion_tree(app);
            if (*shell == "bash") return write_result(bash_completion(program));
            return write_result(*shell == "zsh" ? zsh_completion(program) : fish_completion(program));
          }};
}

}  // namespace ingot::cli
