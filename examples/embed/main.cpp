// A program with a language model in it: embed MODEL PROMPT
#include <ingot/ingot.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3 || !ingot::check_version()) return 2;
  auto model = ingot::Model::open(argv[1]);
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  auto prompt = model->tokenizer().tokenize(argv[2]);
  if (!prompt) return std::fprintf(stderr, "%s\n", prompt.error().message.c_str()), 1;
  const ingot::SamplingOptions greedy = {.temperature = 0};
  const auto print = [](std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  };
  auto result = model->new_sequence().generate(*prompt, {.max_tokens = 32, .sampling = greedy, .on_text = print});
  return result ? 0 : (std::fprintf(stderr, "%s\n", result.error().message.c_str()), 1);
}
