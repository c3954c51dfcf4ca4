// SIGBUS and mapped files.
//
// The handler may run at any instruction of any thread, so that it may take no lock and allocate nothing. Mappings
// are therefore published in a fixed table of atomics. A slot is written in the order `begin`, `end` and withdrawn
// by clearing `end` first; the handler reads `end`, `begin`, `end` again, and a pair that was read around a change is
// never taken for a mapping. mmap is not on POSIX's list of async-signal-safe functions; on Linux it is a bare
// system call.
#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <system_error>

#include "base/check.h"
#include "base/utf8.h"

namespace ingot::core {
namespace {

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};  // 0: not a mapping now
  std::atomic<bool> damaged{false};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free, "a signal handler may take no lock");

// A model has at most a few hundred files; the table costs memory only where it was touched.
constexpr int kMaxMappings = 4096;
std::array<Slot, kMaxMappings> slots;
std::atomic<int> n_used_slots{0};  // the handler looks no further
uintptr_t page_bytes = 4096;
struct sigaction previous_action;

Slot* find_slot(uintptr_t address) {
  const int n_slots = n_used_slots.load(std::memory_order_acquire);
  for (int index = 0; index < n_slots; ++index) {
    Slot& slot = slots[static_cast<size_t>(index)];
    const uintptr_t end = slot.end.load(std::memory_order_acquire);
    const uintptr_t begin = slot.begin.load(std::memory_order_acquire);
    if (address < begin || address >= end) continue;
    if (slot.end.load(std::memory_order_acquire) == end) return &slot;
  }
  return nullptr;
}

void hand_to_previous(int signal_number, siginfo_t* info, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal_number, info, context);
    return;
  }
  if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal_number);
    return;
  }
  // si_code above 0: a fault of this thread, which the instruction repeats on return; below: another process sent it.
  const bool faulted = info->si_code > 0;
  if (previous_action.sa_handler == SIG_IGN && !faulted) return;
  struct sigaction default_action = {};
  default_action.sa_handler = SIG_DFL;
  sigaction(SIGBUS, &default_action, nullptr);
  if (!faulted) raise(SIGBUS);
}

void on_bus_error(int signal_number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  Slot* slot = info->si_code > 0 ? find_slot(address) : nullptr;
  if (slot != nullptr) {
    void* page = static_cast<char*>(info->si_addr) - address % page_bytes;
    const void* mapped = mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mapped != MAP_FAILED) {
      slot->damaged.store(true, std::memory_order_release);
      errno = saved_errno;
      return;
    }
  }
  hand_to_previous(signal_number, info, context);
  errno = saved_errno;
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    // Known before the handler can run: it reads previous_action.
    sigaction(SIGBUS, nullptr, &previous_action);
    sigaction(SIGBUS, &action, nullptr);
  });
}

// -1 where the table is full.
int claim_slot(uintptr_t begin, uintptr_t end) {
  for (int index = 0; index < kMaxMappings; ++index) {
    Slot& slot = slots[static_cast<size_t>(index)];
    if (slot.taken.exchange(true)) continue;
    slot.damaged.store(false);
    slot.begin.store(begin);
    slot.end.store(end);
    int n_used = n_used_slots.load();
    while (n_used <= index && !n_used_slots.compare_exchange_weak(n_used, index + 1)) {
    }
    return index;
  }
  return -1;
}

void release_slot(int index) {
  Slot& slot = slots[static_cast<size_t>(index)];
  slot.end.store(0);
  slot.begin.store(0);
  slot.taken.store(false);
}

// Null for a regular file.
const char* other_kind(mode_t mode) {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return "not a regular file";
}

tl::unexpected<Error> system_error(const std::string& path, const char* action) {
  const int code = errno;
  if (code == ENOENT) return fail(ErrorKind::kIo, "{}: no such file", printable(path, 4096));
  return fail(ErrorKind::kIo, "{}: cannot {}: {}", printable(path, 4096), action,
              std::generic_category().message(code));
}

Status expect_regular(const std::string& path, const struct stat& status) {
  const char* kind = other_kind(status.st_mode);
  if (kind == nullptr) return {};
  return invalid("{}: is {}, expected a regular file", printable(path, 4096), kind);
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  if (path.empty()) return invalid("the path of a file is empty");
  if (path.find('\0') != std::string::npos) return invalid("{}: a path cannot hold a NUL", printable(path, 4096));
  install_handler();
  // Asked before opening as well: to open a FIFO or a device can disturb whoever is at its other end.
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return system_error(path, "open");
  INGOT_TRY(expect_regular(path, status));

  std::shared_ptr<MappedFile> file(new MappedFile());
  file->path_ = path;
  file->descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (file->descriptor_ < 0) return system_error(path, "open");
  if (fstat(file->descriptor_, &status) != 0) return system_error(path, "read the size");
  INGOT_TRY(expect_regular(path, status));
  if (status.st_size <= 0) return invalid("{}: is empty", printable(path, 4096));

  const auto n_bytes = static_cast<size_t>(status.st_size);
  void* mapped = mmap(nullptr, n_bytes, PROT_READ, MAP_PRIVATE, file->descriptor_, 0);
  if (mapped == MAP_FAILED) return system_error(path, "map");
  file->bytes_ = {static_cast<const std::byte*>(mapped), n_bytes};
  const auto begin = reinterpret_cast<uintptr_t>(mapped);
  // The last page counts as a whole: a read of it faults as a whole.
  file->slot_ = claim_slot(begin, begin + (n_bytes + page_bytes - 1) / page_bytes * page_bytes);
  if (file->slot_ < 0) {
    return fail(ErrorKind::kIo, "{}: cannot map more than {} files at once", printable(path, 4096), kMaxMappings);
  }
  return file;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    if (slot_ >= 0) release_slot(slot_);
    munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  if (descriptor_ >= 0) close(descriptor_);
}

void MappedFile::release(std::span<const std::byte> bytes) const {
  INGOT_CHECK(bytes.data() >= bytes_.data() && bytes.data() + bytes.size() <= bytes_.data() + bytes_.size(),
              "bytes of this file");
  // Whole pages of the mapping, which begins on one.
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(bytes.data() - bytes_.data());
  const size_t first = (offset + page - 1) / page * page;
  const size_t end = (offset + bytes.size()) / page * page;
  // Clean pages of a file: dropped here, they come back from the page cache when they are read again.
  if (first >= end) return;
  static_cast<void>(madvise(const_cast<std::byte*>(bytes_.data()) + first, end - first, MADV_DONTNEED));
}

bool MappedFile::damaged() const {
  std::atomic<bool>& flag = slots[static_cast<size_t>(slot_)].damaged;
  if (flag.load(std::memory_order_acquire)) return true;
  struct stat status = {};
  const bool whole = fstat(descriptor_, &status) == 0 && status.st_size >= static_cast<off_t>(bytes_.size());
  if (!whole) flag.store(true, std::memory_order_release);
  return !whole;
}

}  // namespace ingot::core
