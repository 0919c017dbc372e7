#include "formats/hf/side_files.h"

#include <array>
#include <filesystem>

#include "base/file.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

struct SideFileName {
  const char* name;
  bool copied;  // false: somebody writes it anew, starting from this text
};

constexpr std::array kSideFiles = {
    SideFileName{"config.json", false},
    SideFileName{"generation_config.json", false},
    SideFileName{"chat_template.jinja", false},
    SideFileName{"special_tokens_map.json", false},
    SideFileName{"added_tokens.json", true},
    SideFileName{"vocab.json", true},
    SideFileName{"merges.txt", true},
    SideFileName{"vocab.txt", true},
    SideFileName{"tokenizer.model", true},
    SideFileName{"sentencepiece.bpe.model", true},
    SideFileName{"modules.json", true},
    SideFileName{"1_Pooling/config.json", true},
    SideFileName{"sentence_bert_config.json", true},
    SideFileName{"config_sentence_transformers.json", true},
    SideFileName{"README.md", true},
    SideFileName{"LICENSE", true},
    SideFileName{"LICENSE.txt", true},
    SideFileName{"USE_POLICY.md", true},
};

bool is_copied(const std::string& name) {
  for (const auto& side : kSideFiles) {
    if (name == side.name) return side.copied;
  }
  return false;
}

}  // namespace

std::vector<model::SideFile> open_side_files(const std::string& folder) {
  std::vector<model::SideFile> files;
  for (const auto& side : kSideFiles) {
    const auto path = fs::path(folder) / side.name;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) files.push_back({side.name, MappedFile::open(path.string())});
  }
  return files;
}

void copy_side_files(const model::Model& model, const OutputFolder& folder) {
  for (const auto& side : model.side_files) {
    if (!is_copied(side.name)) continue;
    std::error_code ignored;  // writing into it says what is wrong
    fs::create_directories(fs::path(folder.path_of(side.name)).parent_path(), ignored);
    OutputFile file(folder.path_of(side.name));
    file.append(side.file->bytes());
    file.commit();
  }
}

}  // namespace adze::formats
