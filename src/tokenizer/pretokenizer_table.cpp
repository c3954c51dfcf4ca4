// Names, flags and patterns are facts of the models' own tokenizer files. Source of the names and flags:
// ggml-org/llama.cpp, src/llama-vocab.cpp, and its converter (conversion/base.py), 2026. Patterns are those of the
// models' tokenizer.json or tokenization code where that source quotes them (it approximates some for std::regex),
// else the ones it uses. Oniguruma's class intersection, which PCRE2 lacks, is written as a negated class; a script's
// name alone means its extensions in PCRE2, where sc: means what it means elsewhere.

#include "tokenizer/pretokenizer_table.h"

#include <array>

namespace ingot::core {

namespace {

// Parts that several patterns share.
#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACE_TAIL "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define PREFIX "[^\\r\\n\\p{L}\\p{N}]?"
// The cl100k shape of tiktoken: words with one character before them, numbers, punctuation with line ends, space.
#define CL100K(numbers) CONTRACTION "|" PREFIX "\\p{L}+|" numbers "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" SPACE_TAIL
// The o200k shape: words are also cut where a capital follows a small letter, and keep their contraction.
#define O200K(contraction, numbers)                                                             \
  PREFIX UPPER "*" LOWER "+" contraction "|" PREFIX UPPER "+" LOWER "*" contraction "|" numbers \
               "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" SPACE_TAIL
#define GPT2_WORDS "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define ASCII_PUNCTUATION "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]"
#define DEEPSEEK3_WORDS \
  ASCII_PUNCTUATION "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" SPACE_TAIL
#define HAN_HANGUL "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+"
#define HAN_KANA "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+"
#define BLOOM_WORDS " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{FF0C}\\x{3001}\\x{964}\\x{6D4}\\x{60C})]+"
// The letters of scripts that have capitals, as the model's file lists them.
#define DEEPSEEK_WORDS                                                                                   \
  "\\s?[A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-\\x{293}"   \
  "\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}\\x{388}-\\x{38A}" \
  "\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}"        \
  "\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}"      \
  "\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}\\x{1F18}-\\x{1F1D}"      \
  "\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}\\x{1F5D}"                 \
  "\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}"                \
  "\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}"      \
  "\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}"        \
  "\\x{2126}\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}"                 \
  "\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}"                 \
  "\\x{2CEB}-\\x{2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}"       \
  "\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}"      \
  "\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}"                     \
  "\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}"                 \
  "\\x{1E900}-\\x{1E943}]+"
#define DEEPSEEK_PUNCTUATION "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+"
// Hangul; full-width punctuation; Bopomofo.
#define YOUTU_SCRIPTS                                                                                 \
  "[\\x{AC00}-\\x{D7A3}\\x{3131}-\\x{318E}]+|[\\x{FF01}\\x{2026}\\x{201C}\\x{201D}\\x{2018}\\x{2019}" \
  "\\x{2014}\\x{FF1A}\\x{FF1B}\\x{FF0C}\\x{3001}-\\x{303F}\\x{FE30}-\\x{FE4F}]+|[\\x{3105}-\\x{312F}]+"
// Scripts written without spaces: Han, kana, Thai, Lao, Khmer, Burmese, Hangul.
#define AFMOE_SCRIPTS                                                                                \
  "[\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{F900}-\\x{FAFF}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}" \
  "\\x{FF65}-\\x{FF9F}\\x{2F00}-\\x{2FDF}\\x{E40}-\\x{E7F}\\x{E80}-\\x{EFF}\\x{1780}-\\x{17FF}"      \
  "\\x{1000}-\\x{109F}\\x{AA60}-\\x{AA7F}\\x{A9E0}-\\x{A9FF}\\x{AC00}-\\x{D7AF}\\x{1100}-\\x{11FF}]+"

constexpr SplitRule kPattern = SplitRule::kPattern;

constexpr SplitStep kGpt2[] = {{kPattern, GPT2_WORDS}};
constexpr SplitStep kDigitsGpt2[] = {{kPattern, "\\p{N}"}, {kPattern, GPT2_WORDS}};
constexpr SplitStep kLlama3[] = {{kPattern, CL100K("\\p{N}{1,3}")}};
constexpr SplitStep kQwen2[] = {{kPattern, CL100K("\\p{N}")}};
constexpr SplitStep kQwen35[] = {
    {kPattern, CONTRACTION "|" PREFIX "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" SPACE_TAIL}};
constexpr SplitStep kMinicpm5[] = {{kPattern, "\\p{N}{1,3}"}, {kPattern, CL100K("\\p{N}+")}};
constexpr SplitStep kLaguna[] = {{SplitRule::kNewlineRuns}, {kPattern, CL100K("\\p{N}")}};
constexpr SplitStep kJais2[] = {{kPattern, CL100K("\\p{N}{1,3}")}, {SplitRule::kCascadingSpace}};
constexpr SplitStep kGpt4o[] = {{kPattern, O200K(CONTRACTION "?", "\\p{N}{1,3}")}};
constexpr SplitStep kTinyAya[] = {{SplitRule::kDigitsByThree}, {kPattern, O200K(CONTRACTION "?", "\\p{N}{1,3}")}};
constexpr SplitStep kTekken[] = {{kPattern, O200K("", "\\p{N}")}};
constexpr SplitStep kYoutu[] = {{kPattern, YOUTU_SCRIPTS "|" HAN_KANA}, {kPattern, O200K(CONTRACTION "?", "\\p{N}")}};
constexpr SplitStep kDeepseekLlm[] = {{kPattern, "[\\r\\n]"},           {kPattern, DEEPSEEK_WORDS},
                                      {kPattern, DEEPSEEK_PUNCTUATION}, {SplitRule::kTrailingSpace},
                                      {kPattern, HAN_HANGUL},           {kPattern, "\\p{N}+"}};
constexpr SplitStep kDeepseekCoder[] = {{kPattern, "[\\r\\n]"},
                                        {kPattern, "\\s?\\p{L}+"},
                                        {kPattern, "\\s?\\p{P}+"},
                                        {kPattern, HAN_HANGUL},
                                        {kPattern, "\\p{N}"}};
constexpr SplitStep kDeepseek3[] = {{kPattern, "\\p{N}{1,3}"}, {kPattern, HAN_KANA}, {kPattern, DEEPSEEK3_WORDS}};
constexpr SplitStep kAfmoe[] = {{SplitRule::kNumbersByThree}, {kPattern, AFMOE_SCRIPTS}, {kPattern, DEEPSEEK3_WORDS}};
constexpr SplitStep kFalcon[] = {
    {kPattern, "[\\p{P}\\$\\+<=>\\^~\\|`]+"}, {kPattern, GPT2_WORDS}, {kPattern, "[0-9][0-9][0-9]"}};
constexpr SplitStep kDefault[] = {{kPattern, "[\\p{P}\\$\\+<=>\\^~\\|]+"},
                                  {kPattern, GPT2_WORDS},
                                  {kPattern, "\\p{N}+"},
                                  {kPattern, "[0-9][0-9][0-9]"}};
constexpr SplitStep kBloom[] = {{kPattern, BLOOM_WORDS}};
constexpr SplitStep kViking[] = {{kPattern, BLOOM_WORDS}, {kPattern, "\\p{N}"}};
constexpr SplitStep kChameleon[] = {{kPattern, "<sentinel:[0-9]+>"},      {kPattern, "(?:IMGIMG)(?:[A-I]{1,4})Z"},
                                    {kPattern, "[\\t\\n]|    |  "},       {kPattern, "\\p{N}"},
                                    {kPattern, "[\\p{P}!-/:-@\\[-`{-~]"}, {kPattern, GPT2_WORDS}};
// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]] and its lower-case twin, as the complement of everything else.
#define UPPER_NOT_HAN "[^\\p{sc:Han}\\p{C}\\p{Z}\\p{N}\\p{P}\\p{S}\\p{Ll}]"
#define LOWER_NOT_HAN "[^\\p{sc:Han}\\p{C}\\p{Z}\\p{N}\\p{P}\\p{S}\\p{Lu}\\p{Lt}]"
constexpr SplitStep kKimiK2[] = {{kPattern, "\\p{sc:Han}+|" PREFIX UPPER_NOT_HAN "*" LOWER_NOT_HAN "+" CONTRACTION
                                            "?|" PREFIX UPPER_NOT_HAN "+" LOWER_NOT_HAN "*" CONTRACTION
                                            "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" SPACE_TAIL}};
constexpr SplitStep kSuperBpe[] = {{kPattern, "\\p{N}+"}, {SplitRule::kThousandsPlaces}};
constexpr SplitStep kBailingMoe[] = {
    {kPattern,
     "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*"
     "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"}};
constexpr SplitStep kSeedCoder[] = {
    {kPattern, CONTRACTION "|" PREFIX "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+" SPACE_TAIL}};
constexpr SplitStep kExaoneMoe[] = {
    {kPattern, CONTRACTION "|" PREFIX "(?:\\p{L}\\p{M}*+(?: \\p{L}\\p{M}*+)*+)++|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?"
                           "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"}};
constexpr SplitStep kLines[] = {{SplitRule::kNewlineRuns}};
constexpr SplitStep kWhitespace[] = {{kPattern, "\\S+"}};

constexpr TextForm kBytes = TextForm::kByteAlphabet;
constexpr bool kIgnoreMerges = true;
constexpr bool kAddBos = true;

struct Row {
  std::string_view name;
  PretokenizerSpec spec;
};

constexpr std::array kRows = std::to_array<Row>({
    {"a.x-4.0", {kGpt2}},
    {"afmoe", {kAfmoe}},
    {"bailingmoe", {kBailingMoe}},
    {"bailingmoe2", {kBailingMoe}},
    {"bloom", {kBloom}},
    {"chameleon", {kChameleon, kBytes, false, kAddBos}},
    {"chatglm-bpe", {kLlama3}},
    {"codeshell", {kDigitsGpt2}},
    {"cohere2moe", {kTinyAya}},
    {"command-r", {kDigitsGpt2}},
    {"dbrx", {kLlama3}},
    {"deepseek-coder", {kDeepseekCoder}},
    {"deepseek-llm", {kDeepseekLlm}},
    {"deepseek-r1-qwen", {kQwen2}},
    {"deepseek-v3", {kDeepseek3}},
    {"default", {kDefault}},
    {"exaone", {kDigitsGpt2}},
    {"exaone-moe", {kExaoneMoe}},
    {"exaone4", {kGpt2}},
    {"f2llmv2", {kQwen2}},
    {"falcon", {kFalcon}},
    {"falcon-h1", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"falcon3", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"gemma4", {kLines, TextForm::kEscapedSpaces, false, kAddBos}},
    {"gigachat", {kGpt2}},
    {"glm4", {kLlama3}},
    {"gpt-2", {kGpt2}},
    {"gpt-4o", {kGpt4o}},
    {"gpt3-finnish", {kBloom}},
    {"granite-docling", {kGpt2}},
    {"granite-embed-multi-311m", {kLines, TextForm::kEscapedSpaces, false, kAddBos}},
    {"granite-embed-multi-97m", {kGpt4o, kBytes, kIgnoreMerges}},
    {"grok-2", {kQwen2}},
    {"hunyuan", {kQwen2}},
    {"hunyuan-dense", {kDeepseek3}},
    {"jais", {kGpt2}},
    {"jais-2", {kJais2}},
    {"jina-de", {kGpt2}},
    {"jina-es", {kGpt2}},
    {"jina-v1-en", {kGpt2}},
    {"jina-v2-code", {kGpt2}},
    {"jina-v2-de", {kGpt2}},
    {"jina-v2-es", {kGpt2}},
    {"jina-v5-nano", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"joyai-llm", {kDeepseek3}},
    {"kanana2", {kGpt4o}},
    {"kimi-k2", {kKimiK2}},
    {"kormo", {kQwen2}},
    {"laguna", {kLaguna}},
    {"lfm2", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"llada-moe", {kBailingMoe}},
    {"llama-bpe", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"llama-v3", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"llama3", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"llama4", {kGpt4o}},
    {"megrez", {kQwen2}},
    {"mellum", {kGpt2}},
    {"mellum2", {kDigitsGpt2}},
    {"midm-2.0", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"minerva-7b", {kDigitsGpt2}},
    {"minicpm5", {kMinicpm5, kBytes, kIgnoreMerges}},
    {"minimax-m2", {kGpt4o}},
    {"modern-bert", {kGpt2}},
    {"mpt", {kGpt2}},
    {"olmo", {kGpt2}},
    {"phi-2", {kGpt2}},
    {"pixtral", {kLlama3, kBytes, kIgnoreMerges, kAddBos}},
    {"poro-chat", {kBloom}},
    {"qwen2", {kQwen2}},
    {"qwen35", {kQwen35}},
    {"refact", {kDigitsGpt2}},
    {"roberta-bpe", {kGpt2}},
    {"sarvam-moe", {kLines, TextForm::kEscapedSpaces}},
    {"seed-coder", {kSeedCoder}},
    {"smaug-bpe", {kLlama3}},
    {"smollm", {kDigitsGpt2}},
    {"solar-open", {kQwen2}},
    {"stablelm2", {kQwen2}},
    {"starcoder", {kDigitsGpt2}},
    {"superbpe", {kSuperBpe}},
    {"talkie", {kGpt4o}},
    {"tekken", {kTekken, kBytes, kIgnoreMerges, kAddBos}},
    {"tiny_aya", {kTinyAya}},
    {"trillion", {kGpt2}},
    {"viking", {kViking}},
    {"whitespace", {kWhitespace, TextForm::kPlain}},
    {"youtu", {kYoutu, kBytes, kIgnoreMerges}},
});

}  // namespace

const PretokenizerSpec* find_pretokenizer(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return &row.spec;
  }
  return nullptr;
}

std::string pretokenizer_names() {
  std::string names;
  for (const Row& row : kRows) {
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names;
}

}  // namespace ingot::core
