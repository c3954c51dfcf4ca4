#include "cli/chat/line_editor.h"

#include <fmt/format.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal_text.h"

namespace ingot::cli {
namespace {

constexpr int kHistoryLines = 1000;
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";
// A person's clipboard; what is beyond would only be a mistake, and a model's context ends long before.
constexpr size_t kMostPasted = size_t{16} << 20;

void write_terminal(std::string_view text) {
  [[maybe_unused]] const auto n_written = write(STDOUT_FILENO, text.data(), text.size());
}

}  // namespace

struct LineEditor::Impl {
  EditLine* editor = nullptr;
  HistoryW* history = nullptr;
  std::string history_path;
  std::wstring prompt;
  bool interrupted = false;
  std::vector<std::wstring> pastes;  // the n-th stands in a line as its placeholder
  std::vector<std::wstring> placeholders;

  ~Impl() {
    if (editor != nullptr) el_end(editor);
    if (history != nullptr) history_wend(history);
  }

  static Impl& of(EditLine* editor) {
    void* self = nullptr;
    el_wget(editor, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }

  static wchar_t* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  static unsigned char on_interrupt(EditLine* editor, wint_t) {
    const LineInfoW* line = el_wline(editor);
    if (line->lastchar == line->buffer) {
      of(editor).interrupted = true;
      return CC_EOF;
    }
    // Like a shell: what was typed stays on the screen, a new line begins.
    write_terminal("^C\n");
    el_wdeletestr(editor, 0);
    el_wset(editor, EL_REFRESH);
    const auto n_chars = static_cast<int>(line->lastchar - line->buffer);
    el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
    el_wdeletestr(editor, n_chars);
    return CC_REDISPLAY;
  }

  static unsigned char on_suspend(EditLine* editor, wint_t) {
    el_wset(editor, EL_PREP_TERM, 0);
    write_terminal("\n");
    std::raise(SIGTSTP);
    el_wset(editor, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
  }

  // Everything up to the end of the pasted text.
  static unsigned char on_paste(EditLine* editor, wint_t) {
    std::wstring text;
    wchar_t next = 0;
    while (text.size() < kMostPasted && el_wgetc(editor, &next) == 1) {
      text += next == L'\r' ? L'\n' : next;
      if (text.ends_with(kPasteEnd)) {
        text.resize(text.size() - kPasteEnd.size());
        break;
      }
    }
    return of(editor).insert_paste(std::move(text));
  }

  unsigned char insert_paste(std::wstring text) {
    while (!text.empty() && text.back() == L'\n') text.pop_back();
    if (text.empty()) return CC_REFRESH;
    const auto n_breaks = std::count(text.begin(), text.end(), L'\n');
    // The editor's own buffer is made for lines, not for documents.
    constexpr size_t kLongLine = 2000;
    std::wstring shown = text;
    if (n_breaks > 0 || text.size() > kLongLine) {
      shown = to_wide(fmt::format("[paste {}: {} line{}]", pastes.size() + 1, n_breaks + 1, n_breaks > 0 ? "s" : ""));
      pastes.push_back(std::move(text));
      placeholders.push_back(shown);
    } else {
      std::replace_if(
          shown.begin(), shown.end(), [](wchar_t c) { return c < L' ' || c == 0x7F; }, L' ');
    }
    if (el_winsertstr(editor, shown.c_str()) != 0) return CC_ERROR;
    return CC_REFRESH;
  }

  std::string with_pastes(std::wstring line) const {
    for (size_t index = 0; index < pastes.size(); ++index) {
      for (size_t at = line.find(placeholders[index]); at != std::wstring::npos;
           at = line.find(placeholders[index], at + pastes[index].size())) {
        line.replace(at, placeholders[index].size(), pastes[index]);
      }
    }
    return to_utf8(line);
  }

  bool set_up() {
    if (std::setlocale(LC_CTYPE, "") == nullptr || to_wide("\xC3\xA9") != L"\u00E9") {
      std::setlocale(LC_CTYPE, "C.UTF-8");
    }
    editor = el_init("ingot", stdin, stdout, stderr);
    if (editor == nullptr) return false;
    history = history_winit();
    if (history == nullptr) return false;
    el_wset(editor, EL_CLIENTDATA, this);
    el_wset(editor, EL_PROMPT_ESC, show_prompt, L'\1');
    el_wset(editor, EL_EDITOR, L"emacs");
    el_wset(editor, EL_SIGNAL, 1);  // a window that changes its size, and the end of the program, restore the terminal
    HistEventW event{};
    history_w(history, &event, H_SETSIZE, kHistoryLines);
    history_w(history, &event, H_SETUNIQUE, 1);
    if (!history_path.empty()) history_w(history, &event, H_LOAD, history_path.c_str());
    el_wset(editor, EL_HIST, history_w, history);
    el_wset(editor, EL_ADDFN, L"ingot-interrupt", L"clear the line, or leave", on_interrupt);
    el_wset(editor, EL_ADDFN, L"ingot-suspend", L"suspend the program", on_suspend);
    el_wset(editor, EL_ADDFN, L"ingot-paste", L"insert pasted text", on_paste);
    // Signals of keys come as characters, so that a line that is being edited is never torn down by a handler.
    el_wset(editor, EL_SETTY, L"-d", L"-isig", nullptr);
    el_wset(editor, EL_BIND, L"^C", L"ingot-interrupt", nullptr);
    el_wset(editor, EL_BIND, L"^Z", L"ingot-suspend", nullptr);
    el_wset(editor, EL_BIND, L"\\e[200~", L"ingot-paste", nullptr);
    el_wset(editor, EL_BIND, L"\\e[3~", L"ed-delete-next-char", nullptr);
    el_wset(editor, EL_BIND, L"\\e[1;5C", L"em-next-word", nullptr);
    el_wset(editor, EL_BIND, L"\\e[1;5D", L"ed-prev-word", nullptr);
    el_wset(editor, EL_BIND, L"^R", L"em-inc-search-prev", nullptr);
    el_wset(editor, EL_BIND, L"^W", L"ed-delete-prev-word", nullptr);
    return true;
  }
};

LineEditor::LineEditor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineEditor::~LineEditor() = default;

std::unique_ptr<LineEditor> LineEditor::open(const std::string& history_path) {
  auto impl = std::make_unique<Impl>();
  impl->history_path = history_path;
  if (!impl->set_up()) return nullptr;
  return std::unique_ptr<LineEditor>(new LineEditor(std::move(impl)));
}

LineEditor::Input LineEditor::read(const std::string& prompt) {
  impl_->prompt = to_wide(prompt);
  impl_->interrupted = false;
  write_terminal("\x1b[?2004h");
  int n_chars = 0;
  const wchar_t* line = nullptr;
  // A signal from elsewhere ends the editor's reading (-1; the end of input is 0), but not the conversation.
  // The terminal is in the editor's mode before the prompt is seen (by itself the editor draws first): a Ctrl-C or
  // Ctrl-D of the time between would mean something to the terminal, and never come as a key.
  do {
    el_wset(impl_->editor, EL_PREP_TERM, 1);
    errno = 0;
    line = el_wgets(impl_->editor, &n_chars);
  } while (line == nullptr && n_chars < 0 && errno == EINTR);
  write_terminal("\x1b[?2004l");
  if (impl_->interrupted) return {Event::kInterrupt, {}};
  if (line == nullptr || n_chars <= 0) return {Event::kEnd, {}};
  std::wstring text(line, static_cast<size_t>(n_chars));
  while (!text.empty() && (text.back() == L'\n' || text.back() == L'\r')) text.pop_back();
  return {Event::kLine, impl_->with_pastes(std::move(text))};
}

void LineEditor::remember(const std::string& text) {
  if (text.find('\n') != std::string::npos) return;  // a line is what the arrow keys can bring back
  HistEventW event{};
  history_w(impl_->history, &event, H_ENTER, to_wide(text).c_str());
  if (impl_->history_path.empty()) return;
  const mode_t before = umask(S_IRWXG | S_IRWXO);
  history_w(impl_->history, &event, H_SAVE, impl_->history_path.c_str());
  umask(before);
}

}  // namespace ingot::cli
