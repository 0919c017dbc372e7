#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>

#include "base/checked_math.h"
#include "base/checksum.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/line_log.h"
#include "base/opened_files.h"
#include "base/output_folder.h"
#include "base/scratch_file.h"
#include "base/team.h"
#include "base/temporary_folder.h"
#include "base/thread_pool.h"
#include "base/utf8.h"

namespace adze {
namespace {

std::string scratch_path(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("adze_base_test_" + name)).string();
}

TEST(CheckedMath, ReportsOverflow) {
  EXPECT_EQ(checked_add(2, 3), 5u);
  EXPECT_EQ(checked_add(UINT64_MAX, 1), std::nullopt);
  EXPECT_EQ(checked_multiply(1ull << 40, 1ull << 40), std::nullopt);
  EXPECT_EQ(checked_align(33, 32), 64u);
  EXPECT_EQ(checked_align(UINT64_MAX - 3, 32), std::nullopt);
}

TEST(OutputFile, WithoutCommitTheOldFileStays) {
  const auto path = scratch_path("keep");
  write_text_file(path, "old");
  {
    OutputFile file(path);
    file.append("new");
  }
  EXPECT_EQ(read_text_file(path), "old");
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
    EXPECT_FALSE(entry.path().string().starts_with(path + ".")) << "left behind: " << entry.path();
  }
  std::filesystem::remove(path);
}

TEST(OutputFile, PadsAndOverwrites) {
  const auto path = scratch_path("pad");
  OutputFile file(path);
  file.append("abc");
  file.pad_to(8);
  file.append("z");
  file.overwrite(1, std::as_bytes(std::span("X", 1)));
  file.commit();
  EXPECT_EQ(read_text_file(path), std::string("aXc\0\0\0\0\0z", 9));
  std::filesystem::remove(path);
}

