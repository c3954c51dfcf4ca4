#include "cli/completion_scripts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace ingot::cli {
namespace {

// What bash and zsh share: two functions of tables. The first tells of a command its subcommands, its flags, which of
// them take a word, and the kinds of its arguments; the second what a flag's word is.
//
// The words go to variables of the caller, which both shells let a function set.

const char* kind_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::kChoice:
      return "choice";
    case ValueKind::kFile:
      return "file";
    case ValueKind::kFolder:
      return "folder";
    case ValueKind::kModel:
      return "model";
    case ValueKind::kText:
    case ValueKind::kNone:
      break;
  }
  return "text";
}

std::string sh_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) out += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return out + "'";
}

void add_command_case(const CompletionCommand& command, std::string& out) {
  std::vector<std::string> below;
  std::vector<std::string> flags;
  std::vector<std::string> valued;
  std::vector<std::string> positionals;
  for (const CompletionCommand& subcommand : command.commands) below.push_back(subcommand.name);
  for (const CompletionFlag& flag : command.flags) {
    flags.insert(flags.end(), flag.names.begin(), flag.names.end());
    if (flag.value != ValueKind::kNone) valued.insert(valued.end(), flag.names.begin(), flag.names.end());
  }
  for (const CompletionArgument& argument : command.arguments) positionals.emplace_back(kind_name(argument.value));
  out += fmt::format("    {}) commands={} flags={} valued={} arguments={} repeats={} ;;\n", sh_quoted(command.words),
                     sh_quoted(fmt::format("{}", fmt::join(below, " "))),
                     sh_quoted(fmt::format("{}", fmt::join(flags, " "))),
                     sh_quoted(fmt::format("{}", fmt::join(valued, " "))),
                     sh_quoted(fmt::format("{}", fmt::join(positionals, " "))), command.last_repeats ? "yes" : "''");
  for (const CompletionCommand& subcommand : command.commands) add_command_case(subcommand, out);
}

void add_value_cases(const CompletionCommand& command, std::string& out) {
  for (const CompletionFlag& flag : command.flags) {
    if (flag.value == ValueKind::kNone || flag.value == ValueKind::kText) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : flag.names) patterns.push_back(sh_quoted(command.words + " " + name));
    out += fmt::format("    {}) kind={} choices={} ;;\n", fmt::join(patterns, "|"), kind_name(flag.value),
                       sh_quoted(fmt::format("{}", fmt::join(flag.choices, " "))));
  }
  for (size_t index = 0; index < command.arguments.size(); ++index) {
    const CompletionArgument& argument = command.arguments[index];
    if (argument.value != ValueKind::kChoice) continue;
    out += fmt::format("    {}) kind=choice choices={} ;;\n", sh_quoted(fmt::format("{} {}", command.words, index)),
                       sh_quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
  }
  for (const CompletionCommand& subcommand : command.commands) add_value_cases(subcommand, out);
}

std::string tables(const CompletionCommand& program) {
  std::string out = "_ingot_command() {\n  commands='' flags='' valued='' arguments='' repeats=''\n  case $1 in\n";
  add_command_case(program, out);
  out += "  esac\n}\n\n_ingot_value() {\n  kind=text choices=''\n  case \"$1 $2\" in\n";
  add_value_cases(program, out);
  return out + "  esac\n}\n";
}

constexpr std::string_view kBash = R"SH(
# Adds those of its arguments that begin with what was typed. No compgen -W: it would expand them.
_ingot_offer() {
  local word
  for word in "$@"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
  done
}

# Files: all of them (file), folders, or folders and GGUF files (model).
_ingot_offer_files() {
  local file typed=$cur
  [[ $typed == '~/'* ]] && typed=$HOME${typed:1}
  while IFS= read -r file; do
    [[ $1 == file || -d $file || ($1 == model && $file == *.[gG][gG][uU][fF]) ]] && COMPREPLY+=("$prefix$file")
  done < <(compgen -f -- "$typed")
  compopt -o filenames 2>/dev/null
}

