#include "cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "cli/exit_codes.h"

namespace ingot::cli {
namespace {

std::atomic<const CancelToken*> current_token{nullptr};
std::atomic<bool> stays{false};

void on_interrupt(int) {
  const CancelToken* token = current_token.load();
  if (token != nullptr && !token->cancelled()) return token->cancel();
  if (!stays.load()) _exit(kInterrupted);
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

InterruptScope::InterruptScope(const CancelToken& token) {
  current_token.store(&token);
}
InterruptScope::~InterruptScope() {
  current_token.store(nullptr);
}

StayScope::StayScope() {
  stays.store(true);
}
StayScope::~StayScope() {
  stays.store(false);
}

}  // namespace ingot::cli
