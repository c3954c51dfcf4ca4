#include "base/mapped_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/sanitizer.h"
#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

size_t page_bytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Reads every byte of a mapping, as a model does with its weights.
unsigned sum_of(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  const volatile std::byte* first = bytes.data();  // volatile: read even where the sum is not used
  for (size_t index = 0; index < bytes.size(); ++index) sum += static_cast<unsigned>(first[index]);
  return sum;
}

TEST(MappedFile, HoldsTheBytesOfTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", "abc");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ((*file)->bytes().size(), 3u);
  EXPECT_EQ(std::memcmp((*file)->bytes().data(), "abc", 3), 0);
  EXPECT_EQ((*file)->path(), path);
  EXPECT_FALSE((*file)->damaged());
}

TEST(MappedFile, FollowsSymbolicLinks) {
  const TemporaryFolder folder;
  folder.write("blob", "abc");
  ASSERT_EQ(symlink("blob", folder.path("model.gguf").c_str()), 0);
  const auto file = MappedFile::open(folder.path("model.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file)->bytes().size(), 3u);
}

TEST(MappedFile, NamesWhatIsNoRegularFileWithoutWaiting) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.path("fifo").c_str(), 0600), 0);
  folder.write("empty", "");
  ASSERT_EQ(symlink("nowhere", folder.path("dangling").c_str()), 0);
  ASSERT_EQ(symlink("loop", folder.path("loop").c_str()), 0);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, folder.path("socket").c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);

  struct Case {
    std::string path;
    ErrorKind kind;
    const char* reason;
  };
  const std::array cases = {
      Case{folder.path("fifo"), ErrorKind::kInvalidInput, "is a FIFO"},
      Case{folder.path("."), ErrorKind::kInvalidInput, "is a directory"},
      Case{"/dev/zero", ErrorKind::kInvalidInput, "is a character device"},
      Case{folder.path("socket"), ErrorKind::kInvalidInput, "is a socket"},
      Case{folder.path("empty"), ErrorKind::kInvalidInput, "is empty"},
      Case{folder.path("missing"), ErrorKind::kIo, "no such file"},
      Case{folder.path("dangling"), ErrorKind::kIo, "no such file"},
      Case{folder.path("loop"), ErrorKind::kIo, "cannot open"},
      Case{folder.path("empty") + "/below", ErrorKind::kIo, "cannot open"},
  };
  for (const Case& expected : cases) {
    const auto start = std::chrono::steady_clock::now();
    const auto file = MappedFile::open(expected.path);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1)) << expected.path;
    ASSERT_FALSE(file) << expected.path;
    EXPECT_EQ(file.error().kind, expected.kind) << file.error().message;
    EXPECT_THAT(file.error().message, AllOf(HasSubstr(expected.path), HasSubstr(expected.reason)));
  }
  close(listener);
}

TEST(MappedFile, RefusesPathsThatNoFileCanHave) {
  EXPECT_FALSE(MappedFile::open(""));
  const auto file = MappedFile::open(std::string("/dev/null\0.gguf", 15));
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("NUL"));
}

TEST(MappedFile, SaysThatAFileIsUnreadable) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const TemporaryFolder folder;
  const std::string path = folder.write("secret", "abc");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  const auto file = MappedFile::open(path);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kIo);
}

TEST(MappedFile, SurvivesAFileThatShrinks) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", std::string(8 * page_bytes(), '\1'));
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(sum_of((*file)->bytes()), 8 * page_bytes());
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(3 * page_bytes())), 0);
  EXPECT_EQ(sum_of((*file)->bytes()), 3 * page_bytes()) << "the pages that are gone read as zeros";
  EXPECT_TRUE((*file)->damaged());
  // A file that has its old length again is no longer the one that was opened.
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(8 * page_bytes())), 0);
  EXPECT_TRUE((*file)->damaged());
}

TEST(MappedFile, FlagsAPageThatWasGoneForAWhile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", std::string(4 * page_bytes(), '\1'));
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  EXPECT_EQ(sum_of((*file)->bytes()), 0u);
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(4 * page_bytes())), 0);
  EXPECT_TRUE((*file)->damaged()) << "by the handler alone: the length is right again";
}

