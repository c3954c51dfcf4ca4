#include "base/cpu_features.h"
#include <cstdio>
int main() { std::printf("%s\n", ingot::core::cpu_features().brand.c_str()); }