_ingot_offer_kind() {
  local names name
  case $1 in
    choice) _ingot_offer $choices ;;
    file | folder) _ingot_offer_files "$1" ;;
    model)
      if [[ $cur != */* && $cur != '~'* ]]; then
        names=()
        while IFS= read -r name; do names+=("$name"); done < <(
          [[ -n $models ]] && export INGOT_MODELS=$models
          "$program" models list --names 2>/dev/null </dev/null)
        _ingot_offer "${names[@]}"
      fi
      # Beside names files would be quoted like files, colons too.
      [[ ${#COMPREPLY[@]} -eq 0 ]] && _ingot_offer_files model
      ;;
  esac
}

_ingot() {
  local IFS=$' \t\n'
  local words=() word i glue='' program=${COMP_WORDS[0]} models=''
  [[ $program == '~/'* ]] && program=$HOME${program:1}
  # bash splits at "=" and ":", which belong to our words.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $i -eq COMP_CWORD && -z $word && ${COMP_LINE:COMP_POINT-1:1} == ' ' ]]; then
      glue=''
    fi
    if [[ $i -gt 0 && $word =~ ^[:=]+$ ]]; then
      words[${#words[@]} - 1]+=$word
      glue=yes
    elif [[ -n $glue ]]; then
      words[${#words[@]} - 1]+=$word
      glue=''
    else
      words+=("$word")
    fi
  done

  local command=ingot commands flags valued arguments repeats kind choices pending='' n_given=0
  _ingot_command "$command"
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    if [[ -n $pending ]]; then
      [[ $pending == --models ]] && models=$word
      pending=''
    elif [[ $word == --models=* ]]; then
      models=${word#*=}
    elif [[ $word == -?* ]]; then
      [[ " $valued " == *" $word "* ]] && pending=$word
    elif [[ $n_given -eq 0 && " $commands " == *" $word "* ]]; then
      command+=" $word"
      _ingot_command "$command"
    else
      n_given=$((n_given + 1))
    fi
  done

  local cur=${words[${#words[@]} - 1]} prefix='' argument kinds=()
  COMPREPLY=()
  if [[ -n $pending ]]; then
    _ingot_value "$command" "$pending"
    _ingot_offer_kind "$kind"
  elif [[ $cur == --*=* ]]; then
    prefix=${cur%%=*}=
    cur=${cur#*=}
    _ingot_value "$command" "${prefix%=}"
    _ingot_offer_kind "$kind"
  elif [[ $cur == -* ]]; then
    _ingot_offer $flags
  else
    [[ $n_given -eq 0 ]] && _ingot_offer $commands
    kinds=($arguments)
    [[ -n $repeats && $n_given -ge ${#kinds[@]} ]] && n_given=$((${#kinds[@]} - 1))
    kind=${kinds[n_given]-}
    [[ $kind == choice ]] && _ingot_value "$command" "$n_given"
    _ingot_offer_kind "$kind"
  fi

  # What stands before the last place where bash splits is there already.
  local typed=$prefix$cur mark part cut=''
  for mark in : =; do
    if [[ ${COMP_WORDBREAKS-} == *"$mark"* && $typed == *"$mark"* ]]; then
      part=${typed%"${typed##*"$mark"}"}
      [[ ${#part} -gt ${#cut} ]] && cut=$part
    fi
  done
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$cut"}; done
  return 0
}

complete -F _ingot ingot
)SH";

constexpr std::string_view kZsh = R"SH(
_ingot_offer_kind() {
  local -a names
  case $1 in
    choice) compadd -- ${=choices} ;;
    file) _files ;;
    folder) _files -/ ;;
    model)
      names=(${(f)"$(
        [[ -n $models ]] && export INGOT_MODELS=$models
        ${~program} models list --names 2>/dev/null </dev/null)"})
      compadd -- $names
      _files -g '*.(#i)gguf'
      ;;
  esac
}

_ingot() {
  local word program=$words[1] models='' command=ingot pending='' kind choices
  local commands flags valued arguments repeats
  local -i i n_given=0
  local -a kinds described
  _ingot_command $command
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $pending ]]; then
      [[ $pending == --models ]] && models=$word
      pending=''
    elif [[ $word == --models=* ]]; then
      models=${word#*=}
    elif [[ $word == -?* ]]; then
      [[ " $valued " == *" $word "* ]] && pending=$word
    elif [[ $n_given -eq 0 && " $commands " == *" $word "* ]]; then
      command+=" $word"
      _ingot_command $command
    else
      n_given+=1
    fi
  done

  word=$words[CURRENT]
  if [[ -n $pending ]]; then
    _ingot_value $command $pending
    _ingot_offer_kind $kind
  elif [[ $word == --*=* ]]; then
    _ingot_value $command ${word%%=*}
    compset -P '*='
    _ingot_offer_kind $kind
  elif [[ $word == -* ]]; then
    _ingot_describe $command
    _describe -o flag described
  else
    if [[ $n_given -eq 0 && -n $commands ]]; then
      _ingot_describe_commands $command
      _describe command described
    fi
    kinds=(${=arguments})
    [[ -n $repeats && $n_given -ge $#kinds ]] && n_given=$(($#kinds - 1))
    kind=${kinds[n_given + 1]-}
    [[ $kind == choice ]] && _ingot_value $command $n_given
    _ingot_offer_kind "$kind"
  fi
}

# As a file of fpath this is the function's body; sourced, it has to announce itself.
if [[ ${funcstack[1]-} == _ingot ]]; then
  _ingot "$@"
else
  compdef _ingot ingot
fi
)SH";

// name:help pairs, for _describe.
void add_zsh_descriptions(const CompletionCommand& command, bool of_commands, std::string& out) {
  std::string items;
  if (of_commands) {
    for (const CompletionCommand& below : command.commands) items += " " + sh_quoted(below.name + ":" + below.help);
  } else {
    for (const CompletionFlag& flag : command.flags) {
      for (const std::string& name : flag.names) items += " " + sh_quoted(name + ":" + flag.help);
    }
  }
  if (!items.empty()) out += fmt::format("    {}) described=({}) ;;\n", sh_quoted(command.words), items.substr(1));
  for (const CompletionCommand& below : command.commands) add_zsh_descriptions(below, of_commands, out);
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + "'";
}

constexpr std::string_view kFish = R"SH(
# True where the words before the cursor lead to this command.
function __ingot_at
    set -l words (commandline -opc)
    set -l command ingot
    for word in $words[2..-1]
        string match -q -- '-*' $word; and continue
        contains -- $word (__ingot_commands $command); or break
        set command "$command $word"
    end
    test "$command" = "$argv[1]"
end

function __ingot_models
    ingot models list --names 2>/dev/null </dev/null
    __fish_complete_suffix .gguf
end

complete -c ingot -f
)SH";

void add_fish_commands(const CompletionCommand& command, std::string& out) {
  if (!command.commands.empty()) {
    std::vector<std::string> names;
    for (const CompletionCommand& below : command.commands) names.push_back(below.name);
    out += fmt::format("        case {}\n            printf '%s\\n' {}\n", fish_quoted(command.words),
                       fmt::join(names, " "));
  }
  for (const CompletionCommand& below : command.commands) add_fish_commands(below, out);
}

std::string fish_value(const CompletionFlag& flag) {
  switch (flag.value) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kText:
      return " -x";
    case ValueKind::kChoice:
      return fmt::format(" -x -a {}", fish_quoted(fmt::format("{}", fmt::join(flag.choices, " "))));
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kModel:
      return " -x -a '(__ingot_models)'";
  }
  return "";
}

void add_fish_lines(const CompletionCommand& command, std::string& out) {
  const std::string here =
      fmt::format("complete -c ingot -n {}", fish_quoted(fmt::format("__ingot_at \"{}\"", command.words)));
  for (const CompletionCommand& below : command.commands) {
    out += fmt::format("{} -a {} -d {}\n", here, below.name, fish_quoted(below.help));
  }
  for (const CompletionFlag& flag : command.flags) {
    std::string names;
    for (const std::string& name : flag.names) {
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    out += fmt::format("{}{}{} -d {}\n", here, names, fish_value(flag), fish_quoted(flag.help));
  }
  // fish completes every argument alike: a model where there is one, else files.
  bool models = false;
  bool files = false;
  for (const CompletionArgument& argument : command.arguments) {
    models = models || argument.value == ValueKind::kModel;
    files = files || argument.value == ValueKind::kFile;
    if (argument.value == ValueKind::kChoice) {
      out += fmt::format("{} -a {}\n", here, fish_quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
    }
  }
  if (models) out += here + " -a '(__ingot_models)'\n";
  if (files) out += here + " -F\n";
  for (const CompletionCommand& below : command.commands) add_fish_lines(below, out);
}

}  // namespace

std::string bash_completion(const CompletionCommand& program) {
  return "# bash completion of ingot, made by: ingot completion bash\n\n" + tables(program) + std::string(kBash);
}

std::string zsh_completion(const CompletionCommand& program) {
  std::string out = "#compdef ingot\n# zsh completion of ingot, made by: ingot completion zsh\n\n" + tables(program);
  out += "\n_ingot_describe() {\n  described=()\n  case $1 in\n";
  add_zsh_descriptions(program, /*of_commands=*/false, out);
  out += "  esac\n}\n\n_ingot_describe_commands() {\n  described=()\n  case $1 in\n";
  add_zsh_descriptions(program, /*of_commands=*/true, out);
  return out + "  esac\n}\n" + std::string(kZsh);
}

std::string fish_completion(const CompletionCommand& program) {
  std::string out =
      "# fish completion of ingot, made by: ingot completion fish\n\nfunction __ingot_commands\n    switch $argv[1]\n";
  add_fish_commands(program, out);
  out += "    end\nend\n" + std::string(kFish) + "\n";
  add_fish_lines(program, out);
  return out;
}

}  // namespace ingot::cli
