// What /set shows and changes: the flags of sampling, and a few of the chat's own.
#pragma once

#include <string>

#include "cli/chat/chat_session.h"

namespace ingot::cli {

// argument: "", which shows all; or "NAME VALUE", with the names of the flags and their ranges. Gives what to show.
// Errors change nothing.
Expected<std::string> change_setting(const std::string& argument, ChatSettings& settings);

}  // namespace ingot::cli
