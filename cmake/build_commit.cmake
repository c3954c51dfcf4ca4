# Writes the commit of the sources into a header; run at every build, since a configure step would keep an old one.
# A file that would not change is not touched, so nothing is compiled again.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --exclude=* --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#define INGOT_BUILD_COMMIT \"@commit@\"\n" @ONLY)