TEST(OutputFile, WithASinkNothingIsWritten) {
  const auto path = scratch_path("sink");
  std::string seen;
  OutputFile file(path, [&](std::span<const std::byte> bytes) {
    seen.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  file.append("abc");
  file.pad_to(8);
  EXPECT_EQ(file.position(), 8u);
  EXPECT_THROW(file.overwrite(0, std::as_bytes(std::span("X", 1))), Error);
  file.commit();
  EXPECT_EQ(seen, std::string("abc\0\0\0\0\0", 8));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(OutputFile, WritesToWhereLinksLead) {
  namespace fs = std::filesystem;
  const TemporaryFolder folder(scratch_path("links"));
  fs::create_directory(folder.path() + "/there");
  fs::create_symlink("there/file", folder.path() + "/link");
  fs::create_symlink("link", folder.path() + "/second");
  for (const std::string text : {"made", "replaced"}) {
    write_text_file(folder.path() + "/second", text);
    EXPECT_EQ(read_text_file(folder.path() + "/there/file"), text);
  }
  const auto partial = OutputFile::resumable(folder.path() + "/link");
  EXPECT_TRUE(fs::exists(folder.path() + "/there/file.partial"));
  EXPECT_TRUE(fs::is_symlink(folder.path() + "/link") && fs::is_symlink(folder.path() + "/second"));
  fs::create_symlink("round", folder.path() + "/round");
  EXPECT_THROW(OutputFile(folder.path() + "/round"), Error);
}

TEST(OutputFile, ReplacesNothingButFiles) {
  const TemporaryFolder folder(scratch_path("no_files"));
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_directory(folder.path() + "/folder");
  std::filesystem::create_symlink("pipe", folder.path() + "/link");
  for (const char* name : {"/pipe", "/link", "/folder"}) {
    EXPECT_THROW(OutputFile(folder.path() + name), Error) << name;
    EXPECT_THROW(OutputFile::resumable(folder.path() + name), Error) << name;
  }
  EXPECT_THROW(OutputFile("/proc/self/fd/0"), Error);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(MappedFile, DoesNotWaitForWhatIsNoFile) {
  const TemporaryFolder folder(scratch_path("no_input"));
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(MappedFile::open(pipe), Error);
}

TEST(OutputFolder, IsMadeWhereALinkLeads) {
  const TemporaryFolder folder(scratch_path("folder_link"));
  std::filesystem::create_symlink("there", folder.path() + "/link");
  OutputFolder made(folder.path() + "/link");
  write_text_file(made.path_of("file"), "text");
  made.commit();
  EXPECT_EQ(read_text_file(folder.path() + "/there/file"), "text");
}

TEST(OutputFile, APartialFileIsGoneOnWith) {
  const auto path = scratch_path("partial");
  const auto partial = OutputFile::partial_path(path);
  write_text_file(path, "old");
  {
    const auto file = OutputFile::resumable(path);
    file->append("abcdefgh");
    file->keep_partial(true);
    EXPECT_THROW(OutputFile::resumable(path), Error);  // one at a time
  }
  EXPECT_EQ(read_text_file(partial), "abcdefgh");
  {
    const auto file = OutputFile::resumable(path);
    EXPECT_EQ(file->reserve(4), 0u);
    file->write_at(file->reserve(2), std::as_bytes(std::span("XY", 2)));
    file->commit();  // what lies behind the end was of the other run
  }
  EXPECT_EQ(read_text_file(path), "abcdXY");
  EXPECT_FALSE(std::filesystem::exists(partial));
  OutputFile::resumable(path)->append("not kept");
  EXPECT_FALSE(std::filesystem::exists(partial));
  std::filesystem::remove(path);
}

TEST(LineLog, ForgetsWhatWasCutOff) {
  const auto path = scratch_path("lines");
  std::filesystem::remove(path);
  {
    LineLog log(path);
    EXPECT_TRUE(log.lines().empty());
    for (const char* line : {"one", "two", "three"}) log.append(line);
    EXPECT_THROW(LineLog{path}, Error);  // one at a time
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 2);
  LineLog log(path);
  EXPECT_EQ(log.lines(), (std::vector<std::string>{"one", "two"}));
  log.keep(1);
  log.append("other");
  EXPECT_EQ(log.lines(), (std::vector<std::string>{"one", "other"}));
  log.remove();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ScratchFile, GivesBackWhatWasWrittenAndNoMore) {
  ScratchFile file;
  const std::string first = "first", second = "second";
  file.append(std::as_bytes(std::span(first)));
  file.append(std::as_bytes(std::span(second)));
  EXPECT_EQ(file.size(), 11u);
  std::string read(6, ' ');
  file.read(5, std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(read, second);
  EXPECT_THROW(file.read(6, std::as_writable_bytes(std::span(read))), Error);
}

TEST(Checksum, SeesEveryByteAndItsPlace) {
  std::vector<std::byte> bytes(77);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
  const uint64_t whole = checksum(bytes);
  EXPECT_EQ(whole, 4673498724339248689u);
  EXPECT_NE(checksum(bytes, 1), whole);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{1};
    EXPECT_NE(checksum(bytes), whole) << i;
    bytes[i] ^= std::byte{1};
    EXPECT_NE(checksum(std::span(bytes).first(i)), whole) << i;
  }
}

TEST(MappedFile, NoticesThatItsFileWasCut) {
  const std::string path = testing::TempDir() + "adze_cut_file";
  write_text_file(path, "0123456789");
  const auto file = MappedFile::open(path);
  std::filesystem::resize_file(path, 12);
  EXPECT_NO_THROW(file->check_size());
  std::filesystem::resize_file(path, 9);
  EXPECT_THROW(file->check_size(), Error);
  std::filesystem::remove(path);
}

TEST(MappedFile, ItsPathIsFoundByAnAddress) {
  const std::string path = testing::TempDir() + "adze_mapped_file";
  write_text_file(path, "0123456789");
  auto file = MappedFile::open(path);
  const std::byte* bytes = file->bytes().data();
  EXPECT_EQ(mapped_path_at(bytes + 9), file->path().c_str());
  EXPECT_EQ(mapped_path_at(bytes + 10), nullptr);
  EXPECT_EQ(mapped_path_at(&path), nullptr);
  const auto again = MappedFile::open(path);
  file.reset();
  EXPECT_EQ(mapped_path_at(bytes), nullptr);
  EXPECT_EQ(mapped_path_at(again->bytes().data()), again->path().c_str());
  std::filesystem::remove(path);
}

TEST(OpenedFiles, RemembersEachOnce) {
  const std::string path = testing::TempDir() + "adze_opened_file";
  write_text_file(path, "x");
  const OpenedFiles outer;
  {
    const OpenedFiles inner;
    read_text_file(path);
    read_text_file(path);
    EXPECT_THROW(read_text_file(path + ".none"), Error);
    EXPECT_EQ(inner.paths(), std::vector{path});
  }
  EXPECT_TRUE(outer.paths().empty());
  std::filesystem::remove(path);
}

TEST(MappedFile, MissingFileIsNotFound) {
  try {
    MappedFile::open("/nonexistent/file");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(Json, NumbersThatOnlyPythonHasAreNull) {
  const Json value = parse_json(R"({"a": [0.0, Infinity, -Infinity, NaN], "s": "a \" NaN"})", "x.json");
  EXPECT_EQ(value["a"], Json::array({0.0, nullptr, nullptr, nullptr}));
  EXPECT_EQ(value["s"], "a \" NaN");
  EXPECT_THROW(parse_json("{\"a\": Infinit}", "x.json"), Error);
}

TEST(Json, ErrorsNameTheSource) {
  EXPECT_THROW(parse_json("{\"a\":", "x.json"), Error);
  EXPECT_THROW(parse_json(std::string(100'000, '['), "x.json"), Error);
  const Json value = parse_json(R"({"n": 3, "s": "t", "z": null})", "x.json");
  EXPECT_EQ(json_value<int>(value, "n", 0, "x"), 3);
  EXPECT_EQ(json_value<int>(value, "z", 7, "x"), 7);
  EXPECT_THROW(json_value<int>(value, "s", 0, "x"), Error);
}

TEST(Utf8, ReplacesLikePython) {
  EXPECT_EQ(replace_invalid_utf8("a\xff z"), "a\xEF\xBF\xBD z");
  EXPECT_EQ(replace_invalid_utf8("\xe2\x82"), "\xEF\xBF\xBD");                              // truncated: one mark
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate: three
  EXPECT_EQ(replace_invalid_utf8("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
}

TEST(Utf8, FindsIncompleteSuffix) {
  EXPECT_EQ(incomplete_utf8_suffix("ab"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("a\xf0\x9f\x98"), 3u);
  EXPECT_EQ(incomplete_utf8_suffix("a\xc3"), 1u);
  EXPECT_EQ(incomplete_utf8_suffix("\xf0\x9f\x98\x80"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("\xff"), 0u);
}

TEST(CpuFeatures, HigherSetsOfAFamilyIncludeTheLower) {
  EXPECT_TRUE(isa_includes(Isa::amx, Isa::avx512));
  EXPECT_TRUE(isa_includes(Isa::amx, Isa::scalar));
  EXPECT_FALSE(isa_includes(Isa::avx512, Isa::amx));
  EXPECT_FALSE(isa_includes(Isa::amx, Isa::neon));
  EXPECT_FALSE(isa_includes(Isa::i8mm, Isa::amx));
  EXPECT_EQ(std::string("amx"), isa_name(Isa::amx));
}

TEST(ThreadPool, RunsEveryIndexOnceAndRethrows) {
  ThreadPool pool(3);
  for (int round = 0; round < 200; ++round) {
    std::atomic<size_t> sum{0};
    pool.for_each(100, [&](size_t i) { sum += i; });
    ASSERT_EQ(sum, 4950u);
  }
  EXPECT_THROW(pool.run([](unsigned) { fail(ErrorCode::bad_input, "x"); }), Error);
  pool.run([](unsigned) {});
}

TEST(ThreadPool, SharesCoverTheWhole) {
  size_t covered = 0;
  for (unsigned t = 0; t < 3; ++t) {
    const Range range = share_of(101, 16, t, 3);
    EXPECT_EQ(range.begin, covered);
    EXPECT_EQ(range.begin % 16, 0u);
    covered = range.end;
  }
  EXPECT_EQ(covered, 101u);
}

TEST(Team, MembersMeetAtEveryBarrier) {
  constexpr unsigned kThreads = 3;
  ThreadPool pool(kThreads);
  Barrier barrier(kThreads);
  std::atomic<unsigned> steps{0};
  std::atomic<bool> together{true};
  pool.run([&](unsigned thread) {
    const Team team(thread, kThreads, &barrier);
    for (unsigned step = 1; step <= 300; ++step) {
      ++steps;
      team.wait();
      if (steps != step * kThreads) together = false;
      team.wait();
    }
  });
  EXPECT_TRUE(together);
}

TEST(Team, TheLastMemberWorksForAllBeforeTheyGoOn) {
  constexpr unsigned kThreads = 3;
  ThreadPool pool(kThreads);
  Barrier barrier(kThreads);
  std::atomic<unsigned> arrived{0};
  unsigned meetings = 0;  // not atomic: a meeting orders what comes before and behind it
  std::atomic<bool> in_order{true};
  pool.run([&](unsigned thread) {
    const Team team(thread, kThreads, &barrier);
    for (unsigned step = 1; step <= 300; ++step) {
      ++arrived;
      team.meet([&] {
        if (arrived != step * kThreads) in_order = false;
        ++meetings;
      });
      if (meetings != step) in_order = false;
      team.wait();
    }
  });
  EXPECT_TRUE(in_order);
  EXPECT_EQ(meetings, 300u);
}

TEST(Team, OneMemberWorksAlone) {
  bool worked = false;
  Team(0, 1, nullptr).meet([&] { worked = true; });
  EXPECT_TRUE(worked);
}

}  // namespace
}  // namespace adze
