// ingot: language models on the machine at hand. The whole interface; nothing outside include/ingot is a promise.
//
//   auto model = ingot::Model::open("model.gguf");
//   if (!model) return fail(model.error().message);
//   auto sequence = model->new_sequence();
//   auto prompt = model->tokenizer().tokenize("Once upon a time");
//   auto result = sequence.generate(*prompt, {.max_tokens = 64, .on_text = print});
//
// Only standard types cross this interface, handles are opaque, errors are values, nothing throws. What the callbacks
// of a program throw must not leave them.
//
// Threads: Model and Tokenizer may be shared by any number of threads. A Sequence belongs to one thread at a time;
// CancelToken::cancel() may be called from anywhere, signal handlers included. Callbacks run on the calling thread.
#pragma once

#include "ingot/catalog.h"
#include "ingot/chat.h"
#include "ingot/chat_output.h"
#include "ingot/conversation.h"
#include "ingot/convert.h"
#include "ingot/embedding.h"
#include "ingot/expected.h"
#include "ingot/grammar.h"
#include "ingot/inspect.h"
#include "ingot/model.h"
#include "ingot/perplexity.h"
#include "ingot/prefill.h"
#include "ingot/profile.h"
#include "ingot/sampling.h"
#include "ingot/sequence.h"
#include "ingot/tokenizer.h"
#include "ingot/types.h"
#include "ingot/version.h"