TEST(MappedFile, NoticesThatAFileShrankInsideItsLastPage) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", std::string(100, '\1'));
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(truncate(path.c_str(), 99), 0);
  EXPECT_TRUE((*file)->damaged());
}

TEST(MappedFile, DamagesNoOtherFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("shrinks", std::string(2 * page_bytes(), '\1'));
  const auto shrinking = MappedFile::open(path);
  const auto other = MappedFile::open(folder.write("stays", std::string(2 * page_bytes(), '\1')));
  ASSERT_TRUE(shrinking && other);
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  sum_of((*shrinking)->bytes());
  EXPECT_TRUE((*shrinking)->damaged());
  EXPECT_FALSE((*other)->damaged());
  EXPECT_EQ(sum_of((*other)->bytes()), 2 * page_bytes());
}

TEST(MappedFile, SurvivesFaultsOfManyThreadsAtOnce) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", std::string(64 * page_bytes(), '\1'));
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  std::array<std::thread, 4> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([&file] { EXPECT_EQ(sum_of((*file)->bytes()), 0u); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE((*file)->damaged());
}

TEST(MappedFile, ReusesThePlaceOfAFileThatWasClosed) {
  const TemporaryFolder folder;
  const std::string damaged_path = folder.write("damaged", "abc");
  const std::string path = folder.write("whole", "abc");
  for (int round = 0; round < 5000; ++round) {  // more rounds than there are places
    const auto file = MappedFile::open(round % 2 == 0 ? damaged_path : path);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_FALSE((*file)->damaged());
    if (round > 0) continue;
    ASSERT_EQ(truncate(damaged_path.c_str(), 1), 0);
    ASSERT_TRUE((*file)->damaged());
  }
}

// In a process of its own: maps a file of ours, and a foreign one in which it then faults.
void fault_in_foreign_mapping(const TemporaryFolder& folder) {
  const auto ours = MappedFile::open(folder.path("ours"));
  const int descriptor = open(folder.path("foreign").c_str(), O_RDONLY);
  void* foreign = mmap(nullptr, page_bytes(), PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (!ours || foreign == MAP_FAILED || truncate(folder.path("foreign").c_str(), 0) != 0) _exit(9);
  sum_of({static_cast<const std::byte*>(foreign), 1});
  _exit(8);
}

[[noreturn]] void leave_with_7(int) {
  _exit(7);
}
[[noreturn]] void leave_with_6(int, siginfo_t* info, void*) {
  _exit(info->si_addr != nullptr ? 6 : 5);
}

class MappedFileDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    folder_.write("ours", "abc");
    folder_.write("foreign", "abc");
  }
  TemporaryFolder folder_;
};

TEST_F(MappedFileDeathTest, LeavesForeignFaultsToTheDefault) {
#if INGOT_UNDER_SANITIZER
  GTEST_SKIP() << "the sanitizer handles the signal itself";
#endif
  EXPECT_EXIT(fault_in_foreign_mapping(folder_), testing::KilledBySignal(SIGBUS), "");
}

TEST_F(MappedFileDeathTest, LeavesForeignFaultsToThePreviousHandler) {
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, leave_with_7);
        fault_in_foreign_mapping(folder_);
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        struct sigaction action = {};
        action.sa_sigaction = leave_with_6;
        action.sa_flags = SA_SIGINFO;
        sigaction(SIGBUS, &action, nullptr);
        fault_in_foreign_mapping(folder_);
      },
      testing::ExitedWithCode(6), "");
}

TEST_F(MappedFileDeathTest, IsKilledByASignalThatAnotherProcessSends) {
#if INGOT_UNDER_SANITIZER
  GTEST_SKIP() << "the sanitizer handles the signal itself";
#endif
  EXPECT_EXIT(
      {
        const auto ours = MappedFile::open(folder_.path("ours"));
        raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace ingot::core
